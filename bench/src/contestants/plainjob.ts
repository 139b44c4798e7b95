import { setImmediate as yieldOnce } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { better, defineQueue, defineWorker, JobStatus, type Worker } from 'plainjob';
import { payloadOf, type Payload } from '../tasks.ts';
import { fail } from './callers.ts';
import { pathOf, type Contestant, type OnTask, type Seat, type Tally } from './contestant.ts';

/*
 * plainjob sets WAL and synchronous = NORMAL itself, and has no other setting for it. It writes no event log, no fence,
 * and a time-out instead of a lease.
 */
const TYPE = 'main';
/** Its worker sleeps a second when it finds nothing, unless told otherwise. */
const POLL_MS = 5;
/** Its worker waits for nothing but promises, so the process would not hear its parent. */
const JOBS_BEFORE_YIELD = 32;

const LOGGER = { debug: ignore, info: ignore, warn: ignore, error: (message: string) => fail(new Error(message)) };

/** One worker handles one job at a time, so several callers are several workers. */
export async function openPlainjob({ url, synchronous, callers }: Seat): Promise<Contestant> {
  if (synchronous !== 'NORMAL') throw new Error('plainjob has no setting but synchronous = NORMAL');
  const queue = defineQueue({ connection: better(new Database(pathOf(url))), logger: LOGGER });
  let workers: readonly Worker[] = [];
  return {
    enqueue: async (tasks) => void queue.addMany(TYPE, tasks.map(payloadOf)),
    async start(onTask) {
      const options = { queue, logger: LOGGER, pollIntervall: POLL_MS };
      workers = Array.from({ length: callers }, () => defineWorker(TYPE, handlerOf(onTask), options));
      // A loop that waits for a lock inside SQLite must not hold up the answer that it has begun.
      setImmediate(() => {
        for (const worker of workers) worker.start().catch(fail);
      });
    },
    async stop() {
      await Promise.all(workers.map((worker) => worker.stop()));
    },
    // A worker that was stopped holds nothing.
    finish: async () => {},
    tally: async () => tallyOf((status) => queue.countJobs({ type: TYPE, status })),
    close: async () => queue.close(),
  };
}

function tallyOf(count: (status: JobStatus) => number): Tally {
  return {
    done: count(JobStatus.Done),
    waiting: count(JobStatus.Pending),
    held: count(JobStatus.Processing),
    failed: count(JobStatus.Failed),
  };
}

function handlerOf(onTask: OnTask): (job: { readonly data: string }) => Promise<void> | void {
  let handled = 0;
  return ({ data }) => {
    onTask((JSON.parse(data) as Payload).lines);
    handled += 1;
    return handled % JOBS_BEFORE_YIELD === 0 ? yieldOnce() : undefined;
  };
}

function ignore(): void {}
