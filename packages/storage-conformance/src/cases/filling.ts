import {
  fencesBeyond,
  keyOfRow,
  NO_CLOCK,
  Orchestrator,
  TABLE_NAMES,
  type ClaimRecord,
  type Row,
  type RowStore,
  type StoreState,
} from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { assertConsistent } from '../consistency.ts';
import { readAll } from '../everything.ts';
import { AGENT, claimCall, holderOf, OTHER_AGENT, TTL_MS } from '../factories.ts';
import { allRows, copyRows, rowsOf } from '../rows/copy.ts';
import { MOVE, OTHER_MOVE, stateOf } from '../rows/states.ts';
import type { Opened } from '../target.ts';
import { thrownBy } from '../thrown.ts';
import { claimed, type World } from '../world.ts';

export const filling = chapter(
  'filling a store with rows',
  {
    'rows copied page by page are unchanged, and they match the event log': copied,
    'in the copy holders continue with their tokens, repeated commands get the same answers, and heads are found':
      workContinues,
    'rows are added only after the greatest key': onlyAfterTheLast,
    'rows are added only in the named state': onlyInItsState,
    'a page is added as a whole or not at all': allOrNone,
    'a filling that was interrupted after any page continues after the greatest key': cutOff,
    'of two processes that fill one store, one adds each page': twoCopiers,
    'until it is open, a store can be used only by the move that fills it': usedByItsMove,
    'fences, event ids and numbers continue after the given ones and the existing ones': numbersContinue,
    'a clock jump in the copied state is processed before any lease is ended': jumpHandedOver,
    'where to continue is set only in the named state': continuedInItsState,
  },
  { needs: 'rows', timeoutMs: 60_000 },
);

/** What is in the store that is copied. */
interface Source {
  readonly held: ClaimRecord;
  readonly identity: ReturnType<World['newIdentity']>;
  readonly rows: RowStore;
}

/** Given: a store in which something of everything has happened. */
async function source(world: World): Promise<Source> {
  const identity = world.newIdentity();
  await world.addSession('회사-대화', [{ payload: { text: '한국어 🦀' } }, { delayMs: 60_000 }, { priority: 0 }]);
  await world.addSession('𠮷', [{}, { dedupeKey: 'once' }]);
  await world.addSession('ｱ', [{ attemptsMax: 1 }]);
  await world.orchestrator.enqueueTask({ namespace: 'other', assignee: AGENT });
  await world.orchestrator.registerAgent({ agent: AGENT, roles: ['검토'], machine: 'desk-1' });
  await world.orchestrator.registerAgent({ agent: 'former', human: true, namespace: 'other' });
  await world.orchestrator.retireAgent({ agent: 'former', namespace: 'other' });
  await world.orchestrator.setAgentPolicy({ agents: 'registered_only', namespace: 'other' });
  await world.release(await world.claim({ sessionId: 'ｱ' }), { outcome: 'failed', error: { message: 'no' } });
  await world.release(await world.claim({ sessionId: '𠮷' }), { result: [1, 'two', null] });
  const held = await world.claim({ sessionId: '회사-대화', instance: 'run-1', ...identity });
  await world.orchestrator.checkpoint({ ...holderOf(held), nextAction: 'continue', data: { at: 7 } });
  await world.orchestrator.heartbeat({ ...holderOf(held), progress: { done: 1 } });
  return { held, identity, rows: await world.rows() };
}

/** New data that a move fills. */
async function target(world: World): Promise<{ opened: Opened; rows: RowStore; state: StoreState }> {
  const opened = await world.other();
  const rows = await world.rows(opened);
  const state = stateOf('filling');
  await rows.changeStoreState(null, state);
  return { opened, rows, state };
}

/** Copies all rows, and sets where to continue, as every filling does before the store opens. */
async function fill(from: RowStore, to: RowStore, state: StoreState, limit?: number): Promise<void> {
  await copyRows(from, to, state, limit === undefined ? {} : { limit });
  await to.continueFrom(state, { clock: await from.clock(), lastEventId: await from.lastEventId() });
}

function orchestratorOn(world: World, { storage }: Opened): Orchestrator {
  return world.orchestratorOn(storage);
}

async function copied(world: World): Promise<void> {
  const from = await source(world);
  const { opened, rows, state } = await target(world);

  await fill(from.rows, rows, state, 2);
  const [there, here] = [await allRows(rows), await allRows(from.rows)];
  await rows.changeStoreState(state, null);

  expect(there).toEqual(here);
  expect(await readAll(opened.storage)).toEqual(await world.everything());
  expect(await readAll(opened.peer)).toEqual(await world.everything());
  await assertConsistent(opened.storage, opened.clock);
}

