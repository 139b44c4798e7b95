import { types } from 'node:util';
import { LIMITS, type Json, type ReleaseTask } from '@agent-orchestrator/core';
import { TaskFailed, TaskWaiting, WorkAborted } from './handler.ts';
import { keptJson, notStored, refusedJson } from './kept-json.ts';
import { shortened, storable } from './storable-text.ts';
import { thrownCode, thrownMessage, seen } from './thrown.ts';

/*
 * How a handler ended, in a form that the store takes. A handler may return and throw anything: too much, what is not
 * JSON, what throws when it is read. Even then its work is not done a second time, and its reason is not lost.
 */

/** How to release the task of a job; null: there is no lease left to release. */
export type JobEnd = End | null;
type End = Pick<ReleaseTask, 'outcome' | 'result' | 'error' | 'final' | 'note' | 'ask'>;
type TaskError = NonNullable<End['error']>;

/** The end of a job whose handler threw. After its signal was aborted, throwing means that it stopped. */
export function jobEndOf(error: unknown, { aborted, reason }: AbortSignal): JobEnd {
  if (!aborted) return question(error) ?? failure(error);
  if ((reason as WorkAborted).reason !== 'cancel_requested') return question(error) ?? { outcome: 'released' };
  return seen(() => isNamed(error, WorkAborted, 'WorkAborted'))
    ? { outcome: 'cancelled' }
    : { outcome: 'cancelled', error: taskError(error) };
}

/** A handler returned this. It may be anything, so it is read once. */
export function success(result: unknown): End {
  if (result === undefined) return { outcome: 'succeeded' };
  return { outcome: 'succeeded', result: keptJson(result, 'result', LIMITS.result_bytes_max) };
}

/** Of a question without a text. Another attempt would not ask a better one. */
const NO_TEXT = 'The handler asks, but gives no text.';

/** The question that was thrown, read once; null: something else was. */
function question(error: unknown): End | null {
  const thrown =
    seen(() => (isNamed(error, TaskWaiting, 'TaskWaiting') ? { text: error.question, to: error.to } : null)) ?? null;
  if (thrown === null) return null;
  const text = typeof thrown.text === 'string' && thrown.text !== '' ? storable(thrown.text) : NO_TEXT;
  return { outcome: 'waiting', ask: { question: text, ...(thrown.to && { to: thrown.to }) } };
}

/** A failed attempt; anything may have been thrown. */
export function failure(error: unknown): End {
  const told = taskError(error);
  const thrown = seen(() => (isNamed(error, TaskFailed, 'TaskFailed') ? error : null)) ?? null;
  const data = keptDataOf(thrown, codeProblem(error, thrown !== null));
  const failed: TaskError = { ...told, ...(data !== undefined && { data }) };
  if (thrown === null) return { outcome: 'failed', error: failed };
  return { outcome: 'failed', error: failed, final: seen(() => thrown.final) === true };
}

/** The data of a failure, with what was cut of it. */
function keptDataOf(thrown: TaskFailed | null, problem: string | null): Json | undefined {
  let given: unknown;
  try {
    given = thrown?.data;
  } catch (reading) {
    return notStored(`${problem === null ? '' : `${problem} `}error.data cannot be read: ${thrownMessage(reading)}.`);
  }
  if (given !== undefined) return keptJson(given, 'error.data', LIMITS.error_bytes_max, problem);
  return problem === null ? undefined : notStored(problem);
}

/** Many libraries give their errors numbers as codes: only that of a `TaskFailed` was meant for the task. */
function codeProblem(error: unknown, isTaskFailed: boolean): string | null {
  const code = thrownCode(error);
  if (code === undefined || isName(code) || !(isTaskFailed || typeof code === 'string')) return null;
  const said = storable(seen(() => JSON.stringify(code)) ?? typeof code, 200);
  const rule = 'a code has up to 128 letters, digits and . _ @ + -, and begins with a letter, a digit or _';
  return `error.code ${said} was cut: ${rule}.`;
}

/**
 * What is stored of an end that the API refuses, best first: as much as fits, and what was cut.
 *
 * - Of work that was done, the result is kept apart, or cut. If the kind of the task asks for another result, the
 *   attempt has failed for good: to do the work again would do it twice.
 * - Of a failure, the data are cut. It stays final if it was.
 * - Of a question, its addressee is left out, and said in the text: then it is for any agent.
 *
 * @param refusal why the API refuses it
 */
export function* endsWithLess({ result, error, ask, ...end }: End, refusal: unknown): Generator<End> {
  const problem = thrownMessage(refusal);
  const cut = notStored(problem);
  if (end.outcome === 'succeeded') {
    for (const less of [refusedJson(result as Json | undefined, problem, LIMITS.result_bytes_max), cut])
      yield { ...end, result: less };
    const failed = { code: 'result_refused', message: shortened(`The work was done, but ${problem}`) };
    for (const data of [keptJson({ result }, 'error.data', LIMITS.error_bytes_max), cut])
      yield { outcome: 'failed', final: true, error: { ...failed, data } };
  } else if (ask !== undefined) yield { ...end, ask: { question: askedOfAny(ask, problem) } };
  else if (error !== undefined) yield { ...end, error: { ...error, data: cut } };
}

/** The question, with whom it was for: an agent that answers should know. */
function askedOfAny({ question: text, to }: NonNullable<End['ask']>, problem: string): string {
  if (to === undefined) return text;
  const whom = shortened(seen(() => JSON.stringify(to)) ?? 'another addressee');
  const said = ` (It was for ${whom}, which was refused: ${shortened(problem)})`;
  return storable(text, LIMITS.text_characters_max - said.length) + said;
}

/** The error in a form that the log takes. Anything may have been thrown, and it must be possible to report it. */
function taskError(error: unknown): TaskError {
  const code = thrownCode(error);
  return { message: thrownMessage(error), ...(isName(code) && { code }) };
}

/**
 * By its name, too: a handler can have a copy of this package of its own, or a realm of its own, as in `node:vm`.
 *
 * @param name as the errors say it: a bundler may give the class another one
 */
function isNamed<Known extends Error>(
  error: unknown,
  known: new (...of: never[]) => Known,
  name: string,
): error is Known {
  return error instanceof known || (types.isNativeError(error) && error.name === name);
}

const NAME = /^[A-Za-z0-9_][A-Za-z0-9._@+-]{0,127}$/;

function isName(code: unknown): code is string {
  return typeof code === 'string' && NAME.test(code);
}
