import { isShellWord } from './shell-word.ts';

/*
 * The names of tasks and sessions: each has an id, for programs, and a short number, for people.
 */

/** What has a number. */
export type NumberedKind = 'task' | 'session';

/** The part of a task or a session that names it. */
export interface Numbered {
  readonly id: string;
  readonly number: number;
}

/** Matches the number of a task or a session. */
const NUMBER = /^[ts]\d+$/;
/** Matches an id that was generated, for a task and for the session that was made for it. */
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

/** Its name in a sentence: the id that a person chose, or else its number. */
export function nameOf(kind: NumberedKind, numbered: Numbered): string {
  return MADE.test(numbered.id) ? numberOf(kind, numbered) : numbered.id;
}

/** Its name in a command line: as in a sentence, but its number where a shell would not take the id as one word. */
export function referenceTo(kind: NumberedKind, numbered: Numbered): string {
  const name = nameOf(kind, numbered);
  return isShellWord(name) ? name : numberOf(kind, numbered);
}

/** Its name in a list: its number, and the id that a person chose. */
export function labelOf(kind: NumberedKind, numbered: Numbered): string {
  const number = numberOf(kind, numbered);
  return MADE.test(numbered.id) ? number : `${number} ${numbered.id}`;
}
