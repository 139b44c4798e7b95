/*
 * How a worker ends:
 *  - an idle worker stops at once, and leaves no timer
 *  - a worker that is told to stop during an outage sends nothing more
 *  - what was taken while it was told to stop is given back without being begun
 *  - a worker that is told to stop takes nothing more, and lets its handler finish
 *  - after the grace the signal tells, and a handler that throws then gives the task back uncharged
 *  - a handler that does not listen is left behind
 *  - a store that is away does not keep a worker from stopping
 *  - a second stop shortens the grace
 *  - what another attempt would not help ends the worker
 *  - mistakes in its options are refused
 */
import { expect, test } from 'vitest';
import { OrchestratorError } from '../src/index.ts';
import { settle } from './support/fake-time.ts';
import { obedient, open, waiting } from './support/worker.ts';

test('an idle worker stops at once, and leaves no timer', async () => {
  const { time, start } = await open();
  const { worker } = start(() => {});
  await settle();

  await worker.stop();
  await worker.stop();

  expect(time.timers).toBe(0);
});

test('a worker that is told to stop during an outage sends nothing more', async () => {
  const { time, start, orchestrator } = await open();
  orchestrator.cut = true;
  const { worker } = start(() => {});
  await time.advance(5_000);
  const sent = orchestrator.calls.length;

  await worker.stop();

  expect(orchestrator.calls).toHaveLength(sent);
});

test('what was taken while it was told to stop is given back without being begun', async () => {
  const { start, add, orchestrator } = await open();
  await add('count');
  const { handler, got } = waiting();
  const { worker } = start(handler);
  orchestrator.onAnswer = (command) => {
    if (command === 'claimTasks') void worker.stop();
  };

  await worker.done;

  expect(got).toEqual([]);
  expect(await orchestrator.getTask('count')).toMatchObject({ status: 'queued', attempt: 0, interruptions: 0 });
  expect(orchestrator.calls.map(({ command }) => command)).toEqual(['claimTasks', 'releaseTask']);
});

test('a worker that is told to stop takes nothing more, and lets its handler finish', async () => {
  const { time, start, add, statusOf } = await open();
  await add('1');
  const { handler, got, finish } = waiting();
  const { worker } = start(handler, { concurrency: 2 });
  await settle();

  const stopped = worker.stop({ graceMs: 10_000 });
  await add('2');
  await time.advance(9_000);
  expect(got[0]?.signal.aborted).toBe(false);
  finish('done');
  await stopped;

  expect(await statusOf('1')).toBe('succeeded');
  expect(await statusOf('2')).toBe('queued');
  expect(time.timers).toBe(0);
});

test('after the grace the signal tells, and a handler that throws then gives the task back uncharged', async () => {
  const { time, start, add, orchestrator } = await open();
  await add('count');
  const { worker } = start(obedient);
  await settle();

  const stopped = worker.stop({ graceMs: 10_000 });
  await time.advance(10_000);
  await stopped;

  expect(await orchestrator.getTask('count')).toMatchObject({ status: 'queued', attempt: 0, interruptions: 0 });
});

test('a handler that does not listen is left behind', async () => {
  const { time, start, add, orchestrator } = await open();
  await add('count');
  const { handler, got } = waiting();
  const { worker } = start(handler);
  await settle();

  const stopped = worker.stop({ graceMs: 10_000 });
  await time.advance(15_000);
  await stopped;

  expect(await orchestrator.getTask('count')).toMatchObject({ status: 'queued', attempt: 0, interruptions: 0 });
  expect(got[0]?.signal.reason).toMatchObject({ reason: 'shutdown' });
  await expect(got[0]?.checkpoint({})).rejects.toMatchObject({ reason: 'lease_lost' });
});

test('a store that is away does not keep a worker from stopping', async () => {
  const { time, start, add, orchestrator } = await open();
  await add('count');
  const { worker, events } = start(obedient);
  await settle();
  orchestrator.cut = true;

  const stopped = worker.stop({ graceMs: 10_000 });
  await time.advance(20_000);
  await stopped;

  expect(events.at(-1)).toMatchObject({ is: 'left', error: { code: 'STORE_UNREACHABLE' } });
});

test('a second stop shortens the grace', async () => {
  const { time, start, add, statusOf } = await open();
  await add('count');
  const { worker } = start(obedient);
  await settle();

  const stopped = worker.stop({ graceMs: 3_600_000 });
  await time.advance(1_000);
  void worker.stop({ graceMs: 0 });
  await time.advance(1);
  await stopped;

  expect(await statusOf('count')).toBe('queued');
});

test('what another attempt would not help ends the worker', async () => {
  const { start } = await open();

  const { worker } = start(() => {}, { agent: 'no name' });

  await expect(worker.done).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'agent' });
});

test.for([
  [{ concurrency: 0 }, 'concurrency'],
  [{ concurrency: 1.5 }, 'concurrency'],
  [{ kinds: ['paint'], handler: {} }, 'handler'],
] as const)('options such as %j are refused', async ([options, field]) => {
  const { start } = await open();

  expect(() => start(() => {}, options)).toThrow(expect.objectContaining({ name: OrchestratorError.name, field }));
});
