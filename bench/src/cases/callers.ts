import type { BenchCase, SubjectOf } from '../bench-case.ts';
import { duel } from '../duel.ts';
import type { Course } from '../measure.ts';
import { openCallers } from '../product.ts';
import { resultOf, type Target } from '../result.ts';
import { takeSample } from '../take-sample.ts';

export interface CallersOptions {
  readonly name: string;
  readonly subjectOf: SubjectOf;
  readonly callers: number;
  readonly floorCallers: number;
  readonly course: Course;
  readonly target: Target;
}

/** What the rules cost, and what callers at the same time gain by sharing a commit. */
export function callersCase({ name, subjectOf, callers, floorCallers, course, target }: CallersOptions): BenchCase {
  return {
    name,
    async run(bench) {
      const subject = await subjectOf(bench);
      const sample = await takeSample(bench.folder);
      const pairs = await duel(bench, {
        subject,
        course,
        sameRows: true,
        open: {
          ours: (store) => openCallers(store, callers),
          floor: (store) => subject.openFloor(store, { sample, callers: floorCallers, process: 0 }),
        },
      });
      return [
        resultOf(
          {
            name: `${subject.name}: ${counted(callers)}`,
            unit: 'units/s',
            against: `floor, ${counted(floorCallers)}`,
            target,
          },
          pairs,
        ),
      ];
    },
  };
}

function counted(callers: number): string {
  return callers === 1 ? 'one caller' : `${callers} callers`;
}
