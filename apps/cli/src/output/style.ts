import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Paints words for one stream: only on a terminal, and according to `NO_COLOR`, `FORCE_COLOR` and `TERM=dumb`. */
export type Paint = (format: Format, text: string) => string;

export function paintFor(stream: NodeJS.WriteStream): Paint {
  return (format, text) => styleText(format, text, { stream });
}

/** A state is shown by a glyph and a word; colour is only an addition. */
const STATES: Readonly<Record<string, readonly [glyph: string, format: Format]>> = {
  queued: ['○', 'cyan'],
  scheduled: ['◔', 'cyan'],
  running: ['▶', 'blue'],
  succeeded: ['✓', 'green'],
  failed: ['✗', 'red'],
  cancelled: ['⊘', 'yellow'],
  recovered: ['↻', 'magenta'],
  refused: ['✗', 'red'],
  idle: ['○', 'cyan'],
  stale: ['◌', 'yellow'],
  closed: ['□', 'dim'],
  ok: ['✓', 'green'],
  notice: ['·', 'cyan'],
  warning: ['!', 'yellow'],
  error: ['✗', 'red'],
};

export function state(word: string, paint: Paint): string {
  const [glyph, format] = STATES[word] ?? ['·', 'dim'];
  return paint(format, `${glyph} ${word}`);
}
