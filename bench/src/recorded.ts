import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Machine } from './report.ts';
import type { Result } from './line.ts';
import type { Spread } from './spread.ts';

const FILE = fileURLToPath(new URL('../recorded.json', import.meta.url));

/** A ratio that later runs are compared with, and what it was measured on. */
export interface Recorded extends Spread {
  readonly rounds: number;
  readonly machine: Machine;
}

/** By `case/line`. */
export type RecordedRatios = Readonly<Record<string, Recorded>>;

export function readRecorded(): RecordedRatios {
  return JSON.parse(readFileSync(FILE, 'utf8')) as RecordedRatios;
}

/** Puts the ratios of a run in the places of older ones. Lines that no case has any more go. */
export function record(results: readonly Result[], known: readonly string[], machine: Machine, rounds: number): void {
  const ratios: Record<string, Recorded> = { ...readRecorded() };
  for (const { key, line, ratio } of results) if (line.checked !== 'never') ratios[key] = { ...ratio, rounds, machine };
  const kept = known.flatMap((key) => {
    const ratio = ratios[key];
    return ratio === undefined ? [] : [[key, rounded(ratio)] as const];
  });
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
}

function rounded({ median, min, max, ...others }: Recorded): Recorded {
  return { median: short(median), min: short(min), max: short(max), ...others };
}

function short(ratio: number): number {
  return Number(ratio.toPrecision(3));
}
