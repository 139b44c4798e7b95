import { amountOf } from '../amount.ts';
import type { Bench, BenchCase } from '../bench-case.ts';
import { onPostgres, onSqlite } from '../places/index.ts';
import type { Place } from '../places/place.ts';
import { WorkerProcess } from '../wake/worker-process.ts';

const IDLE_MS = { whole: 5_000, few: 500 } as const;
/** First what was left over from the start is tidied up. */
const SETTLE_MS = { whole: 2_000, few: 100 } as const;
const LIMIT_PERCENT = 1;

/** What an idle worker costs: processor time of its whole process, as a share of one core. */
function idleCase(name: string, title: string, placeOf: (bench: Bench) => Promise<Place>): BenchCase {
  return {
    name,
    seconds: { begin: 3, round: 5 },
    lines: [
      {
        id: 'worker',
        title: `${title}, idle worker`,
        unit: '% of a core',
        against: 'limit',
        better: 'less',
        target: { of: 'ratio', limit: 1 },
        isChecked: false,
      },
    ],
    async begin(bench) {
      const place = await placeOf(bench);
      const store = await place.fresh();
      const worker = await WorkerProcess.start(store.url);
      await spent(worker, amountOf(bench, SETTLE_MS));
      const idleMs = amountOf(bench, IDLE_MS);
      return {
        async round() {
          const ours = (100 * (await spent(worker, idleMs))) / idleMs;
          bench.log(`  ${ours.toFixed(2)} % of a core`);
          return { worker: { ours, other: LIMIT_PERCENT } };
        },
        async end() {
          await worker.stop();
          await store[Symbol.asyncDispose]();
        },
      };
    },
  };
}

export const sqliteIdle = idleCase('sqlite-idle', 'SQLite', onSqlite);
export const postgresIdle = idleCase('postgres-idle', 'Postgres', onPostgres);

async function spent(worker: WorkerProcess, idleMs: number): Promise<number> {
  const idled = worker.next('idled');
  worker.ask({ idleMs });
  return (await idled).cpuMs;
}
