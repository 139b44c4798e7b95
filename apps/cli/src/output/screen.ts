import { printable } from './printable.ts';

/*
 * The one way from a text to a terminal. Whatever a view puts into a line, from a store, a file or the command line,
 * comes out as characters that move nothing, hide nothing and break no line. Only colours of our own pass. They are
 * marked by U+0000 until then, because no stored text, argument or variable can contain that character.
 */

const MARK = '\0';
const ESCAPE = '\u001b';
const COLOUR = /(\0\[\d+(?:;\d+)*m)/u;

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

/** A line without its colours, to measure it. */
export function withoutColours(line: string): string {
  return line
    .split(COLOUR)
    .filter((_, at) => at % 2 === 0)
    .join('');
}
