import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `500ms`, `30s`, `2m`, `8h` in milliseconds. Strict: a duration that was half understood would be a wrong deadline. */
export function parseDuration(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,12})(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS[unit] ?? Number.NaN);
  if (count === '' || !Number.isSafeInteger(ms))
    throw new InvalidArgumentError('Write a whole number and its unit: 500ms, 30s, 2m, 8h.');
  return ms;
}

export function parseInteger(text: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('Write a whole number.');
  return value;
}

/** How many are wanted: from one up. */
export function parseCount(text: string): number {
  const value = parseInteger(text);
  if (value === 0) throw new InvalidArgumentError('Write a whole number from 1 up.');
  return value;
}

/** For options that may be given several times, and take several values parted by commas. */
export function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), ...value.split(',')];
}
