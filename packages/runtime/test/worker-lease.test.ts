/*
 * The lease of a worker's task:
 *  - a lease is renewed for as long as the handler runs, and every write carries the instance
 *  - a lost lease: the signal tells, every further write is refused, and nothing is released
 *  - an expired lease: the signal tells, and the task is given back as soon as the store is there again
 *  - the lease of a stuck handler is not renewed
 *  - a cancelled task whose handler throws is cancelled, with the handler's error if there is one
 *  - a task whose handler continues without its lease is claimed again, but not begun before that handler has ended
 *  - what waits for a former handler to end is given back as soon as the worker stops
 *  - a cancelled task whose handler returns all the same has succeeded
 */
import { expect, test } from 'vitest';
import { WorkAborted } from '../src/index.ts';
import { settle } from './support/fake-time.ts';
import { obedient, open, TTL_MS, waiting } from './support/worker.ts';

test('the lease is renewed for as long as the handler runs, and every write carries the instance', async () => {
  const { time, start, add, orchestrator, statusOf } = await open();
  await add('count');
  const { handler, got, finish } = waiting();
  const { worker } = start(handler);

  await time.advance(10 * TTL_MS);
  await got[0]?.checkpoint({ nextAction: 'end' });
  finish('done');
  await settle();

  expect(await statusOf('count')).toBe('succeeded');
  const writes = orchestrator.calls.filter(({ command }) => command !== 'claimTasks');
  expect(writes.filter(({ command }) => command === 'heartbeat')).toHaveLength(40);
  expect(new Set(writes.map(({ command }) => command))).toEqual(new Set(['heartbeat', 'checkpoint', 'releaseTask']));
  expect(writes.every(({ call }) => call['instance'] === worker.instance)).toBe(true);
});

test('a lost lease: the signal tells, every further write is refused, and nothing is released', async () => {
  const { time, start, add, orchestrator, statusOf } = await open();
  await add('count');
  const { handler, got, finish } = waiting();
  const { events } = start(handler);
  await settle();
  const [work] = got;

  time.stop(TTL_MS);
  expect(await orchestrator.claimTask({ agent: 'b', sessionId: 'of-count' })).toMatchObject({ ok: true });
  await time.advance(0);

  expect(work?.signal.reason).toBeInstanceOf(WorkAborted);
  expect(work?.signal.reason).toMatchObject({ reason: 'lease_lost', lost: { successor: { agent: 'b' } } });
  await expect(work?.checkpoint({})).rejects.toMatchObject({ name: 'WorkAborted', reason: 'lease_lost' });
  await expect(work?.confirm()).rejects.toMatchObject({ name: 'WorkAborted', reason: 'lease_lost' });
  finish('too late');
  await settle();
  expect(events.at(-1)).toMatchObject({ is: 'lost' });
  expect(await statusOf('count')).toBe('running');
  expect(orchestrator.calls.some(({ command }) => command === 'releaseTask')).toBe(false);
});

test('an expired lease: the signal tells, and the task is given back as soon as the store is there again', async () => {
  const { time, start, add, orchestrator } = await open();
  await add('count');
  const { events } = start(obedient);
  await settle();

  orchestrator.cut = true;
  await time.advance(TTL_MS + 1_000);
  expect(events.filter((event) => event.is === 'lease').at(-1)).toMatchObject({ is: 'lease', news: { is: 'expired' } });
  orchestrator.cut = false;
  await time.advance(2_000);

  const { items } = await orchestrator.listEvents({ types: ['task.released', 'task.recovered'] });
  expect(items.map(({ type }) => type)).toEqual(['task.released']);
});

test('the lease of a stuck handler is not renewed', async () => {
  const { time, start, add, orchestrator } = await open();
  await add('count');
  const { handler, got } = waiting();
  start(handler, { progressWithinMs: TTL_MS });

  await time.advance(TTL_MS);
  got[0]?.progress({ page: 1 });
  await time.advance(TTL_MS);
  expect(got[0]?.signal.aborted).toBe(false);
  await time.advance(TTL_MS + 1_000);

  expect(got[0]?.signal.reason).toMatchObject({ reason: 'lease_expired' });
  expect((await orchestrator.getSession('of-count'))?.progress).toEqual({ page: 1 });
  expect(await orchestrator.claimTask({ agent: 'b', sessionId: 'of-count' })).toMatchObject({
    ok: true,
    takeover: { reason: 'expired' },
  });
});

test.for([
  ['the reason', (reason: unknown) => reason, null],
  ['an error', () => new Error('half done'), { message: 'half done' }],
] as const)('a cancelled task whose handler throws %s is cancelled', async ([, thrown, error]) => {
  const { time, start, add, orchestrator } = await open();
  await add('count');
  start(
    ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(thrown(signal.reason)))),
  );
  await settle();

  await orchestrator.cancelTask({ taskId: 'count' });
  await time.advance(TTL_MS / 4);

  expect(await orchestrator.getTask('count')).toMatchObject({ status: 'cancelled', error });
});

test('a task whose handler continues without its lease is not begun a second time before that has ended', async () => {
  const { time, start, add, orchestrator, statusOf } = await open();
  await add('count');
  const { handler, got, finish } = waiting();
  const { events } = start(handler, { progressWithinMs: TTL_MS, concurrency: 3 });

  await time.advance(5 * TTL_MS);
  const claimed = events.filter(({ is }) => is === 'claimed').length;
  expect(claimed).toBeGreaterThan(2);
  // It waits with what it has claimed, and does not claim it over and over.
  expect(claimed).toBeLessThan(20);
  expect(got).toHaveLength(1);
  // Nor is that charged: what cost one interruption is that the first handler went silent.
  expect(await orchestrator.getTask('count')).toMatchObject({ interruptions: 1 });
  finish('done');
  await time.advance(TTL_MS);

  expect(got).toHaveLength(2);
  expect(await statusOf('count')).toBe('succeeded');
});

test('what waits for a former handler to end is given back as soon as the worker stops', async () => {
  const { time, start, add, orchestrator } = await open();
  await add('count');
  const { handler, got } = waiting();
  const { worker, events } = start(handler, { progressWithinMs: TTL_MS, concurrency: 2 });
  while (events.filter(({ is }) => is === 'claimed').length < 2) await time.advance(1_000);

  const stopped = worker.stop({ graceMs: 3_600_000 });
  await settle();

  expect(await orchestrator.getTask('count')).toMatchObject({ status: 'queued', attempt: 0 });
  expect(got).toHaveLength(1);
  void worker.stop({ graceMs: 0 });
  await time.advance(10_000);
  await stopped;
});

test('a cancelled task whose handler returns all the same has succeeded', async () => {
  const { time, start, add, orchestrator, statusOf } = await open();
  await add('count');
  const { handler, got, finish } = waiting();
  start(handler);
  await settle();

  await orchestrator.cancelTask({ taskId: 'count' });
  await time.advance(TTL_MS / 4);
  expect(got[0]?.signal.reason).toMatchObject({ reason: 'cancel_requested' });
  finish('done');
  await settle();

  expect(await statusOf('count')).toBe('succeeded');
});
