/*
 * What is stored of what a handler returned or threw:
 *  - what a handler throws fails the attempt, with its message and code
 *  - a failure that another attempt would not help ends the task at once
 *  - work that was done succeeds without the parts of its result that cannot be stored; if its kind asks for another
 *    one, it fails for good; in no case is it done again
 *  - a failure keeps its message, its code, that it is final, and the data that can be stored; it says what was cut
 */
import type { Json } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { TaskFailed, type Handler } from '../src/index.ts';
import { settle } from './support/fake-time.ts';
import { open } from './support/worker.ts';

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
  [() => throwingAt({}, 'at'), 'result.at cannot be read: at throws.'],
  [() => ({ of: hostileProxy() }), 'result.of cannot be read: look throws.'],
  [() => lazy(), 'result.total cannot be read: lazy.'],
  [() => cycle(), 'result.a contains itself. 1 more of its parts could not be stored.'],
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

/** Written out, it has a million million parts. */
function manifold(): object {
  let one: object = {};
  for (let level = 0; level < 40; level += 1) one = { a: one, b: one };
  return one;
}

test.for([
  [() => ({ amount: 5n }), { amount: null }, 'result.amount is not JSON: use null, '],
  [() => ({ at: [new Date(0), 7] }), { at: [null, 7] }, 'result.at.0 is not JSON: '],
  [() => ({ log: 'a\u0000b\uD800' }), { log: 'a\uFFFDb\uFFFD' }, 'result.log contains U+0000 or a lone surrogate.'],
  [() => ({ 'a\u0000': 1 }), { 'a\uFFFD': 1 }, 'result has a key with U+0000 or a lone surrogate.'],
  [() => ({ log: 'é'.repeat(150_000) }), { log: expect.stringMatching(/^é{130000,} … \(cut\)$/) }, 'result is 3000'],
  [() => throwingAt({}, 'at'), { at: null }, 'result.at cannot be read: at throws.'],
  [() => ({ of: cycle() }), { of: { a: null, b: null } }, 'result.of.a contains itself. 1 more of its parts '],
  [() => ({ of: manifold() }), {}, 'result.of.a.a.a'],
  [() => ({ list: Array.from({ length: 140_000 }, () => 1) }), { list: expect.any(Array) }, 'result.list has 140000'],
  [() => ({ not_stored: 1, at: Number.NaN }), { kept: { not_stored: 1, charge: 'ch_1', at: null } }, 'result.at is'],
  [() => ({ artifacts: 7 }), { kept: { artifacts: 7, charge: 'ch_1' } }, 'result.artifacts '],
] as const)('of a result that cannot be stored, all the rest is: %#', async ([more, kept, problem]) => {
  const { start, add, orchestrator } = await open();
  await add('count');

  start(() => Object.defineProperties({ charge: 'ch_1' }, Object.getOwnPropertyDescriptors(more())));
  await settle();

  const { status, result } = (await orchestrator.getTask('count')) ?? {};
  expect({ status, result }).toMatchObject({ status: 'succeeded', result: kept });
  expect(result).toMatchObject({
    not_stored: expect.stringContaining(problem),
    ...(!('kept' in kept) && { charge: 'ch_1' }),
  });
});

test.for([
  [7, { result: 7 }],
  [
    'x'.repeat(20_000),
    { not_stored: expect.stringContaining('is 20013 bytes'), result: expect.stringMatching(/^x+ /) },
  ],
  [
    'x'.repeat(300_000),
    {
      not_stored: expect.stringMatching(/^error.data is/),
      result: { not_stored: expect.stringContaining('is 300002 bytes of JSON'), kept: expect.stringMatching(/^x+ /) },
    },
  ],
] as const)('a result that does not fit its kind fails for good: %#', async ([result, data]) => {
  const { start, add, orchestrator } = await open({ kinds: { count: { result: z.object({ words: z.number() }) } } });
  await add('count', { kind: 'count' });

  start(() => result);
  await settle();

  const { status, attempt, error } = (await orchestrator.getTask('count')) ?? {};
  expect({ status, attempt, error }).toEqual({
    status: 'failed',
    attempt: 1,
    error: { code: 'result_refused', message: expect.stringMatching(/^The work was done, but result[ .]/), data },
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
    error: {
      message: 'declined',
      code: 'CARD',
      data: expect.objectContaining({ not_stored: expect.stringContaining(problem) }),
    },
  });
  expect(events.at(-1)).toMatchObject({ is: 'released', outcome: 'failed' });
});

test.for([
  [{ of: 'card', at: Number.NaN }, { of: 'card', at: null }, ' error.data.at is not a finite number.'],
  [undefined, {}, ''],
] as const)('a failure says that its code was cut, and keeps the data that fit: %#', async ([data, kept, problem]) => {
  const { start, add, orchestrator } = await open();
  await add('count');

  start(() => Promise.reject(new TaskFailed('declined', { code: 'no name', data })));
  await settle();

  const { error } = (await orchestrator.getTask('count')) ?? {};
  const said = expect.stringMatching(new RegExp(`^error.code "no name" was cut: .* or _\\.${problem}$`));
  expect(error).toEqual({ message: 'declined', data: { not_stored: said, ...kept } });
});
