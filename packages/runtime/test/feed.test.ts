// Events newest first:
// - those before an event, or before the end of the log; none that came after the feed was opened
// - before the first event, or before 0, there is none
// - no more are read at once than are wanted and one, and never more than a hundred: events may be large
import { Orchestrator } from '@agent-orchestrator/core';
import { openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { expect, test } from 'vitest';
import { EventFeed, newCommandId, newSeed } from '../src/index.ts';

/** Each task has an event, and its session another. */
const TASKS = 300;

/** Says how many events were asked for at once. */
class Watched extends Orchestrator {
  readonly limits: (number | undefined)[] = [];

  override listEvents(filter: Parameters<Orchestrator['listEvents']>[0]): ReturnType<Orchestrator['listEvents']> {
    this.limits.push(filter?.limit);
    return super.listEvents(filter);
  }
}

async function store(): Promise<Watched> {
  const orchestrator = new Watched({ storage: openMemoryStorage(), newCommandId, newSeed });
  await orchestrator.enqueueTasks(Array.from({ length: TASKS }, () => ({})));
  return orchestrator;
}

async function idsBefore(feed: EventFeed, before: number | true, wanted: number): Promise<number[]> {
  const ids: number[] = [];
  for await (const { id } of feed.backwards(before, wanted)) {
    ids.push(id);
    if (ids.length === wanted) break;
  }
  return ids;
}

test.each([
  [true, [600, 599]],
  [3, [2, 1]],
  [2, [1]],
  [1, []],
  [0, []],
] as const)('before %s', async (before, expected) => {
  const feed = await EventFeed.open(await store(), {}, 0);

  expect(await idsBefore(feed, before, 2)).toEqual(expected);
});

test('none that came after the feed was opened', async () => {
  const orchestrator = await store();
  const feed = await EventFeed.open(orchestrator, {}, 0);
  await orchestrator.enqueueTask({});

  expect(await idsBefore(feed, 10_000, 1)).toEqual([600]);
  expect(await idsBefore(feed, true, 1)).toEqual([600]);
});

test.each([
  [5, [6]],
  [99, [100]],
  [250, [100, 100, 51]],
  [10_000, [100, 100, 100, 100, 100, 100]],
])('for the last %i events it reads %j', async (wanted, limits) => {
  const orchestrator = await store();
  const { start } = await EventFeed.open(orchestrator, {}, wanted);
  const asked = orchestrator.limits.splice(0);
  const feed = await EventFeed.open(orchestrator, {}, 0);
  await idsBefore(feed, true, wanted);

  expect(start).toBe(Math.max(0, 600 - wanted));
  expect([asked, orchestrator.limits]).toEqual([limits, limits]);
});
