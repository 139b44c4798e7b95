import type { Orchestrator, RowStore, StoreState } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter, type Promised } from '../chapter.ts';
import { claimCall, holderOf, inventedToken } from '../factories.ts';
import { allRows } from '../rows/copy.ts';
import { ADDRESS, bringTo, OTHER_MOVE, PATHS, stateOf, stateOrOpen, type StoreStatus } from '../rows/states.ts';
import { thrownBy } from '../thrown.ts';
import type { World } from '../world.ts';

/** Which states may follow which. What is not here is refused. */
const FOLLOWERS: Readonly<Record<keyof typeof PATHS, readonly StoreStatus[]>> = {
  open: ['moving', 'filling'],
  moving: ['moved', 'open'],
  moved: ['open'],
  filling: ['closing_leases', 'abandoned', 'open'],
  closing_leases: ['open'],
  abandoned: [],
};

/** How units of work are refused. */
const REFUSALS = {
  moving: 'STORE_MOVED',
  moved: 'STORE_MOVED',
  filling: 'STORE_INCOMPLETE',
  closing_leases: 'STORE_INCOMPLETE',
  abandoned: 'STORE_INCOMPLETE',
} as const;

const STATUSES = Object.keys(PATHS) as (keyof typeof PATHS)[];

export const storeStates = chapter(
  'states of a store',
  {
    'a new store is open, and every connection sees the state that it comes to': seen,
    ...Object.fromEntries(
      STATUSES.map((from) => [`from ${from} a store comes to no state but ${listOf(FOLLOWERS[from])}`, follows(from)]),
    ),
    'a state changes only in place of the one that is expected': expected,
    'of two changes at once one succeeds': atOnce,
    'only a store without rows can become one that is filled': onlyEmpty,
    ...Object.fromEntries(
      Object.entries(REFUSALS).map(([status, code]) => [
        `while a store is ${status}, every unit of work is refused as ${code} and changes nothing`,
        refuses(status as keyof typeof REFUSALS),
      ]),
    ),
    'a store that moves or has moved can be read, by itself and by its rows': readable,
    'open again, it works on': openAgain,
    'once the state has changed, no unit of work that began before is under way': noneUnderWay,
  },
  { needs: 'rows', timeoutMs: 60_000 },
);

function listOf(statuses: readonly StoreStatus[]): string {
  return statuses.length === 0 ? 'itself' : statuses.join(', ');
}

function fiveTimes<T>(value: T): T[] {
  return Array.from({ length: 5 }, () => value);
}

async function seen(world: World): Promise<void> {
  const rows = await world.rows();
  const states = async () => [
    await rows.storeState(),
    await world.storage.read.storeState(),
    await world.peer.read.storeState(),
    await world.rival.storeState(),
    await world.peer.read.snapshot((reader) => reader.storeState()),
  ];

  const open = await states();
  await rows.changeStoreState(null, stateOf('moving'));
  const moving = await states();
  await rows.changeStoreState(stateOf('moving'), null);

  expect(open).toEqual(fiveTimes(null));
  expect(moving).toEqual(fiveTimes(stateOf('moving')));
  expect(await states()).toEqual(fiveTimes(null));
}

function follows(from: keyof typeof PATHS): Promised {
  const all: readonly StoreStatus[] = [...STATUSES, 'backup'];
  const others = all.filter((status) => !FOLLOWERS[from].includes(status));
  return async (world) => {
    const rows = await world.rows();
    await bringTo(rows, from);

    const codes = [];
    for (const to of others)
      codes.push((await thrownBy(rows.changeStoreState(stateOrOpen(from), stateOrOpen(to)))).code);

    expect(codes).toEqual(others.map(() => 'INTERNAL'));
    expect(await rows.storeState()).toEqual(stateOrOpen(from));
    for (const to of FOLLOWERS[from]) {
      const other = await world.rows(await world.other());
      await bringTo(other, from);
      await other.changeStoreState(stateOrOpen(from), stateOrOpen(to));
      expect(await other.storeState()).toEqual(stateOrOpen(to));
    }
    await leave(world, rows, from);
  };
}

/** Opens the store again, if that can be: what a store must not be read in is no state for the end of a case. */
async function leave(world: World, rows: RowStore, status: keyof typeof PATHS): Promise<void> {
  if (FOLLOWERS[status].includes('open')) await rows.changeStoreState(stateOf(status as StoreState['status']), null);
  else if (status !== 'open') world.ref = (await world.other()).storage;
}

async function expected(world: World): Promise<void> {
  const rows = await world.rows();
  const moving = stateOf('moving');
  const before = await thrownBy(rows.changeStoreState(moving, stateOf('moved')));
  await rows.changeStoreState(null, moving);

  const errors = [
    await thrownBy(rows.changeStoreState(null, stateOf('filling'))),
    await thrownBy(rows.changeStoreState(stateOf('moving', OTHER_MOVE), null)),
    await thrownBy(rows.changeStoreState({ ...moving, at: moving.at + 1 }, null)),
    await thrownBy(rows.changeStoreState({ ...moving, address: 'elsewhere:/other' }, null)),
    await thrownBy(rows.changeStoreState(stateOf('moved'), null)),
  ];

  expect([before, ...errors].map(({ code }) => code)).toEqual(Array.from({ length: 6 }, () => 'STORE_BUSY'));
  expect(await rows.storeState()).toEqual(moving);
  await rows.changeStoreState(moving, null);
}

