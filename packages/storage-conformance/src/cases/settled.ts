import { DEFAULTS, type EventFilter, type Orchestrator } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { allPages } from '../everything.ts';
import { claimCall, holderOf } from '../factories.ts';
import { checkpointAll, named } from '../port.ts';
import type { World } from '../world.ts';

export const settledReads = chapter(
  'reads: what is settled',
  {
    'the settled event id covers every event that a read can see': coversAll,
    'it is the id of an event that exists, also after units of work that were undone': exists,
    'a snapshot has one of its own, which does not move': inSnapshot,
    'a list of events never goes beyond its bound, whatever else it is filtered by': neverBeyond,
    'the pages of one bound tell of one moment, whatever is written meanwhile': onePicture,
    'what listEvents tells goes as far as it says, and no bound takes it further': asFarAsItSays,
    'a follower that goes by the settled id sees every event once and in order, while both connections write': follower,
    'a follower that pages with its cursor sees every event once and in order, however late large writes commit':
      lateCommits,
  },
  { timeoutMs: 120_000 },
);

const { namespace } = DEFAULTS;

async function coversAll(world: World): Promise<void> {
  const { read } = world.peer;
  const ids = [await read.settledEventId()];
  for (let round = 0; round < 3; round += 1) {
    const claim = await world.claimNew();
    await world.release(claim);
    ids.push(await read.settledEventId());
    // Within a session no bound is needed: so this tells what can be seen, settled or not.
    const { items } = await read.events({ namespace, sessionId: claim.lease.sessionId, limit: 100 });
    expect(items).toHaveLength(5);
    expect(ids.at(-1)).toBeGreaterThanOrEqual(items.at(-1)?.id ?? 0);
  }

  expect(new Set(ids).size).toBe(4);
  expect(ids).toEqual(ids.toSorted((a, b) => a - b));
}

async function exists(world: World): Promise<void> {
  const none = await world.peer.read.settledEventId();
  for (const sessionId of ['a', 'b']) await world.claimNew({ sessionId });
  for (let round = 0; round < 3; round += 1) {
    // Its second event has a number that is taken: ids may have been drawn for both of them by then.
    const undone = world.storage.transact(named('a', 'b'), (loaded) => {
      const { events, ...rest } = checkpointAll(loaded);
      return { ...rest, events: events.map((event, at) => (at === 1 ? { ...event, seq: 1 } : event)) };
    });
    await expect(undone).rejects.toBeInstanceOf(Error);

    const settled = await world.peer.read.settledEventId();
    const { events } = await world.everything();
    expect(settled).toBe(events.at(-1)?.id);
    await world.add();
  }

  expect(none).toBe(0);
}

async function inSnapshot(world: World): Promise<void> {
  await world.add();
  const before = await world.everything();

  const seen = await world.peer.read.snapshot(async (reader) => {
    const first = await reader.settledEventId();
    await world.release(await world.claimNew());
    const { items } = await reader.events({ namespace, limit: 100, upTo: Number.MAX_SAFE_INTEGER });
    return { first, second: await reader.settledEventId(), ids: items.map(({ id }) => id) };
  });

  expect(seen.first).toBe(before.events.at(-1)?.id);
  expect(seen.second).toBe(seen.first);
  expect(seen.ids).toEqual(before.events.map(({ id }) => id));
  expect(await world.peer.read.settledEventId()).toBeGreaterThan(seen.first);
}

async function neverBeyond(world: World): Promise<void> {
  const claim = await world.claimNew({ sessionId: 'branch' });
  await world.orchestrator.checkpoint(holderOf(claim));
  await world.release(claim);
  await world.release(await world.claimNew({ sessionId: 'branch' }));
  const { events } = await world.everything();
  const { sessionId } = claim.lease;
  const filters: readonly Omit<EventFilter, 'namespace' | 'limit' | 'upTo' | 'after'>[] = [
    {},
    { sessionId },
    { taskId: claim.task.id },
    { types: ['task.claimed', 'task.succeeded'] },
    { leaseEffect: 'ended' },
    { sessionId, types: ['task.queued'] },
  ];

  for (const filter of filters) {
    const all = await world.peer.read.events({ namespace, limit: 100, upTo: events.at(-1)?.id ?? 0, ...filter });
    for (const { id: upTo } of events) {
      const pages = await allPages((page) => world.peer.read.events({ namespace, upTo, ...filter, ...page }), 2);
      expect(pages, `${JSON.stringify(filter)} up to ${upTo}`).toEqual(all.items.filter(({ id }) => id <= upTo));
    }
  }
}

