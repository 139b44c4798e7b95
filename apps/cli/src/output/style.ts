import { styleText } from 'node:util';
import { marked } from './screen.ts';
import { SESSION_STATUSES, TASK_STATUSES } from '@agent-orchestrator/runtime';

type Format = Parameters<typeof styleText>[0];

/** Paints words for one stream: only on a terminal, and according to `NO_COLOR`, `FORCE_COLOR` and `TERM=dumb`. */
export type Paint = (format: Format, text: string) => string;

export function paintFor(stream: NodeJS.WriteStream): Paint {
  return (format, text) => marked(text, (escaped) => styleText(format, escaped, { stream }));
}

/** A status that both have is shown alike. */
const STATUSES = { ...SESSION_STATUSES, ...TASK_STATUSES };

/** What is no status of a task or session, but is shown like one. */
const OTHER_STATES: Readonly<Record<string, readonly [glyph: string, format: Format]>> = {
  recovered: ['↻', 'magenta'],
  returned: ['↩', 'yellow'],
  refused: ['✗', 'red'],
  stale: ['◌', 'yellow'],
  active: ['●', 'green'],
  draining: ['◌', 'yellow'],
  retired: ['⊘', 'dim'],
  ok: ['✓', 'green'],
  notice: ['·', 'cyan'],
  warning: ['!', 'yellow'],
  error: ['✗', 'red'],
  healthy: ['✓', 'green'],
  degraded: ['!', 'yellow'],
  unhealthy: ['✗', 'red'],
};

/** A state is shown by a glyph and a word; colour is only an addition. */
export function state(word: string, paint: Paint): string {
  const [glyph, format] = isStatus(word)
    ? [STATUSES[word].glyph, STATUSES[word].colour]
    : (OTHER_STATES[word] ?? ['·', 'dim']);
  return paint(format, `${glyph} ${word}`);
}

function isStatus(word: string): word is keyof typeof STATUSES {
  return Object.hasOwn(STATUSES, word);
}
