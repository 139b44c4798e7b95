/*
 * What a store does not take of an end is cut, and the end says so:
 *  - a message and a question that are too long end with a word about it
 *  - a question whose addressee is refused says whom it was for
 *  - a schema that changes a result into what is no JSON ends the task for good, with the result
 */
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
