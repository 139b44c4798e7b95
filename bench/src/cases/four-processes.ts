import { join } from 'node:path';
import type { BenchCase } from '../bench-case.ts';
import { rotated, type Pair } from '../measure.ts';
import { resultOf } from '../result.ts';
import { takeSample } from '../sample.ts';
import { copyStore, removeStore, seedStore } from '../store.ts';
import { CONTESTANTS, servedByEach, type Contestant, type Served } from '../workers.ts';

const PROCESSES = 4;
const TASKS = 60_000;

/**
 * Several processes on one file, each commit surviving a power cut: what the waiting for each other costs, and whether
 * anybody starves. The floor is the faster, in each round, of two ways to wait: inside SQLite, and by timer.
 */
export const fourProcesses: BenchCase = {
  name: 'four-processes',
  async run({ rounds, folder, log }) {
    const sample = await takeSample(folder);
    const seed = join(folder, 'seed.db');
    const path = join(folder, 'shared.db');
    await seedStore(seed, TASKS);
    const rates: Pair[] = [];
    const shares: Pair[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const served: Partial<Record<Contestant, readonly Served[]>> = {};
      for (const contestant of rotated(CONTESTANTS, round)) {
        copyStore(seed, path);
        served[contestant] = await servedByEach({ contestant, path, sample, processes: PROCESSES });
        removeStore(path);
        log(`  round ${round + 1}, ${contestant}: ${summaryOf(served[contestant])}`);
      }
      const ours = (served.ours ?? []).map(({ unitsPerSecond }) => unitsPerSecond);
      const floor = Math.max(together(served['floor-waiting']), together(served['floor-retrying']));
      rates.push({ ours: together(served.ours), floor });
      shares.push({ ours: Math.min(...ours), floor: Math.max(...ours) });
    }
    removeStore(seed);
    const name = 'four processes, FULL';
    return [
      resultOf({ name, unit: 'units/s', against: 'floor, four processes, FULL', target: { atLeast: 0.8 } }, rates),
      resultOf(
        { name: `${name}, least served`, unit: 'units/s', against: 'ours, most served', target: { atLeast: 0.5 } },
        shares,
      ),
    ];
  },
};

function together(served: readonly Served[] = []): number {
  return served.reduce((total, { unitsPerSecond }) => total + unitsPerSecond, 0);
}

function summaryOf(served: readonly Served[]): string {
  const each = served.map(({ unitsPerSecond }) => unitsPerSecond.toFixed(0)).join(' ');
  const longestMs = Math.max(...served.map((one) => one.longestMs));
  return `${together(served).toFixed(0)} per second (${each}), longest wait ${longestMs.toFixed(0)} ms`;
}
