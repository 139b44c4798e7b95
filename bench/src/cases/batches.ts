import type { BenchCase, SubjectOf } from '../bench-case.ts';
import type { Contender } from '../contender.ts';
import { duel } from '../duel.ts';
import type { Course } from '../measure.ts';
import { openBatches } from '../product.ts';
import { resultOf, type Target } from '../result.ts';
import type { Sample } from '../sample.ts';
import { takeSample } from '../take-sample.ts';
import type { Store, Subject } from '../subject.ts';

const LIMIT = 100;

export interface BatchesOptions {
  readonly name: string;
  readonly subjectsOf: readonly SubjectOf[];
  readonly course: Course;
  /** One by one: the product, or the floor. */
  readonly against: string;
  readonly openOther: (subject: Subject, store: Store, sample: Sample) => Promise<Contender>;
  readonly target: Target;
}

/** Claims and releases of a hundred at once. */
export function batchesCase({ name, subjectsOf, course, against, openOther, target }: BatchesOptions): BenchCase {
  return {
    name,
    async run(bench) {
      const sample = await takeSample(bench.folder);
      const results = [];
      for (const subjectOf of subjectsOf) {
        const subject = await subjectOf(bench);
        const pairs = await duel(bench, {
          subject,
          course,
          sameRows: false,
          open: {
            ours: (store) => openBatches(store, LIMIT),
            floor: (store) => openOther(subject, store, sample),
          },
        });
        results.push(
          resultOf({ name: `${subject.name}: batches of ${LIMIT}`, unit: 'units/s', against, target }, pairs),
        );
      }
      return results;
    },
  };
}