async function workContinues(world: World): Promise<void> {
  const { held, identity, rows: from } = await source(world);
  const { opened, rows, state } = await target(world);
  await fill(from, rows, state);
  await rows.changeStoreState(state, null);
  const there = orchestratorOn(world, opened);

  const beat = await there.heartbeat({ ...holderOf(held), instance: 'run-1' });
  const again = await there.claimTask(claimCall({ sessionId: '회사-대화', instance: 'run-1', ...identity }));
  const duplicate = await there.enqueueTask({ dedupeKey: 'once' });
  const head = claimed(await there.claimTask(claimCall()));
  const next = await there.releaseTask({ ...holderOf(held), outcome: 'succeeded', claimNext: { agent: AGENT } });

  expect(beat).toMatchObject({ ok: true, late: false });
  expect(again).toMatchObject({ ok: true, lease: held.lease, context: { nextAction: 'continue' } });
  expect(duplicate.outcome).toBe('duplicate');
  expect(head.task).toMatchObject({ sessionId: '𠮷', dedupeKey: 'once' });
  expect(next).toMatchObject({ ok: true, next: { task: { sessionId: '회사-대화' } } });
  await assertConsistent(opened.storage, opened.clock);
}

async function onlyAfterTheLast(world: World): Promise<void> {
  const from = await source(world);
  const { rows, state } = await target(world);
  const sessions = await rowsOf(from.rows, 'sessions');
  const [first, second, ...rest] = sessions as [Row, Row, ...Row[]];
  await rows.add(state, 'sessions', null, [first]);

  const errors = [
    await thrownBy(rows.add(state, 'sessions', null, [second])),
    await thrownBy(rows.add(state, 'sessions', keyOfRow('sessions', second), rest)),
    await thrownBy(rows.add(state, 'sessions', ['default', ''], [second])),
  ];

  expect(errors.map(({ code }) => code)).toEqual(['STORE_BUSY', 'STORE_BUSY', 'STORE_BUSY']);
  expect(await rowsOf(rows, 'sessions')).toEqual([first]);
  await rows.add(state, 'sessions', keyOfRow('sessions', first), [second, ...rest]);
  expect(await rowsOf(rows, 'sessions')).toEqual(sessions);
}

async function onlyInItsState(world: World): Promise<void> {
  const from = await source(world);
  const sessions = await rowsOf(from.rows, 'sessions');
  const { rows, state } = await target(world);
  const add = (to: RowStore, as: StoreState) => thrownBy(to.add(as, 'sessions', null, sessions));

  const errors = [
    await add(from.rows, state),
    await add(rows, stateOf('filling', OTHER_MOVE)),
    await add(rows, stateOf('closing_leases')),
    await add(rows, { ...state, address: 'elsewhere:/other' }),
  ];

  expect(errors.map(({ code }) => code)).toEqual(['STORE_BUSY', 'STORE_BUSY', 'STORE_BUSY', 'STORE_BUSY']);
  expect([await from.rows.count('sessions'), await rows.count('sessions')]).toEqual([sessions.length, 0]);
}

async function allOrNone(world: World): Promise<void> {
  const from = await source(world);
  const { rows, state } = await target(world);
  const sessions = await rowsOf(from.rows, 'sessions');
  const [first] = sessions as [Row, ...Row[]];

  await expect(rows.add(state, 'sessions', null, [...sessions, first])).rejects.toBeInstanceOf(Error);

  expect([await rows.count('sessions'), await rows.lastKey('sessions')]).toEqual([0, null]);
  await rows.add(state, 'sessions', null, sessions);
  expect(await rows.count('sessions')).toBe(sessions.length);
}

class CutOff extends Error {}

async function cutOff(world: World): Promise<void> {
  const from = await source(world);
  const { opened, rows, state } = await target(world);

  let cuts = 0;
  for (let done = false; !done;) {
    // Another process each time.
    const copier = await world.rows(opened);
    const onPage = () => {
      throw new CutOff('after one page');
    };
    done = await copyRows(from.rows, copier, state, { limit: 3, onPage }).then(
      () => true,
      (error: unknown) => {
        if (!(error instanceof CutOff)) throw error;
        cuts += 1;
        return false;
      },
    );
  }

  expect(cuts).toBeGreaterThan(TABLE_NAMES.length);
  expect(await allRows(rows)).toEqual(await allRows(from.rows));
}

async function twoCopiers(world: World): Promise<void> {
  const from = await source(world);
  const { opened, rows, state } = await target(world);
  const other = await world.rows(opened);

  for (const table of TABLE_NAMES)
    for (let last = await rows.lastKey(table); ;) {
      const page = await from.rows.rows(table, last, 2);
      const end = page.at(-1);
      if (end === undefined) break;
      const adding = [rows, other].map((copier) => copier.add(state, table, last, page));
      const both = await Promise.allSettled(adding);
      const refusals = both.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
      expect(refusals, `of two that add a page of ${table}`).toMatchObject([{ code: 'STORE_BUSY' }]);
      last = keyOfRow(table, end);
    }

  expect(await allRows(rows)).toEqual(await allRows(from.rows));
}

