import type { BenchCase } from '../bench-case.ts';
import { duel } from '../duel.ts';
import { openFloor } from '../open-floor.ts';
import { openCallers } from '../open-ours.ts';
import { resultOf } from '../result.ts';
import { takeSample } from '../sample.ts';

/** What the rules cost where the disk costs least. */
export const oneCaller: BenchCase = {
  name: 'one-caller',
  async run(bench) {
    const sample = await takeSample(bench.folder);
    const pairs = await duel(bench, {
      course: { turns: 8, unitsPerTurn: 500 },
      sameRows: true,
      open: {
        ours: (path) => openCallers(path, 'NORMAL', 1),
        floor: (path) => openFloor({ path, synchronous: 'NORMAL', sample }),
      },
    });
    return [
      resultOf(
        { name: 'one caller, NORMAL', unit: 'units/s', against: 'floor, one caller, NORMAL', target: { atLeast: 0.6 } },
        pairs,
      ),
    ];
  },
};
