import type { BenchCase, SubjectOf } from '../bench-case.ts';
import type { Served } from '../contender.ts';
import { rotated, type Pair } from '../measure.ts';
import { seedStore } from '../product.ts';
import { resultOf, type Target } from '../result.ts';
import type { Sample } from '../sample.ts';
import { takeSample } from '../take-sample.ts';
import type { Store, Subject } from '../subject.ts';
import { Crew, type Contestant } from '../workers.ts';

const PROCESSES = 4;
const TASKS = 30_000;
const ROUNDS = 5;

export interface ProcessesOptions {
  readonly name: string;
  readonly subjectOf: SubjectOf;
  /** In each process. */
  readonly callers: number;
  /** The floor is the fastest of these in each round. */
  readonly floors: readonly Contestant[];
  /** How long each works before the next one does, in milliseconds. */
  readonly turnMs: number;
  readonly target: Target;
}

/** Several processes on one store: what the waiting for each other costs, and whether a process starves. */
export function processesCase({ name, subjectOf, callers, floors, turnMs, target }: ProcessesOptions): BenchCase {
  return {
    name,
    async run(bench) {
      const subject = await subjectOf(bench);
      const sample = await takeSample(bench.folder);
      const seed = await seedStore(subject, 'seed', TASKS);
      const contestants: readonly Contestant[] = ['ours', ...floors];
      const rates: Pair[] = [];
      const shares: Pair[] = [];
      for (let round = 0; round < bench.rounds; round += 1) {
        const served = await servedTo({ subject, seed, sample, callers, contestants, turnMs, round });
        for (const [contestant, each] of served) bench.log(`  round ${round + 1}, ${contestant}: ${summaryOf(each)}`);
        const ours = ratesOf(served.get('ours'));
        rates.push({ ours: sum(ours), floor: Math.max(...floors.map((floor) => sum(ratesOf(served.get(floor))))) });
        shares.push({ ours: Math.min(...ours), floor: Math.max(...ours) });
      }
      await subject.remove(seed);
      const title = `${subject.name}: four processes${callers === 1 ? '' : ` of ${callers} callers`}`;
      return [
        resultOf({ name: title, unit: 'units/s', against: 'floor, the same', target }, rates),
        resultOf(
          { name: `${title}, least served`, unit: 'units/s', against: 'ours, most served', target: { atLeast: 0.5 } },
          shares,
        ),
      ];
    },
  };
}

interface Round {
  readonly subject: Subject;
  readonly seed: Store;
  readonly sample: Sample;
  readonly callers: number;
  readonly contestants: readonly Contestant[];
  readonly turnMs: number;
  readonly round: number;
}

/** One round: each contestant with four processes on a store of its own, one contestant working at a time. */
async function servedTo({
  subject,
  seed,
  sample,
  callers,
  contestants,
  turnMs,
  round,
}: Round): Promise<ReadonlyMap<Contestant, readonly Served[]>> {
  const entries: { readonly contestant: Contestant; readonly store: Store; readonly crew: Crew }[] = [];
  try {
    for (const contestant of contestants) {
      const store = await subject.copy(seed, contestant);
      entries.push({ contestant, store, crew: await Crew.open(PROCESSES, { contestant, store, sample, callers }) });
    }
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      for (const { crew } of rotated(entries, round + turn)) await crew.goFor(turnMs);
    }
  } finally {
    for (const { crew, store } of entries) {
      await crew.close();
      await subject.remove(store);
    }
  }
  return new Map(entries.map(({ contestant, crew }) => [contestant, crew.served]));
}

function ratesOf(served: readonly Served[] = []): number[] {
  return served.map(rateOf);
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
  return `${sum(ratesOf(served)).toFixed(0)} per second (${each}), longest wait ${longestMs.toFixed(0)} ms`;
}
