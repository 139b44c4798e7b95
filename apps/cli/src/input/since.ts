import { InvalidArgumentError } from 'commander';
import { parseDuration } from './parse.ts';

/** Where to begin: the last look, an event, a time, or a duration ago (in milliseconds). */
export type SinceWhen =
  | { readonly is: 'last' }
  | { readonly is: 'event'; readonly eventId: number }
  | { readonly is: 'time'; readonly at: number }
  | { readonly is: 'ago'; readonly ms: number };

/** A time with a zone, or a date in UTC: it must mean the same on every machine. */
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;

export function parseSince(text: string): SinceWhen {
  if (text === 'last') return { is: 'last' };
  if (/^\d{1,15}$/.test(text)) return { is: 'event', eventId: Number(text) };
  const at = timeOf(text);
  if (at !== null) return { is: 'time', at };
  try {
    return { is: 'ago', ms: parseDuration(text) };
  } catch {
    throw new InvalidArgumentError(
      'Write last, a duration (2h), the number of an event, or a time (2026-01-31, 2026-01-31T09:00Z).',
    );
  }
}

/** A time in milliseconds. */
export function parseTime(text: string): number {
  const at = timeOf(text);
  if (at === null) throw new InvalidArgumentError('Write a time, such as 2026-01-31T09:00:00.000Z.');
  return at;
}

function timeOf(text: string): number | null {
  const at = TIME.test(text) && isDate(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}

/** `Date.parse` takes the 31st of February as a day in March. */
function isDate(day: string): boolean {
  const at = Date.parse(day);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day);
}
