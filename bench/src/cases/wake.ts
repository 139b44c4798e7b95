import { setTimeout } from 'node:timers/promises';
import type { Orchestrator } from '@agent-orchestrator/runtime';
import type { BenchCase } from '../bench-case.ts';
import type { Pair } from '../measure.ts';
import { resultOf, type Result } from '../result.ts';
import { onEachStore, type SharedStore } from '../wake/stores.ts';
import { now, WorkerProcess } from '../wake/worker-process.ts';

const WARM_UP = 10;
const TASKS_PER_ROUND = 40;
/** Between two tasks the worker falls idle; never in step with any timer of its own. */
const PAUSE_MS = { least: 30, more: 90 };
const LIMIT_MS: Readonly<Record<string, number>> = { SQLite: 5, Postgres: 10 };

/**
 * How long an idle worker in another process takes to begin with a task, from the call that adds it: two durable
 * commits, and the wake-up between them. What the commits cost on this machine is measured beside it, without a process
 * to wake.
 */
export const wake: BenchCase = {
  name: 'wake',
  run: (bench) =>
    onEachStore(bench, async (store) => {
      const worker = await WorkerProcess.start(store.url);
      try {
        await round(store, worker, WARM_UP);
        const rounds: Pair[] = [];
        for (let turn = 0; turn < bench.rounds; turn += 1) {
          const { woken, commits } = await round(store, worker, TASKS_PER_ROUND);
          bench.log(`  ${store.name}: ${summaryOf(woken)}; the commits alone: ${summaryOf(commits)}`);
          rounds.push({ ours: share(woken, 0.5), floor: share(commits, 0.5) });
        }
        return resultsFor(store.name, rounds);
      } finally {
        await worker.stop();
      }
    }),
};

interface Latencies {
  readonly woken: readonly number[];
  readonly commits: readonly number[];
}

async function round({ shared, own }: SharedStore, worker: WorkerProcess, tasks: number): Promise<Latencies> {
  const woken: number[] = [];
  const commits: number[] = [];
  for (let task = 0; task < tasks; task += 1) {
    await setTimeout(PAUSE_MS.least + Math.random() * PAUSE_MS.more);
    const began = worker.next('began');
    await shared.enqueueTask({ payload: { sentAt: now() } });
    woken.push((await began).afterMs);
    await setTimeout(PAUSE_MS.least);
    commits.push(await enqueueAndClaim(own));
  }
  return { woken, commits };
}

async function enqueueAndClaim(orchestrator: Orchestrator): Promise<number> {
  const startedAt = now();
  await orchestrator.enqueueTask({ payload: { sentAt: startedAt } });
  const claimed = await orchestrator.claimTask({ agent: 'bench' });
  const tookMs = now() - startedAt;
  if (!claimed.ok) throw new Error(`not claimed: ${claimed.reason}`);
  const { token } = claimed.lease;
  await orchestrator.releaseTask({ token, outcome: 'succeeded' });
  return tookMs;
}

function resultsFor(store: string, rounds: readonly Pair[]): Result[] {
  const question = { name: `${store}: enqueue to claim, idle worker`, unit: 'ms (p50)' };
  const limitMs = LIMIT_MS[store] ?? Number.NaN;
  return [
    resultOf(
      { ...question, against: 'limit', target: { atMost: 1 } },
      rounds.map(({ ours }) => ({ ours, floor: limitMs })),
    ),
    resultOf({ ...question, against: 'the same commits, no process to wake', target: { atMost: 2 } }, rounds),
  ];
}

function share(latencies: readonly number[], part: number): number {
  const sorted = latencies.toSorted((a, b) => a - b);
  return sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN;
}

function summaryOf(latencies: readonly number[]): string {
  const [p50, p90, max] = [0.5, 0.9, 1].map((part) => share(latencies, part).toFixed(2));
  return `p50 ${p50} ms, p90 ${p90}, max ${max}`;
}
