import { IN_NO_ID, printable } from './printable.ts';

/*
 * The one way from a text to a terminal. Whatever a view puts into a line, from a store, a file or the command line,
 * comes out as characters that move nothing, hide nothing and break no line. Only colours of our own pass. Until then
 * they are marked, by what no text can contain that was written before this process began.
 */

const MARK = `\0${Math.random().toString(36).slice(2)}\0`;
const ESCAPE = '\u001b';
const COLOUR = new RegExp(`(${MARK}\\[\\d+(?:;\\d+)*m)`, 'u');

/** Marks the colours of a painted text; `text` is what was painted. */
export function marked(text: string, painted: (text: string) => string): string {
  return painted(text.replaceAll(ESCAPE, printable(ESCAPE))).replaceAll(ESCAPE, MARK);
}

/** One line as it is written to a terminal. */
export function onScreen(line: string): string {
  return line
    .split(COLOUR)
    .map((part, at) => (at % 2 === 1 ? part.replace(MARK, ESCAPE) : printable(part)))
    .join('');
}

/** What moves the cursor, breaks the line or turns it round. */
const HARMFUL = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu;
/** What no command takes in an id, but another program can write into a database. */
const FOREIGN = new RegExp(`[${IN_NO_ID}]`, 'gu');

/** A line for a program. What does harm is escaped; all else stays as it is, also what a screen would not show. */
export function inOneLine(text: string): string {
  return text.replaceAll(HARMFUL, printable);
}

/** The same for an id: what is in no id is escaped. */
export function idInOneLine(id: string): string {
  return id.replaceAll(FOREIGN, printable);
}

/** A line without its colours, to measure it. */
export function withoutColours(line: string): string {
  return line
    .split(COLOUR)
    .filter((_, at) => at % 2 === 0)
    .join('');
}
