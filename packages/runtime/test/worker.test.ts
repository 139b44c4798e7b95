/*
 * Doing tasks:
 *  - a task is claimed, done, and released with what its handler returned
 *  - each kind has its handler, and other kinds are left alone
 *  - what a handler throws fails the attempt, with its message and code
 *  - a failure that another attempt would not help ends the task at once
 *  - what cannot be stored as a result or an error, or throws when it is read, fails the attempt all the same
 *  - as many tasks at once as it was told, and no more
 *  - with the release of a task the next is taken in the same transaction
 *  - a busy worker recovers stale sessions all the same
 *  - the next holder gets the context of the last checkpoint
 *  - with resume, what an earlier run held is taken back first
 *
 * The lease:
 *  - is renewed for as long as the handler runs, and every write carries the instance
 *  - lost: the signal tells, every further write is refused, and nothing is released
 *  - expired: the signal tells, and the task is given back as soon as the store is there again
 *  - of a stuck handler is not renewed
 *  - of a handler that goes on without one is claimed again, but its task is not begun a second time: not before the first has ended
 *  - cancelled: a handler that throws ends the task as cancelled, with its error if it has one
 *  - cancelled: a handler that returns all the same has succeeded
 *
 * Waiting:
 *  - an idle worker wakes at a change
 *  - and when a task falls due
 *  - and does not hammer: not while nothing happens, nor while much does that is not for it
 *  - what a dead holder held is done within two seconds, where its death can be proved
 *  - an outage is told and waited out, ever more patiently
 *  - answers that are lost on the way are asked for again, and every command has one effect
 *
 * Stopping:
 *  - an idle worker stops at once, and leaves no timer
 *  - a worker that is told to stop during an outage sends nothing more
 *  - what was taken while it was told to stop is given back without being begun
 *  - a worker that is told to stop takes nothing more, and lets its handler finish
 *  - after the grace the signal tells, and what is thrown gives the task back without charging an attempt
 *  - a handler that does not listen is left behind
 *  - a store that is away does not keep a worker from stopping
 *  - a second stop shortens the grace
 *  - what another attempt would not help ends the worker
 *  - mistakes in its options are refused
 */
