import type { BenchCase } from '../bench-case.ts';
import { duel } from '../duel.ts';
import { openFloor } from '../open-floor.ts';
import { openCallers } from '../open-ours.ts';
import { resultOf } from '../result.ts';
import { takeSample } from '../sample.ts';

/** Group commit: what callers at the same time gain over one after the other, each commit surviving a power cut. */
export const fiftyCallers: BenchCase = {
  name: 'fifty-callers',
  async run(bench) {
    const sample = await takeSample(bench.folder);
    const pairs = await duel(bench, {
      course: { turns: 8, unitsPerTurn: 500 },
      sameRows: true,
      open: {
        ours: (path) => openCallers(path, 'FULL', 50),
        floor: (path) => openFloor({ path, synchronous: 'FULL', sample }),
      },
    });
    return [
      resultOf(
        { name: 'fifty callers, FULL', unit: 'units/s', against: 'floor, one caller, FULL', target: { atLeast: 2 } },
        pairs,
      ),
    ];
  },
};
