import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Conditions } from './conditions.ts';
import type { Measured, Result } from './line.ts';
import { isSteady, type Spread } from './spread.ts';

/** The ratios that are committed. */
export const RECORDED = fileURLToPath(new URL('../recorded.json', import.meta.url));

/** One whole run, which later runs are compared with. */
export interface Recording {
  /** null: nothing is recorded. */
  readonly conditions: Conditions | null;
  /** By `case/line`. */
  readonly lines: Readonly<Record<string, Measured>>;
}

export function readRecorded(file = RECORDED): Recording {
  return JSON.parse(readFileSync(file, 'utf8')) as Recording;
}

/** Why a line of a run cannot be recorded; undefined: it can. */
export function unfit({ line, isMeasured, ratio }: Result, { evenLoaded }: { readonly evenLoaded: boolean }) {
  if (!isMeasured) return 'was not measured in every round';
  if (evenLoaded || !line.isChecked || isSteady(ratio)) return undefined;
  return `swings too much: ${ratio.min.toPrecision(3)} to ${ratio.max.toPrecision(3)}`;
}

/** A recording of these results. */
export function recordingOf(results: readonly Result[], conditions: Conditions): Recording {
  const lines = results.map(({ key, ours, other, ratio }) => [
    key,
    { ours: rounded(ours), other: rounded(other), ratio: rounded(ratio) },
  ]);
  return { conditions, lines: Object.fromEntries(lines) };
}

export function writeRecorded(recording: Recording, file = RECORDED): void {
  writeFileSync(file, `${JSON.stringify(recording, null, 2)}\n`);
}

function rounded({ median, min, max }: Spread): Spread {
  return { median: short(median), min: short(min), max: short(max) };
}

function short(value: number): number {
  return Number(value.toPrecision(4));
}
