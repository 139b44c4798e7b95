import { createRequire } from 'node:module';

export { dataJson, printable, printableJson } from './visible.ts';
export { IN_NO_ID } from '@agent-orchestrator/core/id-characters';

/** Of these, each character has one column: ASCII, Latin letters, and the signs of our own answers. */
const PLAIN = /^[\x20-\x7e\xc0-\u02af·–—…→↻▶○□◌◔✓✗⊘]*$/u;

/** Loaded for the first text that needs it: it reads data of all scripts, which slows the start of a short command. */
let stringWidth: ((text: string) => number) | undefined;

/** The columns of a printable text on a terminal: East Asian letters and emoji take two, combining marks none. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  stringWidth ??= loadStringWidth();
  return stringWidth(text);
}

function loadStringWidth(): (text: string) => number {
  try {
    const library = createRequire(import.meta.url)('#string-width') as typeof import('string-width');
    return library.default;
  } catch {
    // Node can be told to require no ES module. A narrow column is better than no answer: it can have a lease's token.
    return (text) => graphemesOf(text).length;
  }
}

/** The characters as people see them. */
function graphemesOf(text: string): string[] {
  const segments = new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text);
  return Array.from(segments, ({ segment }) => segment);
}

/** Cuts a printable text to a number of columns, between whole characters as people see them. */
export function shorten(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  if (PLAIN.test(text)) return `${text.slice(0, Math.max(0, columns - 1))}…`;
  let cut = '';
  let width = 0;
  for (const grapheme of graphemesOf(text)) {
    width += widthOf(grapheme);
    if (width > columns - 1) break;
    cut += grapheme;
  }
  return `${cut}…`;
}
