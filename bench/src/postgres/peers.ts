import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import { PgBoss } from 'pg-boss';
import type { Contender } from '../contender.ts';
import { batchOfTasks } from '../product.ts';

/*
 * Other queues on Postgres. Their unit is the same: claim a job, do nothing, complete it. They write no event log, no
 * receipts and no fencing token, and their jobs are not ordered by sessions: they do less.
 */

const QUEUE = 'main';

/** pg-boss, one job at a time for each caller. */
export async function openPgBoss(url: string, callers: number, jobs: number): Promise<Contender> {
  const boss = new PgBoss({ connectionString: url, max: callers + 2, supervise: false, schedule: false });
  boss.on('error', fail);
  await boss.start();
  await boss.createQueue(QUEUE);
  await boss.insert(
    QUEUE,
    batchOfTasks(jobs).map((data) => ({ data })),
  );
  return {
    callers,
    unitsPerCall: 1,
    async work() {
      const [job] = await boss.fetch(QUEUE);
      if (job === undefined) throw new Error('pg-boss has no job left');
      await boss.complete(QUEUE, job.id);
    },
    close: () => boss.stop({ graceful: false, close: true }),
  };
}

/**
 * graphile-worker, as its documentation starts it. It calls a handler for each job, so a call of ours lets one handler
 * pass; between turns its handlers wait.
 */
export async function openGraphileWorker(url: string, callers: number, jobs: number): Promise<Contender> {
  const logger = new Logger(() => (level, message) => {
    if (level === 'error') fail(new Error(message));
  });
  const utils = await makeWorkerUtils({ connectionString: url, logger });
  await utils.migrate();
  await utils.addJobs(batchOfTasks(jobs).map((payload) => ({ identifier: QUEUE, payload })));
  await utils.release();

  const handlers: (() => void)[] = [];
  const calls: (() => void)[] = [];
  const runner = await run({
    connectionString: url,
    concurrency: callers,
    maxPoolSize: callers + 3,
    noHandleSignals: true,
    logger,
    taskList: { [QUEUE]: () => meet(handlers, calls) },
  });
  return {
    callers,
    unitsPerCall: 1,
    work: () => meet(calls, handlers),
    async close() {
      for (const pass of handlers.splice(0)) pass();
      await runner.stop();
    },
  };
}

/** Waits among one's own until one of the others comes; or lets the first of them continue. */
async function meet(own: (() => void)[], others: (() => void)[]): Promise<void> {
  const other = others.shift();
  if (other === undefined) await new Promise<void>((resolve) => own.push(resolve));
  else other();
}

function fail(error: unknown): never {
  throw error;
}
