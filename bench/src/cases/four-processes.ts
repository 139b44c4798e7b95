import { join } from 'node:path';
import type { Bench, BenchCase } from '../bench-case.ts';
import { rotated, type Pair } from '../measure.ts';
import { resultOf } from '../result.ts';
import { takeSample, type Sample } from '../sample.ts';
import { copyStore, removeStore, seedStore } from '../store.ts';
import { CONTESTANTS, Crew, type Contestant, type Served } from '../workers.ts';

const PROCESSES = 4;
const TASKS = 30_000;
const TURNS = 5;
const TURN_MS = 400;

/**
 * Several processes on one file, each commit surviving a power cut: what the waiting for each other costs, and whether
 * anybody starves. The floor is the faster, in each round, of two ways to wait: inside SQLite, and by timer.
 */
export const fourProcesses: BenchCase = {
  name: 'four-processes',
  async run(bench) {
    const sample = await takeSample(bench.folder);
    const seed = join(bench.folder, 'seed.db');
    await seedStore(seed, TASKS);
    const rates: Pair[] = [];
    const shares: Pair[] = [];
    for (let round = 0; round < bench.rounds; round += 1) {
      const served = await servedTo(bench, seed, sample, round);
      for (const contestant of CONTESTANTS)
        bench.log(`  round ${round + 1}, ${contestant}: ${summaryOf(served[contestant])}`);
      const ours = served.ours.map(rateOf);
      const floor = Math.max(sum(served['floor-waiting'].map(rateOf)), sum(served['floor-retrying'].map(rateOf)));
      rates.push({ ours: sum(ours), floor });
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

type ByContestant<T> = Record<Contestant, T>;

/** One round: each contestant with four processes on a store of its own, one contestant working at a time. */
async function servedTo(
  { folder }: Bench,
  seed: string,
  sample: Sample,
  round: number,
): Promise<ByContestant<readonly Served[]>> {
  const paths = CONTESTANTS.map((contestant) => copyStore(seed, join(folder, `${contestant}.db`)));
  const crews = await Promise.all(
    CONTESTANTS.map((contestant, at) => Crew.open(PROCESSES, { contestant, path: paths[at] ?? '', sample })),
  );
  try {
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const crew of rotated(crews, round + turn)) await crew.goFor(TURN_MS);
    }
  } finally {
    for (const crew of crews) await crew.close();
    for (const path of paths) removeStore(path);
  }
  return Object.fromEntries(
    CONTESTANTS.map((contestant, at) => [contestant, crews[at]?.served ?? []]),
  ) as unknown as ByContestant<readonly Served[]>;
}

function rateOf({ units, elapsedMs }: Served): number {
  return (units * 1000) / elapsedMs;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function summaryOf(served: readonly Served[]): string {
  const each = served.map((one) => rateOf(one).toFixed(0)).join(' ');
  const longestMs = Math.max(...served.map((one) => one.longestMs));
  return `${sum(served.map(rateOf)).toFixed(0)} per second (${each}), longest wait ${longestMs.toFixed(0)} ms`;
}