async function onePicture(world: World): Promise<void> {
  await world.orchestrator.enqueueTasks(Array.from({ length: 10 }, () => ({})));
  const whole = (await world.everything()).events.map(({ id }) => id);
  const first = await world.rival.listEvents({ limit: 7 });
  const seen = first.items.map(({ id }) => id);

  for (let cursor = first.next; cursor !== null;) {
    await world.release(await world.claim());
    const page = await world.rival.listEvents({ limit: 7, after: cursor, upTo: first.asOf });
    expect(page.asOf).toBe(first.asOf);
    seen.push(...page.items.map(({ id }) => id));
    cursor = page.next;
  }

  expect(seen).toEqual(whole);
  expect((await world.everything()).events.length).toBeGreaterThan(whole.length);
}

async function asFarAsItSays(world: World): Promise<void> {
  await world.claimNew({ sessionId: 'branch' });
  const last = (await world.everything()).events.at(-1)?.id ?? 0;

  const lists = [
    await world.rival.listEvents(),
    await world.rival.listEvents({ sessionId: 'branch' }),
    await world.rival.listEvents({ upTo: last + 1_000_000 }),
  ];
  const lower = await world.rival.listEvents({ upTo: last - 1 });
  const empty = await world.rival.listEvents({ upTo: 0 });

  for (const { asOf, items } of lists) expect([asOf, items.at(-1)?.id]).toEqual([last, last]);
  expect([lower.asOf, lower.items.at(-1)?.id]).toEqual([last - 1, last - 1]);
  expect([empty.asOf, empty.items]).toEqual([0, []]);
}

async function follower(world: World): Promise<void> {
  const seen: number[] = [];
  const follow = async () => {
    const upTo = await world.peer.read.settledEventId();
    const after = String(seen.at(-1) ?? 0);
    const { items } = await world.peer.read.events({ namespace, limit: 500, after, upTo });
    seen.push(...items.map(({ id }) => id));
  };

  let following = Promise.resolve();
  const writing = Array.from({ length: 30 }, async (_, at) => {
    const orchestrator = at % 2 === 0 ? world.orchestrator : world.rival;
    await orchestrator.enqueueTask({});
    following = following.then(follow);
    const claim = await orchestrator.claimTask(claimCall());
    if (claim.ok) await orchestrator.releaseTask({ ...holderOf(claim), outcome: 'succeeded' });
  });
  await Promise.all(writing);
  await following.then(follow);

  expect(seen).toEqual((await world.everything()).events.map(({ id }) => id));
}

/** Tasks of one batch: enough that small writes commit between its first event id and its commit, where they can. */
const BATCH = 300;
const BATCHES = 6;

async function lateCommits(world: World): Promise<void> {
  const work = { done: false, ended: false };
  const large = writeLargely(world).finally(() => {
    work.done = true;
  });
  const writing = Promise.all([large, writeOften(world, work)]).finally(() => {
    work.ended = true;
  });

  const [seen, alsoSeen] = await Promise.all([
    followWhile(world.rival, work),
    followWhile(world.orchestrator, work),
    writing,
  ]);

  const { events } = await world.everything();
  const ids = events.map(({ id }) => id);
  expect(ids.length).toBeGreaterThan(BATCH * BATCHES * 2);
  expect([seen, alsoSeen]).toEqual([ids, ids]);
}

/** As any reader of the log does it: page by page, the cursor at the last event that was seen. */
async function followWhile(reads: Orchestrator, work: { readonly ended: boolean }): Promise<number[]> {
  const seen: number[] = [];
  for (;;) {
    const { ended } = work;
    const { items, asOf } = await reads.listEvents({ limit: 500, after: String(seen.at(-1) ?? 0) });
    seen.push(...items.map(({ id }) => id));
    expect(seen.at(-1) ?? 0).toBeLessThanOrEqual(asOf);
    if (ended && items.length === 0 && (await reads.asOf()) === seen.at(-1)) return seen;
    await nextTurn();
  }
}

async function writeLargely({ orchestrator }: World): Promise<void> {
  for (let batch = 0; batch < BATCHES; batch += 1)
    await orchestrator.enqueueTasks(Array.from({ length: BATCH }, () => ({})));
}

async function writeOften({ rival }: World, work: { readonly done: boolean }): Promise<void> {
  while (!work.done) {
    await rival.enqueueTask({ sessionId: 'small' });
    await nextTurn();
  }
}

async function nextTurn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}