import { createMemoryData, openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import {
  createWorker,
  Orchestrator,
  OrchestratorError,
  TaskFailed,
  WorkAborted,
  type Handler,
  type Work,
  type WorkerEvent,
  type WorkerOptions,
} from '../src/index.ts';
import { FakeTime, settle } from './support/fake-time.ts';
import { TappedOrchestrator } from './support/tapped-orchestrator.ts';

const TTL_MS = 120_000;

/** A store in memory whose time the test owns. */
async function open() {
  const time = new FakeTime();
  const storage = openMemoryStorage({ data: createMemoryData(), clock: time });
  await storage.migrate();
  const orchestrator = new TappedOrchestrator({ storage, newCommandId: time.newCommandId, newSeed: time.newSeed });
  /** A worker that ends with the test. */
  const start = (handler: WorkerOptions['handler'], options: Partial<WorkerOptions> = {}) => {
    const events: WorkerEvent[] = [];
    const worker = createWorker({
      orchestrator,
      agent: 'a',
      handler,
      time,
      newCommandId: time.newCommandId,
      random: () => 1,
      findDead: null,
      onEvent: (event) => events.push(event),
      ...options,
    });
    onTestFinished(async () => {
      worker.stop({ graceMs: 0 }).catch(() => {});
      await time.advance(60_000);
    });
    return { worker, events };
  };
  const add = async (id: string, more: object = {}) => {
    const { task } = await orchestrator.enqueueTask({ title: id, id, sessionId: `of-${id}`, ...more });
    return task;
  };
  const statusOf = async (id: string) => (await orchestrator.getTask(id))?.status;
  return { time, orchestrator, start, add, statusOf };
}

/** A handler that works until it is told how to end; the last work it got. */
function waiting() {
  const ends = Promise.withResolvers<unknown>();
  const got: Work[] = [];
  const handler: Handler = (work) => {
    got.push(work);
    return ends.promise;
  };
  return { handler, got, finish: ends.resolve, fail: ends.reject };
}

/** The text of what tells nothing. */
const UNTOLD = 'What was thrown tells nothing of itself.';

/** The same, with a property that throws whenever it is read. */
function throwingAt<T extends object>(of: T, name: string): T {
  return Object.defineProperty(of, name, {
    enumerable: true,
    get: () => {
      throw new Error(`${name} throws`);
    },
  });
}

function lookThrows(): never {
  throw new Error('look throws');
}

/** Of which nothing can be asked, except whether it is a promise. */
function hostileProxy(): object {
  const get = (_: object, name: string | symbol) => (name === 'then' ? undefined : lookThrows());
  return new Proxy({}, { get, getPrototypeOf: lookThrows, has: lookThrows, ownKeys: lookThrows });
}

/** A handler that throws as soon as its signal tells. */
const obedient: Handler = ({ signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

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

test.for([
  ['an error', new Error('no such page'), { message: 'no such page' }],
  ['an error with a code', Object.assign(new Error('gone'), { code: 'ENOENT' }), { message: 'gone', code: 'ENOENT' }],
  ['a code that is no name', Object.assign(new Error('gone'), { code: 'no name' }), { message: 'gone' }],
  ['an error without a message', new TypeError(), { message: 'TypeError' }],
  ['anything else', 'what is this', { message: 'what is this' }],
  ['text that no store takes', new Error('a\u0000b\uD800'), { message: 'a\uFFFDb\uFFFD' }],
  ['more text than a store takes', new Error('x'.repeat(10_000)), { message: 'x'.repeat(4_096) }],
  ['an object without a prototype', Object.create(null), { message: UNTOLD }],
  [
    'an error whose message is an object',
    Object.assign(new RangeError(), { message: { at: 1 } }),
    { message: 'RangeError' },
  ],
  ['an error whose message throws', throwingAt(new Error('x', { cause: 1 }), 'message'), { message: UNTOLD }],
  ['an error whose code throws', throwingAt(new Error('gone'), 'code'), { message: 'gone' }],
  ['an object whose toString throws', throwingAt({}, 'toString'), { message: UNTOLD }],
  ['a proxy that throws at every look', hostileProxy(), { message: UNTOLD }],
  ['a failure whose data throw', throwingAt(new TaskFailed('bad'), 'data'), { message: 'bad' }],
  ['a failure with data that throw', new TaskFailed('bad', { data: throwingAt({}, 'at') }), { message: 'at throws' }],
] as const)('%s that a handler throws fails the attempt', async ([, thrown, error]) => {
  const { start, add, orchestrator } = await open();
  await add('count');

  start(() => Promise.reject(thrown));
  await settle();

  expect(await orchestrator.getTask('count')).toMatchObject({ status: 'scheduled', attempt: 1, error });
});

test('a failure that another attempt would not help ends the task at once', async () => {
  const { start, add, orchestrator } = await open();
  await add('count');

  start(() => {
    throw new TaskFailed('There is no such page.', { code: 'NO_PAGE', data: { page: 7 }, final: true });
  });
  await settle();

  expect(await orchestrator.getTask('count')).toMatchObject({
    status: 'failed',
    error: { message: 'There is no such page.', code: 'NO_PAGE', data: { page: 7 } },
  });
});

test.for([
  ['result', () => ({ at: Number.NaN }), 'result.at is not a finite number.'],
  ['result', () => 'x'.repeat(300_000), 'result is 300002 bytes of JSON, the limit is 262144.'],
  ['result', () => throwingAt({}, 'at'), 'at throws'],
  ['result', () => ({ of: hostileProxy() }), 'look throws'],
  [
    'error',
    () => {
      throw new TaskFailed('bad', { data: { at: Number.NaN } });
    },
    'error.data.at is not a finite number.',
  ],
] as const)('what cannot be stored as a %s fails the attempt all the same', async ([, handler, message]) => {
  const { start, add, orchestrator } = await open();
  await add('count');

  const { events } = start(handler);
  await settle();

  expect(await orchestrator.getTask('count')).toMatchObject({ status: 'scheduled', attempt: 1, error: { message } });
  expect(events.at(-1)).toMatchObject({ is: 'released', outcome: 'failed' });
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

test('a task whose handler goes on without its lease is not begun a second time before that has ended', async () => {
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

test('an idle worker wakes at a change', async () => {
  const { time, start, add, statusOf } = await open();
  start(() => {});
  await time.advance(500);

  await add('count');
  await settle();

  expect(await statusOf('count')).toBe('succeeded');
});

test('and when a task falls due', async () => {
  const { time, start, add, statusOf } = await open();
  start(() => {});
  await settle();
  await add('later', { delayMs: 4_321 });

  await time.advance(4_320);
  expect(await statusOf('later')).toBe('scheduled');
  await time.advance(3);

  expect(await statusOf('later')).toBe('succeeded');
});

test('it does not hammer while nothing happens', async () => {
  const { time, start, orchestrator } = await open();
  start(() => {});

  await time.advance(600_000);

  expect(orchestrator.calls.length).toBeLessThan(130);
});

test('nor does it while much happens that is not for it', async () => {
  const { time, start, add, orchestrator } = await open();
  start(() => {}, { kinds: ['paint'] });

  for (let n = 0; n < 1_000; n += 1) {
    await add(`n${n}`);
    await time.advance(10);
  }

  expect(orchestrator.calls.length).toBeLessThan(120);
});

test('what a dead holder held is done within two seconds, where its death can be proved', async () => {
  const { time, start, add, orchestrator, statusOf } = await open();
  await add('count');
  const process = { host: 'here', boot: 'boot-1', pid: 77, start: '9' };
  const claimed = await orchestrator.claimTask({ agent: 'dead', process });
  if (!claimed.ok) throw new Error('not claimed');
  const { sessionId, fence } = claimed.lease;
  const { host, boot, pid, start: processStart } = process;
  let isDead = false;
  let asked = 0;
  start(() => {}, {
    findDead: async () => {
      asked += 1;
      return isDead ? [{ sessionId, fence, host, boot, pid, processStart, observed: 'it is gone' }] : [];
    },
  });
  await time.advance(60_000);
  expect(asked).toBeLessThan(70);

  isDead = true;
  await time.advance(2_000);

  expect(await statusOf('count')).toBe('succeeded');
  const { items } = await orchestrator.listEvents({ types: ['task.recovered'] });
  expect(items).toMatchObject([{ payload: { reason: 'dead' } }]);
});

test('an outage is told and waited out, ever more patiently', async () => {
  const { time, start, add, orchestrator, statusOf } = await open();
  await add('count');
  orchestrator.cut = true;

  const { events } = start(() => {});
  await time.advance(120_000);
  const told = events.filter((event) => event.is === 'outage');
  orchestrator.cut = false;
  await time.advance(30_000);

  expect(told.map(({ retryInMs }) => retryInMs).slice(0, 5)).toEqual([100, 200, 400, 800, 1_600]);
  expect(told.length).toBeLessThan(15);
  expect(told.every(({ error }) => error.code === 'STORE_UNREACHABLE')).toBe(true);
  expect(await statusOf('count')).toBe('succeeded');
});

test('answers that are lost on the way are asked for again, and every command has one effect', async () => {
  const { time, start, add, orchestrator } = await open();
  await add('1');
  await add('2');
  orchestrator.loseAnswers = 1;

  start(async ({ checkpoint }) => {
    await checkpoint({ nextAction: 'end' });
  });
  await time.advance(10_000);

  const { items } = await orchestrator.listEvents({});
  const seen = items.map(({ type }) => type).filter((type) => !/opened|queued/.test(type));
  const once = ['task.claimed', 'session.checkpointed', 'task.succeeded'];
  expect(seen).toEqual([...once, ...once]);
  expect(orchestrator.lost).toBeGreaterThanOrEqual(4);
});

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

test('after the grace the signal tells, and what is thrown gives the task back without charging an attempt', async () => {
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
