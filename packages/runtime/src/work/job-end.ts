import { LIMITS, type Json, type ReleaseTask } from '@agent-orchestrator/core';
import { TaskFailed, TaskWaiting, WorkAborted } from './handler.ts';
import { jsonCopy } from './json-copy.ts';

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
  try {
    return { outcome: 'succeeded', result: jsonCopy(result) };
  } catch (error) {
    return { outcome: 'succeeded', result: notStored(taskError(error).message) };
  }
}

/** The question that was thrown, read once; null: something else was, or a question that asks nothing. */
function question(error: unknown): End | null {
  const thrown =
    seen(() => (isNamed(error, TaskWaiting, 'TaskWaiting') ? { text: error.question, to: error.to } : null)) ?? null;
  if (thrown === null || typeof thrown.text !== 'string' || thrown.text === '') return null;
  return { outcome: 'waiting', ask: { question: storable(thrown.text), ...(thrown.to && { to: thrown.to }) } };
}

/** A failed attempt; anything may have been thrown. */
export function failure(error: unknown): End {
  const told = taskError(error);
  const thrown = seen(() => (isNamed(error, TaskFailed, 'TaskFailed') ? error : null)) ?? null;
  if (thrown === null) return { outcome: 'failed', error: told };
  let data: Json | undefined;
  try {
    const { data: given } = thrown;
    data = given === undefined ? undefined : jsonCopy(given);
  } catch (reading) {
    data = notStored(taskError(reading).message);
  }
  const final = seen(() => thrown.final) === true;
  return { outcome: 'failed', error: { ...told, ...(data !== undefined && { data }) }, final };
}

/**
 * What is stored of an end that the API refuses, best first: as much as fits, and what was cut.
 *
 * - Of work that was done, the result is cut. If the kind of the task asks for another result, the attempt has failed
 *   for good: to do the work again would do it twice.
 * - Of a failure, the data are cut. It stays final if it was.
 * - Of a question, its addressee is left out, and said in the text: then it is for any agent.
 *
 * @param refusal why the API refuses it
 */
export function* endsWithLess({ result, error, ask, ...end }: End, refusal: unknown): Generator<End> {
  const problem = taskError(refusal).message;
  const cut = notStored(problem);
  if (end.outcome === 'succeeded') {
    yield { ...end, result: cut };
    const failed = { code: 'result_refused', message: shortened(`The work was done, but ${problem}`) };
    for (const data of [{ result: result as Json }, cut])
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

/** Short enough for the smallest limit, however its characters are escaped. */
const SHORT_CHARACTERS = 1_000;

function shortened(text: string): string {
  return storable(text, SHORT_CHARACTERS);
}

/** In the place of a value that cannot be stored. */
function notStored(problem: string): { readonly not_stored: string } {
  return { not_stored: shortened(problem) };
}

/** The error in a form that the log takes. Anything may have been thrown, and it must be possible to report it. */
function taskError(error: unknown): TaskError {
  const message = storable(seen(() => textOf(error)) ?? 'The thrown value has no message.');
  const code = seen(() => (isObject(error) && 'code' in error ? error.code : undefined));
  return { message, ...(typeof code === 'string' && NAME.test(code) && { code }) };
}

/**
 * By its name, too: a handler can have a copy of this package of its own.
 *
 * @param name as the errors say it: a bundler may give the class another one
 */
function isNamed<Known extends Error>(
  error: unknown,
  known: new (...of: never[]) => Known,
  name: string,
): error is Known {
  return error instanceof known || (error instanceof Error && error.name === name);
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return textOfOther(error);
  const texts: readonly unknown[] = [error.message, error.name];
  return texts.filter((text) => typeof text === 'string').find((text) => text !== '') ?? 'Error';
}

/** Many libraries throw objects that are no errors, but have a message. */
function textOfOther(thrown: unknown): string {
  const message = isObject(thrown) && 'message' in thrown ? thrown.message : undefined;
  return typeof message === 'string' && message !== '' ? message : String(thrown);
}

function isObject(thrown: unknown): thrown is object {
  return typeof thrown === 'object' && thrown !== null;
}

/** Anything can be thrown, and reading it (a getter, a proxy, its own toString) may throw again. */
function seen<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

const NAME = /^[A-Za-z0-9_][A-Za-z0-9._@+-]{0,127}$/;

const CUT = ' … (cut)';

/** A text that every store takes, of so many characters at most; it says if it was cut. */
function storable(text: string, max: number = LIMITS.text_characters_max): string {
  const kept = text.length <= max ? text : `${text.slice(0, max - CUT.length)}${CUT}`;
  return kept.replaceAll('\u0000', '\uFFFD').toWellFormed();
}
