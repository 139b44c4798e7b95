import { setTimeout } from 'node:timers/promises';
import { openOrchestrator, type Orchestrator } from '@agent-orchestrator/runtime';
import { amountOf } from '../amount.ts';
import type { Bench, BenchCase } from '../bench-case.ts';
import { now } from '../now.ts';
import { onPostgres, onSqlite } from '../places/index.ts';
import type { Place } from '../places/place.ts';
import { quantileOf } from '../spread.ts';
import { WorkerProcess } from '../wake/worker-process.ts';

const WARM_UP = { whole: 10, few: 2 } as const;
/** A p99 of fewer would be the longest of them. */
const TASKS_PER_ROUND = { whole: 120, few: 4 } as const;
/** Between two tasks the worker falls idle; never in step with any timer of its own. */
const PAUSE_MS = { least: 25, more: 30 };
const LIMIT_MS = 60;

/**
 * How long an idle worker in another process takes to begin with a task, from the call that adds it: two durable
 * commits, and the wake-up between them. What the commits cost is measured beside it, in a store that only one process
 * uses.
 */
function wakeCase(name: string, title: string, placeOf: (bench: Bench) => Promise<Place>): BenchCase {
  const line = { title: `${title}, enqueue to claim by an idle worker`, better: 'less' } as const;
  return {
    name,
    seconds: { begin: 2, round: 9 },
    lines: [
      {
        ...line,
        id: 'p50',
        unit: 'ms (p50)',
        against: 'the two commits alone',
        target: { of: 'ratio', limit: 1.5 },
        isChecked: true,
      },
      {
        ...line,
        id: 'p99',
        unit: 'ms (p99)',
        against: 'limit',
        target: { of: 'ratio', limit: 1 },
        isChecked: false,
      },
    ],
    async begin(bench) {
      const place = await placeOf(bench);
      await using begun = new AsyncDisposableStack();
      const stores = [begun.use(await place.fresh()), begun.use(await place.fresh())] as const;
      const shared = begun.use(await openOrchestrator(stores[0].url));
      const own = begun.use(await openOrchestrator(stores[1].url));
      const worker = begun.adopt(await WorkerProcess.start(stores[0].url), (one) => one.stop());
      const at = { shared, own, worker };
      await latencies(at, amountOf(bench, WARM_UP));
      const opened = begun.move();
      return {
        async round() {
          const { woken, commits } = await latencies(at, amountOf(bench, TASKS_PER_ROUND));
          const [p50, p99, alone] = [quantileOf(woken, 0.5), quantileOf(woken, 0.99), quantileOf(commits, 0.5)];
          bench.log(`  p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms; the commits alone ${alone.toFixed(2)} ms`);
          return { p50: { ours: p50, other: alone }, p99: { ours: p99, other: LIMIT_MS } };
        },
        end: () => opened.disposeAsync(),
      };
    },
  };
}

export const sqliteWake = wakeCase('sqlite-wake', 'SQLite', onSqlite);
export const postgresWake = wakeCase('postgres-wake', 'Postgres', onPostgres);

interface Opened {
  readonly shared: Orchestrator;
  readonly own: Orchestrator;
  readonly worker: WorkerProcess;
}

interface Latencies {
  readonly woken: readonly number[];
  readonly commits: readonly number[];
}

async function latencies({ shared, own, worker }: Opened, tasks: number): Promise<Latencies> {
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
  await orchestrator.releaseTask({ token: claimed.lease.token, outcome: 'succeeded' });
  return tookMs;
}