async function usedByItsMove(world: World): Promise<void> {
  const from = await source(world);
  const { opened, rows, state } = await target(world);
  await fill(from.rows, rows, state);
  const use = async (id: string) => {
    const storage = await world.target.rows?.openFilling(opened, id);
    if (storage === undefined) throw new Error('the target opens rows');
    world.closeLater(storage);
    return new Orchestrator({ storage, newCommandId: world.newCommandId, newSeed: world.newSeed }).enqueueTask({});
  };

  const refusals = [await thrownBy(use(OTHER_MOVE)), await thrownBy(orchestratorOn(world, opened).enqueueTask({}))];
  const enqueued = await use(MOVE);
  await rows.changeStoreState(state, stateOf('closing_leases'));
  const refusedStill = await thrownBy(orchestratorOn(world, opened).enqueueTask({}));
  const closing = await use(MOVE);

  expect([...refusals, refusedStill].map(({ code }) => code)).toEqual(
    Array.from({ length: 3 }, () => 'STORE_INCOMPLETE'),
  );
  expect([enqueued.outcome, closing.outcome]).toEqual(['enqueued', 'enqueued']);
  await rows.changeStoreState(stateOf('closing_leases'), null);
  expect(await orchestratorOn(world, opened).getTask(closing.task.id)).toMatchObject({ status: 'queued' });
}

async function numbersContinue(world: World): Promise<void> {
  const { held, rows: from } = await source(world);
  const { opened, rows, state } = await target(world);
  const before = await world.everything();
  const lastEventId = (before.events.at(-1)?.id ?? 0) + 1_000_000;
  const greatestFence = held.lease.fence + 3_600_000_000;
  await copyRows(from, rows, state);
  const clock = { ...NO_CLOCK, ...fencesBeyond(greatestFence, opened.clock.now) };
  await rows.continueFrom(state, { clock, lastEventId });
  const told = { clock: await rows.clock(), lastEventId: await rows.lastEventId() };
  await rows.changeStoreState(state, null);
  const settled = await opened.storage.read.settledEventId();

  const there = orchestratorOn(world, opened);
  const { task } = await there.enqueueTask({ sessionId: 'new', priority: 0 });
  const claim = claimed(await there.claimTask(claimCall({ sessionId: 'new' })));

  expect(told).toEqual({ clock, lastEventId });
  // It names an event that exists, not the id that the next one follows.
  expect(settled).toBe(before.events.at(-1)?.id);
  const after = await readAll(opened.peer);
  const added = after.events.slice(before.events.length);
  expect(added.length).toBeGreaterThan(0);
  expect(Math.min(...added.map(({ id }) => id))).toBeGreaterThan(lastEventId);
  expect(claim.lease.fence).toBeGreaterThan(greatestFence);
  const numbers = [...before.tasks, ...before.sessions.map(({ session }) => session)].map(({ number }) => number);
  expect(task.number).toBeGreaterThan(Math.max(...numbers));
  expect((await there.getSession('new'))?.number).toBeGreaterThan(Math.max(...numbers));
  await assertConsistent(opened.storage, opened.clock);
}

async function jumpHandedOver(world: World): Promise<void> {
  const { held, rows: from } = await source(world);
  const { opened, rows, state } = await target(world);
  await copyRows(from, rows, state);
  opened.clock.advance(TTL_MS * 10);
  const jump = { seenAt: opened.clock.now, byMs: TTL_MS, after: null };
  await rows.continueFrom(state, { clock: { last: null, jump }, lastEventId: await from.lastEventId() });
  await rows.changeStoreState(state, null);
  const there = orchestratorOn(world, opened);

  const { sessionId } = held.lease;
  const other = await there.claimTask(claimCall({ sessionId, agent: OTHER_AGENT }));
  const beat = await there.heartbeat(holderOf(held));

  expect(other).toMatchObject({ ok: false, reason: 'busy', until: opened.clock.now + TTL_MS });
  expect(beat).toMatchObject({ ok: true, late: false });
  expect((await there.listEvents({ types: ['clock.jumped'] })).items).toMatchObject([{ fence: held.lease.fence }]);
}

async function continuedInItsState(world: World): Promise<void> {
  const { rows, state } = await target(world);
  const from = { clock: { ...NO_CLOCK, fencesAfter: 7 }, lastEventId: 4_711 };

  const errors = [
    await thrownBy(rows.continueFrom(stateOf('filling', OTHER_MOVE), from)),
    await thrownBy(rows.continueFrom(stateOf('closing_leases'), from)),
  ];

  expect(errors.map(({ code }) => code)).toEqual(['STORE_BUSY', 'STORE_BUSY']);
  expect([await rows.clock(), await rows.lastEventId()]).toEqual([NO_CLOCK, 0]);
  await rows.continueFrom(state, from);
  expect([await rows.clock(), await rows.lastEventId()]).toEqual([from.clock, from.lastEventId]);
}
