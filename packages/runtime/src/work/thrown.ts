import { storable } from './storable-text.ts';

/*
 * What can be told of a thrown value. Anything can be thrown, and it must be possible to report it.
 */

/** What it says, in a form that the log takes. */
export function thrownMessage(error: unknown): string {
  return storable(seen(() => textOf(error)) ?? 'The thrown value has no message.');
}

/** Its code, of any type; undefined: it has none, or the code cannot be read. */
export function thrownCode(error: unknown): unknown {
  return seen(() => (isObject(error) && 'code' in error ? error.code : undefined));
}

/** Reading what was thrown (a getter, a proxy, its own toString) may throw again. */
export function seen<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return textOfOther(error);
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  const reason =
    first === undefined ? null : seen(() => (first instanceof Error ? ownText(first) : textOfOther(first)));
  return reason ? `${ownText(error)}: ${reason}` : ownText(error);
}

function ownText({ message, name }: Error): string {
  const texts: readonly unknown[] = [message, name];
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
