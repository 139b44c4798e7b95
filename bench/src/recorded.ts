import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Machine } from './report.ts';
import type { Result } from './line.ts';
import type { Spread } from './spread.ts';

/** The ratios that are committed. */
export const RECORDED = fileURLToPath(new URL('../recorded.json', import.meta.url));

/** A ratio that later runs are compared with, and what it was measured on. */
export interface Recorded extends Spread {
  readonly rounds: number;
  readonly machine: Machine;
}

/** By `case/line`. */
export type RecordedRatios = Readonly<Record<string, Recorded>>;

export function readRecorded(file = RECORDED): RecordedRatios {
  return JSON.parse(readFileSync(file, 'utf8')) as RecordedRatios;
}

/** What a run is recorded with. */
interface Recording {
  readonly file: string;
  /** Each line of each case, in the order of the table. */
  readonly known: readonly string[];
  readonly machine: Machine;
  readonly rounds: number;
}

/** Puts the ratios of a run in the places of older ones. Lines that no case has any more go. */
export function record(results: readonly Result[], { file, known, machine, rounds }: Recording): void {
  const ratios: Record<string, Recorded> = existsSync(file) ? { ...readRecorded(file) } : {};
  for (const { key, line, ratio } of results) if (line.isChecked) ratios[key] = { ...ratio, rounds, machine };
  const kept = known.flatMap((key) => {
    const ratio = ratios[key];
    return ratio === undefined ? [] : [[key, rounded(ratio)] as const];
  });
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
}

function rounded({ median, min, max, ...others }: Recorded): Recorded {
  return { median: short(median), min: short(min), max: short(max), ...others };
}

function short(ratio: number): number {
  return Number(ratio.toPrecision(3));
}
