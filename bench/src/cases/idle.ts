import type { BenchCase } from '../bench-case.ts';
import { resultOf } from '../result.ts';
import { onEachStore } from '../wake/stores.ts';
import { WorkerProcess } from '../wake/worker-process.ts';

const IDLE_MS = 60_000;
/** First what was left over from the start is tidied up. */
const SETTLE_MS = 2_000;
const LIMIT_PERCENT = 1;

/** What an idle worker costs: processor time of its whole process over a minute, as a share of one core. */
export const idle: BenchCase = {
  name: 'idle',
  run: (bench) =>
    onEachStore(bench, async ({ name, url }) => {
      const worker = await WorkerProcess.start(url);
      try {
        await spent(worker, SETTLE_MS);
        const percent = (100 * (await spent(worker, IDLE_MS))) / IDLE_MS;
        bench.log(`  ${name}: ${percent.toFixed(2)} % of a core`);
        const question = { name: `${name}: idle worker`, unit: '% of a core', against: 'limit', target: { atMost: 1 } };
        return [resultOf(question, [{ ours: percent, floor: LIMIT_PERCENT }])];
      } finally {
        await worker.stop();
      }
    }),
};

async function spent(worker: WorkerProcess, idleMs: number): Promise<number> {
  const idled = worker.next('idled');
  worker.ask({ idleMs });
  return (await idled).cpuMs;
}