async function atOnce(world: World): Promise<void> {
  const [one, other] = [await world.rows(), await world.rows()];

  for (let round = 0; round < 5; round += 1) {
    const mine = stateOf('moving');
    const theirs = stateOf('moving', OTHER_MOVE);
    const outcomes = await Promise.allSettled([one.changeStoreState(null, mine), other.changeStoreState(null, theirs)]);
    const won = outcomes.map(({ status }) => status === 'fulfilled');
    const refusal = outcomes.find((outcome) => outcome.status === 'rejected');

    expect(won.filter(Boolean)).toHaveLength(1);
    expect(refusal?.reason).toMatchObject({ code: 'STORE_BUSY' });
    const now = won[0] ? mine : theirs;
    expect(await other.storeState()).toEqual(now);
    await one.changeStoreState(now, null);
  }
}

async function onlyEmpty(world: World): Promise<void> {
  const rows = await world.rows();
  await world.add();

  const error = await world.changesNothing(() => thrownBy(rows.changeStoreState(null, stateOf('filling'))));

  expect(error).toMatchObject({ code: 'STORE_NOT_EMPTY' });
  expect(await rows.storeState()).toBeNull();
  expect(await world.rival.enqueueTask({})).toMatchObject({ ok: true });
}

/** One call of each kind, as a process sends them that does not know of the state. */
function callsOf(orchestrator: Orchestrator, token: string): readonly (() => Promise<unknown>)[] {
  return [
    () => orchestrator.claimTask(claimCall({ kinds: ['none'] })),
    () => orchestrator.claimTask(claimCall()),
    () => orchestrator.claimTask(claimCall({ sessionId: 'branch' })),
    () => orchestrator.heartbeat({ token }),
    () => orchestrator.checkpoint({ token, nextAction: 'late' }),
    () => orchestrator.releaseTask({ token, outcome: 'succeeded' }),
    () => orchestrator.enqueueTask({}),
    () => orchestrator.enqueueTask({ sessionId: 'branch' }),
    () => orchestrator.staleRecovery({}),
    () => orchestrator.cancelTask({ taskId: 'waits' }),
    () => orchestrator.retryTask({ taskId: 'waits' }),
    () => orchestrator.closeSession({ sessionId: 'branch', cancelTasks: true }),
  ];
}

function refuses(status: keyof typeof REFUSALS): Promised {
  return async (world) => {
    const rows = await world.rows();
    const token = PATHS[status][0] === 'moving' ? await worked(world) : inventedToken(1);
    // Both find nothing, so that the next look of these connections may be one without a lock.
    for (const orchestrator of [world.orchestrator, world.rival])
      await orchestrator.claimTask(claimCall({ kinds: ['none'] }));
    await bringTo(rows, status);
    const before = await allRows(rows);

    const errors = [];
    for (const call of [...callsOf(world.orchestrator, token), ...callsOf(world.rival, token)])
      errors.push(await thrownBy(call()));

    expect(errors.map(({ code }) => code)).toEqual(errors.map(() => REFUSALS[status]));
    if (REFUSALS[status] === 'STORE_MOVED') for (const { message } of errors) expect(message).toContain(ADDRESS);
    expect(await allRows(rows)).toEqual(before);
    await leave(world, rows, status);
  };
}

/** Given: a lease, tasks that wait, and a stale session. */
async function worked(world: World): Promise<string> {
  await world.add({ id: 'waits' });
  const held = await world.claimNew({ sessionId: 'branch' });
  await world.claimNew({}, { ttlMs: 1_000, staleAfterMs: 1_000 });
  world.clock.advance(2_000);
  return held.lease.token;
}

async function readable(world: World): Promise<void> {
  const rows = await world.rows();
  await worked(world);
  const before = { read: await world.everything(), rows: await allRows(rows) };

  for (const status of ['moving', 'moved'] as const) {
    await rows.changeStoreState(status === 'moving' ? null : stateOf('moving'), stateOf(status));
    const events = await world.rival.listEvents({ limit: 500 });

    expect(await world.everything()).toEqual(before.read);
    expect(await allRows(rows)).toEqual(before.rows);
    expect(events.items).toHaveLength(before.read.events.length);
    expect(await world.rival.getTask('waits')).toMatchObject({ status: 'queued' });
    expect(await world.rival.verify()).toMatchObject({ ok: true });
  }
}

async function openAgain(world: World): Promise<void> {
  const rows = await world.rows();
  const token = await worked(world);
  await bringTo(rows, 'moved');
  await thrownBy(world.orchestrator.heartbeat({ token }));
  const states: (StoreState | null)[] = [await rows.storeState()];

  await rows.changeStoreState(stateOf('moved'), null);

  states.push(await rows.storeState());
  expect(states).toEqual([stateOf('moved'), null]);
  expect(await world.orchestrator.heartbeat({ token })).toMatchObject({ ok: true });
  expect(await world.orchestrator.claimTask(claimCall())).toMatchObject({ ok: true });
  expect(await world.rival.claimTask(claimCall())).toMatchObject({ ok: true });
}

async function noneUnderWay(world: World): Promise<void> {
  const rows = await world.rows();
  const moving = stateOf('moving');
  for (let round = 0; round < 5; round += 1) {
    const claim = await world.claimNew();
    const work = Array.from({ length: 30 }, (_, at) =>
      (at % 2 === 0 ? world.orchestrator : world.rival).enqueueTasks([{}, { sessionId: `s-${at % 5}` }]),
    );
    const beats = [world.orchestrator.heartbeat(holderOf(claim)), world.rival.checkpoint(holderOf(claim))];

    const answered = Promise.allSettled([...work, ...beats]);
    await rows.changeStoreState(null, moving);
    const then = await allRows(rows);
    const outcomes = await answered;

    expect(await allRows(rows)).toEqual(then);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'STORE_MOVED' });
    await rows.changeStoreState(moving, null);
  }
}
