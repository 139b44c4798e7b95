/*
 * How a worker does tasks:
 *  - a task is claimed, done, and released with what its handler returned
 *  - each kind has its handler, and other kinds are left alone
 *  - as many tasks at once as it was told, and no more
 *  - with the release of a task the next is taken in the same transaction
 *  - a busy worker recovers stale sessions all the same
 *  - the next holder gets the context of the last checkpoint
 *  - with resume, what an earlier run held is taken back first
 *  - commands that were on their way when the clock was set back are sent with new ids
 */
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { createWorker, type Orchestrator, type WorkerOptions } from '../src/index.ts';
import { settle } from './support/fake-time.ts';
import { open, waiting } from './support/worker.ts';

test('a task is claimed, done, and released with what its handler returned', async () => {
  const { start, add, orchestrator } = await open();
  await add('count', { payload: { to: 3 } });

  const { events } = start(({ task }) => ({ counted: task.payload }));
  await settle();

  expect(await orchestrator.getTask('count')).toMatchObject({
    status: 'succeeded',
    attempt: 1,
    result: { counted: { to: 3 } },
  });
  expect(events.filter(({ is }) => is !== 'lease')).toMatchObject([
    { is: 'claimed', claim: { task: { id: 'count' } } },
    { is: 'released', outcome: 'succeeded', status: 'succeeded' },
  ]);
});

test('each kind has its handler, and other kinds are left alone', async () => {
  const { time, orchestrator, statusOf, add } = await open();
  await add('sum', { kind: 'add', payload: { numbers: [1, 2] } });
  await add('greeting', { kind: 'greet', payload: { name: 'you' } });
  await add('other', { kind: 'paint' });
  const kinds = {
    add: { payload: z.object({ numbers: z.array(z.number()) }), result: z.object({ sum: z.number() }) },
    greet: { payload: z.object({ name: z.string() }), result: z.string() },
    paint: {},
  };
  const typed = orchestrator as unknown as Orchestrator<typeof kinds>;

  const worker = createWorker({
    orchestrator: typed,
    agent: 'a',
    time,
    newCommandId: time.newCommandId,
    handler: {
      add: ({ task }) => ({ sum: task.payload.numbers.reduce((sum, one) => sum + one, 0) }),
      greet: ({ task }) => `Hello, ${task.payload.name}`,
    },
  });
  onTestFinished(() => worker.stop());
  // @ts-expect-error: to add gives a sum.
  const mistaken: WorkerOptions<typeof kinds>['handler'] = { add: () => 'three' };
  await settle();

  expect(typeof mistaken).toBe('object');
  expect((await orchestrator.getTask('sum'))?.result).toEqual({ sum: 3 });
  expect((await orchestrator.getTask('greeting'))?.result).toBe('Hello, you');
  expect(await statusOf('other')).toBe('queued');
});

test('as many tasks at once as it was told, and no more', async () => {
  const { start, add } = await open();
  for (const id of ['1', '2', '3', '4', '5']) await add(id);
  const { handler, got, finish } = waiting();

  const { worker } = start(handler, { concurrency: 3 });
  await settle();
  expect(got).toHaveLength(3);
  expect(worker.busy).toBe(3);
  finish('done');
  await settle();

  expect(got).toHaveLength(5);
  expect(worker.busy).toBe(0);
});

test('with the release of a task the next is taken in the same transaction', async () => {
  const { start, add, orchestrator } = await open();
  for (const id of ['1', '2', '3']) await add(id);

  start(() => {});
  await settle();

  const { items } = await orchestrator.listEvents({ types: ['task.claimed', 'task.succeeded'] });
  const [, firstDone, second] = items;
  expect(items.map(({ type }) => type)).toEqual(
    Array.from({ length: 3 }, () => ['task.claimed', 'task.succeeded']).flat(),
  );
  expect(second?.commandId).toBe(firstDone?.commandId);
});

