/*
 * What a store does not take of an end is cut, and the end says so:
 *  - a message and a question that are too long end with a word about it
 *  - a question without a text is asked as well; of several errors, the first is told
 *  - an error of another realm counts by its name
 *  - a question whose addressee is refused says whom it was for
 *  - a schema that changes a result into what is no JSON ends the task for good, with the result
 */
import { runInNewContext } from 'node:vm';
import { LIMITS, OrchestratorError } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { TaskWaiting } from '../src/index.ts';
import { endsWithLess, failure, jobEndOf } from '../src/work/job-end.ts';
import { settle } from './support/fake-time.ts';
import { open } from './support/worker.ts';

const LONG = 'x'.repeat(LIMITS.text_characters_max + 1);
const { signal } = new AbortController();

test('a message that is too long says that it was cut', () => {
  const { error } = failure(new Error(LONG));

  expect(error?.message).toHaveLength(LIMITS.text_characters_max);
  expect(error?.message).toMatch(/x … \(cut\)$/);
});

test('a question without a text is asked as well', () => {
  const end = jobEndOf(new TaskWaiting(''), signal);

  expect(end).toEqual({ outcome: 'waiting', ask: { question: expect.stringMatching(/./) } });
});

test('of several errors, the first is told', () => {
  const several = new AggregateError([new Error('no route'), new Error('refused')]);

  expect(failure(several).error).toEqual({ message: 'AggregateError: no route' });
});

test('an error of another realm counts by its name', () => {
  const thrown: unknown = runInNewContext("Object.assign(new Error('x'), { name: 'TaskFailed', final: true })");

  expect(failure(thrown)).toEqual({ outcome: 'failed', error: { message: 'x' }, final: true });
});

test('a result that cannot even be asked whether it is a promise is a result', async () => {
  const { start, add, orchestrator } = await open();
  await add('count');
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();

  start(() => proxy);
  await settle();

  expect(await orchestrator.getTask('count')).toMatchObject({ status: 'succeeded', attempt: 1 });
});

test.for([
  ['What now?', /^What now\? \(It was for \{"agent":"no such one"\}, which was refused: to is no name\.\)$/],
  [LONG, /x … \(cut\) \(It was for \{"agent":"no such one"\}, which was refused: to is no name\.\)$/],
] as const)('a question whose addressee is refused says whom it was for', ([asked, told]) => {
  const end = jobEndOf(new TaskWaiting(asked, { to: { agent: 'no such one' } }), signal);

  const [less] = [
    ...endsWithLess(end ?? { outcome: 'failed' }, new OrchestratorError('INVALID_INPUT', 'to is no name.')),
  ];

  expect(less?.ask).toEqual({ question: expect.stringMatching(told) });
  expect(less?.ask?.question.length).toBeLessThanOrEqual(LIMITS.text_characters_max);
});

test('a schema that changes a result into what is no JSON ends the task for good', async () => {
  const dated = z.looseObject({}).transform((value) => Object.assign(value, { at: new Date(0) }));
  const { start, add, orchestrator } = await open({ kinds: { count: { result: dated } } });
  await add('count', { kind: 'count' });

  start(() => ({ words: 7 }));
  await settle();

  expect(await orchestrator.getTask('count')).toMatchObject({
    status: 'failed',
    attempt: 1,
    error: { code: 'result_refused', data: { result: { words: 7 } } },
  });
});
