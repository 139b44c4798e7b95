import { join } from 'node:path';
import type { BenchCase } from '../bench-case.ts';
import type { Pair } from '../measure.ts';
import { resultOf } from '../result.ts';
import { takeSample } from '../sample.ts';
import { copyStore, removeStore, seedStore } from '../store.ts';
import { CONTESTANTS, servedByEach, type Contestant } from '../workers.ts';

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
      const served = new Map<Contestant, readonly number[]>();
      for (const contestant of rotated(CONTESTANTS, round)) {
        copyStore(seed, path);
        served.set(contestant, await servedByEach({ contestant, path, sample, processes: PROCESSES }));
        removeStore(path);
      }
      const floors = [served.get('floor-waiting') ?? [], served.get('floor-retrying') ?? []];
      const fastest = floors.toSorted((a, b) => sum(b) - sum(a))[0] ?? [];
      const ours = served.get('ours') ?? [];
      rates.push({ ours: sum(ours), floor: sum(fastest) });
      shares.push({ ours: Math.min(...ours), floor: Math.max(...ours) });
      log(
        `  round ${round + 1}: ${[...served].map(([contestant, each]) => `${contestant} ${sum(each).toFixed(0)} per second (${each.map((rate) => rate.toFixed(0)).join(' ')})`).join(', ')}`,
      );
    }
    removeStore(seed);
    return [
      resultOf(
        {
          name: 'four processes, FULL',
          unit: 'units/s',
          against: 'floor, four processes, FULL',
          target: { atLeast: 0.8 },
        },
        rates,
      ),
      resultOf(
        {
          name: 'four processes, least served',
          unit: 'units/s',
          against: 'ours, most served',
          target: { atLeast: 0.5 },
        },
        shares,
      ),
    ];
  },
};

function rotated<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
