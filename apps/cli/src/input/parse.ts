import { DURATION_HINT, durationMs } from '@agent-orchestrator/runtime/duration';
import { InvalidArgumentError } from 'commander';

/** A duration in milliseconds. */
export function parseDuration(text: string): number {
  const ms = durationMs(text);
  if (ms === null) throw new InvalidArgumentError(DURATION_HINT);
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

/** A folder to write into. Without a name it would be the current one. */
export function parseFolder(text: string): string {
  if (text === '') throw new InvalidArgumentError('Name a folder.');
  return text;
}

/** For options that may be given several times, and take several values parted by commas. */
export function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), ...value.split(',')];
}
