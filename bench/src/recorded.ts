import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Conditions } from './conditions.ts';
import type { Measured, MeasuredCase, Result } from './line.ts';
import { isSteady, type Spread } from './spread.ts';

/** The ratios that are committed. */
export const RECORDED = fileURLToPath(new URL('../recorded.json', import.meta.url));

/** One case, all of whose rounds are of one run. */
export interface RecordedCase {
  /** The code that was measured. */
  readonly commit: string;
  /** When it ended, as an ISO date to the minute. */
  readonly at: string;
  readonly conditions: Conditions;
  /** By the id of the line. */
  readonly lines: Readonly<Record<string, Measured>>;
}

/** What later runs are compared with. Cases may be of several runs, but each of them says of which. */
export interface Recording {
  /** By name; a case that is not there is not recorded. */
  readonly cases: Readonly<Record<string, RecordedCase>>;
}

export const NOTHING: Recording = { cases: {} };

export function readRecorded(file = RECORDED): Recording {
  return JSON.parse(readFileSync(file, 'utf8')) as Recording;
}

/** The file to add to; nothing if it is not there yet. */
export function readRecordedSoFar(file: string): Recording {
  try {
    return readRecorded(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NOTHING;
    throw error;
  }
}

/** The line of a result as it was recorded. */
export function recordedLine({ cases }: Recording, { caseName, line }: Pick<Result, 'caseName' | 'line'>) {
  const one = cases[caseName];
  const measured = one?.lines[line.id];
  return one === undefined || measured === undefined ? undefined : { ...measured, conditions: one.conditions };
}

/** Why a case cannot be recorded; undefined: it can. */
export function unfit({ results }: Pick<MeasuredCase, 'results'>): string | undefined {
  const missing = results.filter(({ isMeasured }) => !isMeasured).map(({ key }) => key);
  return missing.length === 0 ? undefined : `not measured in every round: ${missing.join(', ')}`;
}

/** The lines that are recorded, but that no check can compare. */
export function swinging({ results }: Pick<MeasuredCase, 'results'>): readonly Result[] {
  return results.filter(({ line, ratio }) => line.isChecked && !isSteady(ratio));
}

/** The recording with this case, in the place of an earlier one. */
export function withCase(
  { cases }: Recording,
  { name, conditions, results }: MeasuredCase,
  stamp: Pick<RecordedCase, 'commit' | 'at'>,
): Recording {
  const lines = results.map(({ line, ours, other, ratio }) => [
    line.id,
    { ours: rounded(ours), other: rounded(other), ratio: rounded(ratio) },
  ]);
  return { cases: { ...cases, [name]: { ...stamp, conditions, lines: Object.fromEntries(lines) } } };
}

/** In one step: a run that is interrupted leaves the file as it was after the last case. */
export function writeRecorded(recording: Recording, file = RECORDED): void {
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, `${JSON.stringify(recording, null, 2)}\n`);
  renameSync(unfinished, file);
}

function rounded({ median, min, max }: Spread): Spread {
  return { median: short(median), min: short(min), max: short(max) };
}

function short(value: number): number {
  return Number(value.toPrecision(4));
}
