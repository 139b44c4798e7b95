// How wide a line may be, in every text that people write. A line that cannot be broken is not one that is too wide.

export const COLUMNS_MAX = 120;

/** Hangul, kana and Chinese take two columns; combining marks, and what follows in decomposed Hangul, none. */
const wide = /[\p{Script=Hangul}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uff60]/u;
const narrow = /[\p{M}\u1160-\u11ff\u200b-\u200f]/u;

export function columnsOf(line: string): number {
  let columns = 0;
  for (const character of line) columns += narrow.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return columns;
}

/** Written by `npm run docs`: its source is what has to be narrow. */
const isGenerated = (text: string): boolean => /^# .*\n\nGenerated .*by `npm run docs`/u.test(text);

/** Markdown has no way to break a row of a table, nor a link. */
const cannotBeBroken = (name: string, line: string): boolean =>
  name.endsWith('.md') && (/^\s*\|/u.test(line) || /^\s*(?:[-*] )?\[[^\]]*\]\(\S+\)[.,]?$/u.test(line));

/** The lines of a file that are too wide: their numbers, from 1, and columns. */
export function wideLines(name: string, text: string): { line: number; columns: number }[] {
  if (isGenerated(text)) return [];
  return text.split('\n').flatMap((line, index) => {
    // Most lines are short, and characters are at most twice as wide as they are many.
    if (line.length <= COLUMNS_MAX / 2) return [];
    const columns = columnsOf(line);
    return columns > COLUMNS_MAX && !cannotBeBroken(name, line) ? [{ line: index + 1, columns }] : [];
  });
}
