import type { BenchCase } from './bench-case.ts';
import type { Commit } from './commit.ts';
import type { Options } from './options.ts';
import type { Recording } from './recorded.ts';
import { Refusal } from './refusal.ts';

/**
 * The cases of a run. Beginnings of names choose no large case, unless these are asked for.
 *
 * @throws if a name fits no case
 */
export function casesOf(all: readonly BenchCase[], { cases, large }: Pick<Options, 'cases' | 'large'>): BenchCase[] {
  const fits = ({ name, large: isLarge = false }: BenchCase, wanted: string): boolean =>
    name === wanted || (name.startsWith(wanted) && (large || !isLarge));
  const unknown = cases.filter((wanted) => !all.some((one) => fits(one, wanted)));
  if (unknown.length > 0)
    throw new Refusal(`no case ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`);
  return all.filter((one) =>
    cases.length === 0 ? large || one.large !== true : cases.some((wanted) => fits(one, wanted)),
  );
}

/** What a check measures, and what it does not. */
export interface Comparable {
  readonly cases: readonly BenchCase[];
  /** Those that have a line to compare and no recording: the check fails for them. */
  readonly unrecorded: readonly BenchCase[];
  /** Those whose other sides are fixed limits. */
  readonly uncompared: readonly BenchCase[];
}

/** @throws if nothing would be compared: a check that measures nothing must not pass */
export function comparableOf(chosen: readonly BenchCase[], recording: Recording): Comparable {
  const isRecorded = ({ name }: BenchCase): boolean => recording.cases[name] !== undefined;
  const compared = chosen.filter(isCompared);
  const cases = compared.filter(isRecorded);
  const unrecorded = compared.filter((one) => !isRecorded(one));
  if (cases.length === 0) {
    const how =
      unrecorded.length === 0 ? 'no line of these is compared' : `record them with ${recordCommand(unrecorded)}`;
    throw new Refusal(`--check has nothing to compare, ${how}: ${namesOf(chosen)}`);
  }
  return { cases, unrecorded, uncompared: chosen.filter((one) => !isCompared(one)) };
}

function isCompared({ lines }: BenchCase): boolean {
  return lines.some(({ isChecked }) => isChecked);
}

/** Those that are not recorded yet as of this commit. With changes since the commit, that is all of them. */
export function missingOf(chosen: readonly BenchCase[], recording: Recording, commit: Commit | null): BenchCase[] {
  if (commit === null || commit.isChanged) return [...chosen];
  return chosen.filter(({ name }) => recording.cases[name]?.commit !== commit.id);
}

export function namesOf(cases: readonly Pick<BenchCase, 'name'>[]): string {
  return cases.map(({ name }) => name).join(', ');
}

/** What records these cases. */
export function recordCommand(cases: readonly Pick<BenchCase, 'name'>[]): string {
  return `npm run bench -- --record${cases.map(({ name }) => ` --case ${name}`).join('')}`;
}
