import { openOrchestrator, type Orchestrator } from '@agent-orchestrator/runtime';
import { amountOf } from '../amount.ts';
import type { Bench, BenchCase, Rounds } from '../bench-case.ts';
import type { Pair } from '../line.ts';
import { onPostgres, onSqlite } from '../places/index.ts';
import type { Place } from '../places/place.ts';
import { quantileOf, rotated } from '../spread.ts';
import { portionsOf } from '../tasks.ts';

const GRAPH = { whole: 100_000, few: 400 } as const;
const SMALL_GRAPH = { whole: 1_000, few: 200 } as const;
const RELEASES = { whole: 60, few: 4 } as const;
const FAN = { whole: 1_000, few: 20 } as const;
const SMALL_FAN = { whole: 100, few: 10 } as const;

/** Each task depends on so many of the tasks before it; one in so many on none, so that there is work. */
const DEPENDENCIES = 3;
const ONE_IN_ROOTS = 10;
const AGENT = 'bench';

/** Where the stores are, and how long it takes to fill them. */
interface Filled {
  readonly store: string;
  readonly placeOf: (bench: Bench) => Promise<Place>;
  readonly beginSeconds: number;
}

/**
 * Whether a release takes as long in a large graph of tasks as in a small one, and how long it takes for each task that
 * waits for the one that ends: those are told before the release is answered.
 */
function dependencyCase({ store, placeOf, beginSeconds }: Filled): BenchCase {
  return {
    name: `${store.toLowerCase()}-dependencies`,
    large: true,
    seconds: { begin: beginSeconds, round: 6 },
    lines: [
      {
        id: 'release',
        title: `${store}, release in a random graph of ${GRAPH.whole.toLocaleString('en')} tasks`,
        unit: 'ms (p50)',
        against: `the same with ${SMALL_GRAPH.whole.toLocaleString('en')} tasks`,
        better: 'less',
        target: { of: 'ratio', limit: 1.5 },
        isChecked: false,
      },
      {
        id: 'fan-out',
        title: `${store}, release of a task for which ${FAN.whole.toLocaleString('en')} wait`,
        unit: 'ms per task that waits',
        against: `the same with ${SMALL_FAN.whole}`,
        better: 'less',
        target: { of: 'ratio', limit: 1.5 },
        isChecked: false,
      },
      {
        id: 'fan-in',
        title: `${store}, release of ${FAN.whole.toLocaleString('en')} tasks for which one waits`,
        unit: 'ms per task that ends',
        against: `the same with ${SMALL_FAN.whole}`,
        better: 'less',
        target: { of: 'ratio', limit: 1.5 },
        isChecked: false,
      },
    ],
    async begin(bench): Promise<Rounds> {
      const place = await placeOf(bench);
      await using begun = new AsyncDisposableStack();
      const open = async (tasks: number): Promise<Orchestrator> => {
        const fresh = begun.use(await place.fresh());
        const orchestrator = begun.use(await openOrchestrator(fresh.url));
        await addGraph(orchestrator, tasks);
        bench.log(`  ${tasks.toLocaleString('en')} tasks in a random graph`);
        return orchestrator;
      };
      const graphs = { other: await open(amountOf(bench, SMALL_GRAPH)), ours: await open(amountOf(bench, GRAPH)) };
      const fans = begun.use(await openOrchestrator(begun.use(await place.fresh()).url));
      const opened = begun.move();
      return {
        async round(round) {
          const sizes = { ours: amountOf(bench, FAN), other: amountOf(bench, SMALL_FAN) };
          return {
            release: await releases(bench, graphs, round),
            'fan-out': await both(round, sizes, (size, key) => fanOut(fans, size, key)),
            'fan-in': await both(round, sizes, (size, key) => fanIn(fans, size, key)),
          };
        },
        end: () => opened.disposeAsync(),
      };
    },
  };
}

/** The same graph each time: the numbers of the tasks stand for chance. */
async function addGraph(orchestrator: Orchestrator, tasks: number): Promise<void> {
  for (const portion of portionsOf(tasks))
    await orchestrator.enqueueTasks(
      portion.map((at) => {
        const before = Array.from({ length: DEPENDENCIES }, (_, no) => scattered(at, no) % Math.max(at, 1));
        const isRoot = at % ONE_IN_ROOTS === 0;
        return { id: `task-${at}`, ...(!isRoot && { dependsOn: [...new Set(before)].map((one) => `task-${one}`) }) };
      }),
    );
}

function scattered(at: number, no: number): number {
  return Math.imul(at + 1, 2_654_435_761 + no * 40_503) >>> 0;
}

async function releases(bench: Bench, graphs: Pair<Orchestrator>, round: number): Promise<Pair> {
  const timesMs: Pair<number[]> = { ours: [], other: [] };
  for (let at = 0; at < amountOf(bench, RELEASES); at += 1)
    for (const side of rotated(['ours', 'other'] as const, round + at))
      timesMs[side].push(await timedRelease(graphs[side]));
  return { ours: quantileOf(timesMs.ours, 0.5), other: quantileOf(timesMs.other, 0.5) };
}

async function timedRelease(orchestrator: Orchestrator, sessionId?: string): Promise<number> {
  const claimed = await orchestrator.claimTask({ agent: AGENT, ...(sessionId !== undefined && { sessionId }) });
  if (!claimed.ok) throw new Error(`nothing to claim: ${claimed.reason}`);
  const start = performance.now();
  await orchestrator.releaseTask({ token: claimed.lease.token, outcome: 'succeeded' });
  return performance.now() - start;
}

async function both(
  round: number,
  sizes: Pair,
  measure: (size: number, key: string) => Promise<number>,
): Promise<Pair> {
  const found = { ours: 0, other: 0 };
  for (const side of rotated(['ours', 'other'] as const, round))
    found[side] = await measure(sizes[side], `${round}-${side}`);
  return found;
}

/** One task ends; all others are told before the release is answered. */
async function fanOut(orchestrator: Orchestrator, size: number, key: string): Promise<number> {
  const first = `out-${key}`;
  await orchestrator.enqueueTask({ id: first });
  for (const portion of portionsOf(size)) await orchestrator.enqueueTasks(portion.map(() => ({ dependsOn: [first] })));
  return (await timedRelease(orchestrator, first)) / size;
}

/** Each of them ends by itself, and the one that waits is told each time. */
async function fanIn(orchestrator: Orchestrator, size: number, key: string): Promise<number> {
  const ids = Array.from({ length: size }, (_, at) => `in-${key}-${at}`);
  for (const portion of portionsOf(size)) await orchestrator.enqueueTasks(portion.map((at) => ({ id: ids[at] ?? '' })));
  await orchestrator.enqueueTask({ id: `last-${key}`, dependsOn: ids });
  let totalMs = 0;
  for (const id of ids) totalMs += await timedRelease(orchestrator, id);
  const last = await orchestrator.getTask(`last-${key}`);
  if (last?.status !== 'queued') throw new Error(`the task that waited is ${last?.status}`);
  return totalMs / size;
}

export const dependencies: readonly BenchCase[] = [
  dependencyCase({ store: 'SQLite', placeOf: onSqlite, beginSeconds: 40 }),
  dependencyCase({ store: 'Postgres', placeOf: onPostgres, beginSeconds: 120 }),
];
