/*
 * How a worker does tasks:
 *  - a task is claimed, done, and released with what its handler returned
 *  - each kind has its handler, and other kinds are left alone
 *  - what a handler throws fails the attempt, with its message and code
 *  - a failure that another attempt would not help ends the task at once
 *  - work that was done succeeds without a result that cannot be stored; if its kind asks for another one, it fails for
 *    good; in no case is it done again
 *  - a failure keeps its message, its code, and that it is final, without data that cannot be stored
 *  - as many tasks at once as it was told, and no more
 *  - with the release of a task the next is taken in the same transaction
 *  - a busy worker recovers stale sessions all the same
 *  - the next holder gets the context of the last checkpoint
 *  - with resume, what an earlier run held is taken back first
 *  - commands that were on their way when the clock was set back are sent with new ids
 */
import type { Json } from '@agent-orchestrator/core';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { createWorker, TaskFailed, type Handler, type Orchestrator, type WorkerOptions } from '../src/index.ts';
import { settle } from './support/fake-time.ts';
import { open, waiting } from './support/worker.ts';

/** For a thrown value without a message. */
const UNTOLD = 'The thrown value has no message.';

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
  ['an object with a message', { message: 'no row', code: 'E1' }, { message: 'no row', code: 'E1' }],
  ['text that no store takes', new Error('a\u0000b\uD800'), { message: 'a\uFFFDb\uFFFD' }],
  ['more text than a store takes', new Error('x'.repeat(10_000)), { message: `${'x'.repeat(4_088)} … (cut)` }],
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

const UNSTORABLE: readonly (readonly [handler: Handler, problem: string])[] = [
  [() => ({ at: Number.NaN }), 'result.at is not a finite number.'],
  [() => 'x'.repeat(300_000), 'result is 300002 bytes of JSON, the limit is 262144.'],
  [() => 'a\u0000b', 'result contains U+0000 or a lone surrogate.'],
  [() => new Map(), 'result is not JSON: use null, booleans, numbers, strings, arrays and plain objects.'],
  [() => throwingAt({}, 'at'), 'at throws'],
  [() => ({ of: hostileProxy() }), 'look throws'],
  [() => lazy(), 'lazy'],
  [() => cycle(), 'There are more than 262144 values.'],
];

/** It can be read from the second time on. */
function lazy(): object {
  let looks = 0;
  return Object.defineProperty({}, 'total', {
    enumerable: true,
    get: () => {
      looks += 1;
      if (looks === 1) throw new Error('lazy');
      return 1;
    },
  });
}

function cycle(): object {
  const one: Record<string, unknown> = {};
  one['a'] = one;
  one['b'] = one;
  return one;
}

test('a value that is another one each time is stored as it was read first', async () => {
  const { start, add, orchestrator } = await open();
  await add('count');
  let looks = 0;
  const given = Object.defineProperty({}, 'total', {
    enumerable: true,
    get: () => (looks++ % 2 === 0 ? 1 : new Map()),
  });

  start(() => given);
  await settle();

  expect(await orchestrator.getTask('count')).toMatchObject({ status: 'succeeded', result: { total: 1 } });
});

test.for(UNSTORABLE)('work that was done is not done again for its result: %#', async ([handler, problem]) => {
  const { start, add, orchestrator } = await open();
  await add('count');

  const { events } = start(handler);
  await settle();

  expect(await orchestrator.getTask('count')).toMatchObject({
    status: 'succeeded',
    attempt: 1,
    result: { not_stored: problem },
  });
  expect(events.at(-1)).toMatchObject({ is: 'released', outcome: 'succeeded' });
});

test.for([
  [7, { result: 7 }],
  ['x'.repeat(20_000), { not_stored: expect.stringContaining('does not fit the kind count') }],
  ['x'.repeat(300_000), { not_stored: expect.stringContaining('is 300002 bytes of JSON') }],
] as const)('a result that does not fit its kind fails for good: %#', async ([result, data]) => {
  const { start, add, orchestrator } = await open({ kinds: { count: { result: z.object({ words: z.number() }) } } });
  await add('count', { kind: 'count' });

  start(() => result);
  await settle();

  const { status, attempt, error } = (await orchestrator.getTask('count')) ?? {};
  expect({ status, attempt, error }).toEqual({
    status: 'failed',
    attempt: 1,
    error: { code: 'result_refused', message: expect.stringMatching(/^The work was done, but result /), data },
  });
});

const LARGE = { answer: 'x'.repeat(20_000) };

test.for([
  [() => new TaskFailed('declined', { code: 'CARD', data: LARGE, final: true }), 'error.data is 20013 bytes of JSON'],
  [() => new TaskFailed('declined', { code: 'CARD', data: { at: Number.NaN }, final: true }), 'error.data.at is not'],
  [
    () => new TaskFailed('declined', { code: 'CARD', data: { of: hostileProxy() as Json }, final: true }),
    'look throws',
  ],
  [() => throwingAt(new TaskFailed('declined', { code: 'CARD', final: true }), 'data'), 'data throws'],
  [() => new TaskFailed('declined', { code: 'CARD', data: lazy() as Json, final: true }), 'lazy'],
] as const)('a failure stays what it is without data that cannot be stored: %#', async ([thrown, problem]) => {
  const { start, add, orchestrator } = await open();
  await add('count');

  const { events } = start(() => {
    throw thrown();
  });
  await settle();

  const { status, attempt, error } = (await orchestrator.getTask('count')) ?? {};
  expect({ status, attempt, error }).toEqual({
    status: 'failed',
    attempt: 1,
    error: { message: 'declined', code: 'CARD', data: { not_stored: expect.stringContaining(problem) } },
  });
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
