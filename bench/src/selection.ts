import type { BenchCase } from './bench-case.ts';
import { keyOf } from './line.ts';
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

/** What a check measures, and what it has nothing to compare with. */
export interface Comparable {
  readonly cases: readonly BenchCase[];
  /** Keys of lines whose cases are not measured. */
  readonly unrecorded: readonly string[];
}

/** @throws if nothing would be compared: a check that measures nothing must not pass */
export function comparableOf(chosen: readonly BenchCase[], { lines: recorded }: Recording): Comparable {
  const isRecorded = (one: BenchCase): boolean => keysOf(one).some((key) => recorded[key] !== undefined);
  const cases = chosen.filter(isRecorded);
  if (cases.length === 0) {
    const names = chosen.map(({ name }) => name).join(', ');
    throw new Refusal(`--check has nothing to compare: no line of these cases is recorded and compared: ${names}`);
  }
  return { cases, unrecorded: chosen.filter((one) => !isRecorded(one)).flatMap(keysOf) };
}

function keysOf({ name, lines }: BenchCase): string[] {
  return lines.filter(({ isChecked }) => isChecked).map((line) => keyOf(name, line));
}
