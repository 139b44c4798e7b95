import type { BenchCase } from './bench-case.ts';
import { busyDuring } from './conditions.ts';
import type { MeasuredCase } from './line.ts';
import type { Options } from './options.ts';
import { readRecordedSoFar, RECORDED, swinging, unfit, withCase, writeRecorded } from './recorded.ts';
import { writeResults } from './results-page.ts';

/** Adds one case after the other to the file, and to the README where the file is the committed one. */
export class Recorder {
  readonly #file: string;
  readonly #evenLoaded: boolean;
  readonly #commit: string;
  readonly #cases: readonly BenchCase[];
  readonly #recorded = new Set<string>();

  constructor(
    { recorded, evenLoaded }: Pick<Options, 'recorded' | 'evenLoaded'>,
    { commit, cases }: { readonly commit: string; readonly cases: readonly BenchCase[] },
  ) {
    this.#file = recorded;
    this.#evenLoaded = evenLoaded;
    this.#commit = commit;
    this.#cases = cases;
  }

  /** Says what it did. A case that is not recorded leaves what was recorded of it before. */
  add(measured: MeasuredCase, at = new Date()): string {
    const { name, conditions } = measured;
    const reason = unfit(measured) ?? (this.#evenLoaded ? undefined : busyDuring(conditions));
    if (reason !== undefined) return `${name} is not recorded: ${reason}`;
    const stamp = { commit: this.#commit, at: `${at.toISOString().slice(0, 16)}Z` };
    const recording = withCase(readRecordedSoFar(this.#file), measured, stamp);
    writeRecorded(recording, this.#file);
    if (this.#file === RECORDED) writeResults(recording, this.#cases);
    this.#recorded.add(name);
    const swings = swinging(measured).map(({ key }) => key);
    const uncompared = swings.length === 0 ? '' : `; no check will compare ${swings.join(', ')}, which swings too much`;
    return `${name} is recorded${uncompared}`;
  }

  /** Those that it did not record. */
  without(cases: readonly BenchCase[]): readonly BenchCase[] {
    return cases.filter(({ name }) => !this.#recorded.has(name));
  }
}
