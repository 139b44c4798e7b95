import type { BenchCase } from '../bench-case.ts';
import { duel } from '../duel.ts';
import { openBatches, openCallers } from '../open-ours.ts';
import { resultOf, type Result } from '../result.ts';
import type { Synchronous } from '../store.ts';

/** Claims and releases of a hundred at once, against the same product one by one. */
export const batches: BenchCase = {
  name: 'batches',
  async run(bench) {
    const results: Result[] = [];
    for (const synchronous of ['FULL', 'NORMAL'] as const satisfies readonly Synchronous[]) {
      const pairs = await duel(bench, {
        course: { turns: 8, unitsPerTurn: 500 },
        sameRows: false,
        open: {
          ours: (path) => openBatches(path, synchronous, 100),
          floor: (path) => openCallers(path, synchronous, 1),
        },
      });
      results.push(
        resultOf(
          {
            name: `batches of 100, ${synchronous}`,
            unit: 'units/s',
            against: `ours one by one, ${synchronous}`,
            target: { atLeast: 3 },
          },
          pairs,
        ),
      );
    }
    return results;
  },
};
