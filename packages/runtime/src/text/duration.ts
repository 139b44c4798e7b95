const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** For messages: how to write a duration. */
export const DURATION_HINT = 'Write a whole number and its unit: 500ms, 30s, 2m, 8h.';

/**
 * `500ms`, `30s`, `2m`, `8h` in milliseconds. Strict, because a misread duration would be a wrong deadline.
 *
 * @returns null if the text is not a duration
 */
export function durationMs(text: string): number | null {
  const [, count = '', unit = ''] = /^(\d{1,12})(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS[unit] ?? Number.NaN);
  return count !== '' && Number.isSafeInteger(ms) ? ms : null;
}

/** The text of a duration, in the largest unit that fits: `120s` is `2m`. */
export function durationText(ms: number): string {
  const [unit, length] = Object.entries(UNITS).findLast(([, length]) => ms >= length && ms % length === 0) ?? ['ms', 1];
  return `${ms / length}${unit}`;
}