test('a busy worker recovers stale sessions all the same', async () => {
  const { time, start, add, orchestrator, statusOf } = await open();
  await add('abandoned', { kind: 'paint' });
  await orchestrator.claimTask({ agent: 'dead', ttlMs: 1_000, staleAfterMs: 1_000 });
  for (let n = 0; n < 30; n += 1) await add(`n${n}`);

  start(() => new Promise((done) => time.after(1_000, () => done(undefined))), { kinds: ['task'] });
  await time.advance(15_000);

  expect(await statusOf('abandoned')).toBe('queued');
});

test('the next holder gets the context of the last checkpoint', async () => {
  const { time, start, add } = await open();
  await add('count');
  const turns: unknown[] = [];

  start(async ({ context, checkpoint }) => {
    turns.push(context?.data ?? null);
    if (context === null) {
      await checkpoint({ nextAction: 'count on', data: { at: 1 } });
      throw new Error('not today');
    }
  });
  await time.advance(10_000);

  expect(turns).toEqual([null, { at: 1 }]);
});

test('with resume, what an earlier run held is taken back first', async () => {
  const { start, add, orchestrator } = await open();
  await add('held');
  await orchestrator.claimTask({ agent: 'a', instance: 'earlier' });
  await add('urgent', { priority: 0 });
  const takeovers: unknown[] = [];

  start(
    ({ takeover }) => {
      takeovers.push(takeover);
    },
    { resume: true },
  );
  await settle();

  expect(takeovers).toMatchObject([{ reason: 'resumed', from: { instance: 'earlier' } }, null]);
});

test('a release and a claim that were on their way when the clock was set back are sent with new ids', async () => {
  const { time, orchestrator, start, add, statusOf } = await open();
  const { handler, finish } = waiting();
  await add('a');
  const { worker } = start(handler);
  await time.advance(100);
  orchestrator.cut = true;
  finish('done');
  await time.advance(100);

  time.setWall(-2 * 3_600_000);
  orchestrator.cut = false;
  await time.advance(1_000);
  expect(await statusOf('a')).toBe('succeeded');

  orchestrator.cut = true;
  await time.advance(31_000);
  time.setWall(-2 * 3_600_000);
  orchestrator.cut = false;
  await add('b');
  await time.advance(31_000);
  expect(await statusOf('b')).toBe('succeeded');
  await worker.stop({ graceMs: 0 });
});

test('so is a checkpoint', async () => {
  const { time, orchestrator, start, add } = await open();
  const { handler, got, finish } = waiting();
  await add('a');
  start(handler);
  await time.advance(100);
  orchestrator.cut = true;
  const saved = got[0]?.checkpoint({ nextAction: 'continue' });
  await time.advance(100);

  time.setWall(-2 * 3_600_000);
  orchestrator.cut = false;
  await time.advance(1_000);

  expect(await saved).toEqual({ turn: 1 });
  finish('done');
  await time.advance(1_000);
});

test('so is a recovery of what a dead holder held', async () => {
  const { time, orchestrator, start, add, statusOf } = await open();
  await add('a');
  const process = { host: 'here', boot: 'boot-1', pid: 77, start: '9' };
  const claimed = await orchestrator.claimTask({ agent: 'dead', process });
  if (!claimed.ok) throw new Error('not claimed');
  const { sessionId, fence } = claimed.lease;
  const { host, boot, pid, start: processStart } = process;
  const evidence = [{ sessionId, fence, host, boot, pid, processStart, observed: 'it is gone' }];
  const { events } = start(() => {}, {
    findDead: async () => {
      const found = evidence.splice(0);
      // The recovery cannot reach the store at first.
      orchestrator.cut = found.length > 0;
      return found;
    },
  });
  await time.advance(2_000);
  expect(events).toContainEqual(expect.objectContaining({ is: 'outage' }));

  time.setWall(-2 * 3_600_000);
  orchestrator.cut = false;
  await time.advance(2_000);

  expect(await statusOf('a')).toBe('succeeded');
});
