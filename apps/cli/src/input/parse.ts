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

/** A count: 1 or more. */
export function parseCount(text: string): number {
  const value = parseInteger(text);
  if (value === 0) throw new InvalidArgumentError('Write a whole number, 1 or more.');
  return value;
}

/** A SHA-256 digest, as the program shows it. */
export function parseSha256(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new InvalidArgumentError('Write 64 hex digits in lower case.');
  return text;
}

/** A folder to write into. An empty name would mean the current folder. */
export function parseFolder(text: string): string {
  if (text === '') throw new InvalidArgumentError('Name a folder.');
  return text;
}

/** For options that can be repeated, and that take several values with commas. */
export function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), ...value.split(',')];
}
