/*
 * Looking whether cancellation of a task was requested:
 *  - it looks after a change, at most twice a second, however many changes there are; without a change it does not look
 *  - a change during a look is followed by another
 *  - it tells once, and then looks no more
 *  - an outage is nothing; after the end it looks no more
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

function looking(answers: (() => Promise<number | null>)[]) {
  const time = new FakeTime();
  const begun = time.read().steady;
  const lookedAt: number[] = [];
  let told = 0;
  const look = new CancelLook({
    taskId: 't',
    time,
    onRequested: () => (told += 1),
    orchestrator: {
      async getTask() {
        lookedAt.push(time.read().steady - begun);
        const cancelRequestedAt = await (answers.shift() ?? (async () => null))();
        return { cancelRequestedAt } as TaskRecord;
      },
    },
  });
  return { time, look, lookedAt, told: () => told };
}

test('it looks after changes, at most twice a second', async () => {
  const { time, look, lookedAt } = looking([]);

  await time.advance(2_000);
  for (let at = 0; at < 20; at += 1) {
    look.changed();
    await time.advance(100);
  }

  expect(lookedAt).toEqual([2_000, 2_500, 3_000, 3_500, 4_000]);
});

test('work that is shorter than the pause is never looked at', async () => {
  const { time, look, lookedAt } = looking([]);

  look.changed();
  await time.advance(400);
  look[Symbol.dispose]();
  await time.advance(1_000);

  expect(lookedAt).toEqual([]);
});

test('a change during a look is followed by another, and it tells once', async () => {
  const first = Promise.withResolvers<number | null>();
  const { time, look, lookedAt, told } = looking([() => first.promise, async () => 7]);
  look.changed();
  await time.advance(500);
  look.changed();
  first.resolve(null);

  await time.advance(500);
  look.changed();
  await time.advance(5_000);

  expect([lookedAt, told()]).toEqual([[500, 1_000], 1]);
});

test('an outage is nothing', async () => {
  const { time, look, lookedAt, told } = looking([() => Promise.reject(new Error('away')), async () => 7]);
  look.changed();
  await time.advance(500);

  look.changed();
  await time.advance(500);

  expect([lookedAt, told()]).toEqual([[500, 1_000], 1]);
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
