import { isShellWord } from './shell-word.ts';

/*
 * How people call tasks and sessions: each has an id, which programs use, and a number, which is short.
 */

/** What has a number. */
export type NumberedKind = 'task' | 'session';

/** A task or a session, as far as its name goes. */
export interface Numbered {
  readonly id: string;
  readonly number: number;
}

/** What looks like the number of a task or a session. */
const NUMBER = /^[ts]\d+$/;
/** An id that was made for a task, and for the session that was made for it. */
const MADE = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

/** The number that a reference such as `t42` or `s17` means; null: it is an id. */
export function numberIn(reference: string): { readonly kind: NumberedKind; readonly number: number } | null {
  const number = NUMBER.test(reference) ? Number(reference.slice(1)) : Number.NaN;
  return Number.isSafeInteger(number) ? { kind: reference.startsWith('t') ? 'task' : 'session', number } : null;
}

/** Whether a text looks like a number: a new task or session cannot have it as its id. */
export function looksLikeNumber(text: string): boolean {
  return NUMBER.test(text);
}

/** Its number for people: `t42`, `s17`. */
export function numberOf(kind: NumberedKind, { number }: Pick<Numbered, 'number'>): string {
  return `${kind === 'task' ? 't' : 's'}${number}`;
}

/** How a sentence names it: by the id that a person chose, or else by its number. */
export function nameOf(kind: NumberedKind, numbered: Numbered): string {
  return MADE.test(numbered.id) ? numberOf(kind, numbered) : numbered.id;
}

/** How a command names it: as a sentence does, but by its number where a shell would not take the id as one word. */
export function referenceTo(kind: NumberedKind, numbered: Numbered): string {
  const name = nameOf(kind, numbered);
  return isShellWord(name) ? name : numberOf(kind, numbered);
}

/** How a list names it: by its number, and by the id that a person chose. */
export function labelOf(kind: NumberedKind, numbered: Numbered): string {
  const number = numberOf(kind, numbered);
  return MADE.test(numbered.id) ? number : `${number} ${numbered.id}`;
}
