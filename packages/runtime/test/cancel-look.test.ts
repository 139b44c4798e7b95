/*
 * Looking whether cancellation of a task was requested:
 *  - it looks after a change, at most once a second, however many changes there are; without a change it does not
 *  - without a watch of the store it looks each second
 *  - a change during a look is followed by another, and there are never two at once
 *  - one look reads all tasks, one after another, but none whose holder knows already
 *  - a task that cannot be read is read again a second later, and does not keep the look from the others
 *  - an outage is nothing; after the end it looks no more, and calls off the look under way
 *  - a keeper that is told renews at once, and again if the answer on its way is older
 *  - a worker's handler is aborted within a second, on a real file
 */
import type { TaskRecord } from '@agent-orchestrator/core';
import { openOrchestrator } from '../src/index.ts';
import { CancelLook } from '../src/work/cancel-look.ts';
import { createWorker } from '../src/index.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FakeTime } from './support/fake-time.ts';
import { hold } from './support/held-lease.ts';

interface Asked {
  readonly held?: readonly string[];
  readonly repeat?: boolean;
  /** When cancellation was requested, of one look after another. */
  readonly answers?: ((signal: AbortSignal | undefined) => Promise<number | null>)[];
}

function looking({ held = ['t'], repeat = false, answers = [] }: Asked = {}) {
  const time = new FakeTime();
  const begun = time.read().steady;
  const looks: [at: number, taskId: string][] = [];
  const told: string[] = [];
  const tasks = held.map((taskId) => {
    const keeper = { cancelRequested: false, renewNow: () => (keeper.cancelRequested = told.push(taskId) > 0) };
    return { taskId, keeper };
  });
  const look = new CancelLook({
    held: () => tasks,
    repeat,
    time,
    orchestrator: {
      async getTask(taskId, _namespace, { signal } = {}) {
        looks.push([time.read().steady - begun, taskId]);
        const cancelRequestedAt = await (answers.shift() ?? (async () => null))(signal);
        return { cancelRequestedAt } as TaskRecord;
      },
    },
  });
  onTestFinished(() => look[Symbol.dispose]());
  return { time, look, looks, told };
}

test('it looks after changes, at most once a second', async () => {
  const { time, look, looks } = looking();

  await time.advance(2_000);
  for (let at = 0; at < 20; at += 1) {
    look.changed();
    await time.advance(100);
  }

  expect(looks.map(([at]) => at)).toEqual([2_000, 3_000, 4_000]);
});

test('without a watch it looks each second', async () => {
  const { time, look, looks } = looking({ repeat: true });

  await time.advance(3_500);
  look[Symbol.dispose]();
  await time.advance(5_000);

  expect(looks.map(([at]) => at)).toEqual([1_000, 2_000, 3_000]);
});

test('work that is shorter than the pause is never looked at', async () => {
  const { time, look, looks } = looking();

  look.changed();
  await time.advance(900);
  look[Symbol.dispose]();
  await time.advance(1_000);

  expect(looks).toEqual([]);
});

test('a change during a look is followed by another, not before the first is answered, and it tells once', async () => {
  const first = Promise.withResolvers<number | null>();
  const { time, look, looks, told } = looking({ answers: [() => first.promise, async () => 7] });
  look.changed();
  await time.advance(1_000);
  look.changed();
  await time.advance(2_500);
  expect(looks).toHaveLength(1);
  first.resolve(null);

  await time.advance(100);
  look.changed();
  await time.advance(5_000);

  expect([looks.map(([at]) => at), told]).toEqual([[1_000, 3_500], ['t']]);
});

test('one look reads the tasks one after another, and none that is told', async () => {
  const first = Promise.withResolvers<number | null>();
  const { time, look, looks, told } = looking({ held: ['t', 'u'], answers: [() => first.promise, async () => null] });
  look.changed();
  await time.advance(1_000);
  expect(looks).toEqual([[1_000, 't']]);
  first.resolve(7);
  await time.advance(0);

  look.changed();
  await time.advance(1_000);

  expect(looks).toEqual([
    [1_000, 't'],
    [1_000, 'u'],
    [2_000, 'u'],
  ]);
  expect(told).toEqual(['t']);
});

test.for([1, 2])('%i tasks that cannot be read keep nothing from the others, and are read again', async (failing) => {
  const away = Array.from({ length: failing }, () => () => Promise.reject(new Error('away')));
  const { time, look, looks, told } = looking({ held: ['t', 'u', 'v'], answers: [...away, async () => 7] });
  look.changed();

  await time.advance(1_000);
  expect([looks.map(([, taskId]) => taskId), told]).toEqual([['t', 'u', 'v'], [['u', 'v'][failing - 1]]]);
  await time.advance(1_000);
  await time.advance(5_000);

  const unread = ['t', 'u', 'v'].filter((taskId) => !told.includes(taskId));
  expect(looks.slice(3)).toEqual(unread.map((taskId) => [2_000, taskId]));
});

test('the end calls off the look under way, and the tasks that are left are not read', async () => {
  const calledOff = Promise.withResolvers<void>();
  const { time, look, looks } = looking({
    held: ['t', 'u'],
    answers: [
      (signal) =>
        new Promise((_, reject) => {
          signal?.addEventListener('abort', () => {
            calledOff.resolve();
            reject(signal.reason as Error);
          });
        }),
    ],
  });
  look.changed();
  await time.advance(1_000);

  look[Symbol.dispose]();

  await calledOff.promise;
  await time.advance(5_000);
  expect(looks).toEqual([[1_000, 't']]);
});

test('an outage is nothing', async () => {
  const { time, look, looks, told } = looking({
    answers: [() => Promise.reject(new Error('away')), async () => 7],
  });
  look.changed();
  await time.advance(1_000);

  look.changed();
  await time.advance(1_000);

  expect([looks.map(([at]) => at), told]).toEqual([[1_000, 2_000], ['t']]);
});

test('a keeper that is told renews at once, and again if the answer on its way is older', async () => {
  const { time, orchestrator, lease, line, keeper, told } = await hold();
  await time.advance(1_000);
  line.delayMs = 100;
  keeper.renewNow();
  await time.advance(50);

  await orchestrator.cancelTask({ taskId: (await orchestrator.listTasks()).items[0]?.id ?? '' });
  keeper.renewNow();
  await time.advance(500);

  expect(line.sentAt).toEqual([1_000, 1_100]);
  expect(told()).toContain('cancel_requested');
  expect(lease.ttlMs).toBeGreaterThan(4 * 1_100);
});

test('a handler is aborted within a second, on a real file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cancel-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const url = `sqlite:${join(folder, 'store.db')}`;
  await using orchestrator = await openOrchestrator(url);
  await using operator = await openOrchestrator(url);
  const { id } = (await orchestrator.enqueueTask({})).task;
  const begun = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<number>();
  await using worker = createWorker({
    orchestrator,
    agent: 'a',
    ttlMs: 3_600_000,
    handler: async ({ signal }) => {
      begun.resolve();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      aborted.resolve(performance.now());
    },
  });
  await begun.promise;

  const cancelledAt = performance.now();
  await operator.cancelTask({ taskId: id });

  // On a machine that is busy with other tests, this is late. The heartbeat comes after 15 minutes.
  expect((await aborted.promise) - cancelledAt).toBeLessThan(5_000);
  await worker.stop();
});
