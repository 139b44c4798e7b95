import { PgBoss } from 'pg-boss';
import { payloadOf, type Payload } from '../tasks.ts';
import { Callers, fail } from './callers.ts';
import type { Contestant, Seat, Tally } from './contestant.ts';

const QUEUE = 'main';

/**
 * pg-boss with `fetch` and `complete`, so many jobs a call: its worker does the same, but looks for jobs twice a second
 * at most. It writes no event log and no fence.
 */
export async function openPgBoss({ url, callers, isFirst }: Seat, batchSize: number): Promise<Contestant> {
  const boss = new PgBoss({ connectionString: url, max: callers + 2, supervise: false, schedule: false });
  boss.on('error', fail);
  await boss.start();
  if (isFirst) await boss.createQueue(QUEUE);
  const loops = new Callers(callers, () => ({
    async turn(onTask) {
      const jobs = await boss.fetch<Payload>(QUEUE, { batchSize });
      if (jobs.length === 0) return 0;
      for (const { data } of jobs) onTask(data.lines);
      await boss.complete(
        QUEUE,
        jobs.map(({ id }) => id),
      );
      return jobs.length;
    },
  }));
  return {
    enqueue: async (tasks) =>
      void (await boss.insert(
        QUEUE,
        tasks.map((task) => ({ data: payloadOf(task) })),
      )),
    start: (onTask) => loops.start(onTask),
    stop: () => loops.stop(),
    finish: (onTask) => loops.finish(onTask),
    tally: () => tallyOf(boss),
    close: () => boss.stop({ graceful: false, close: true }),
  };
}

/** Its own statistics are refreshed now and then, so its table is asked. */
async function tallyOf(boss: PgBoss): Promise<Tally> {
  const { rows } = (await boss
    .getDb()
    .executeSql('SELECT state, count(*)::int AS count FROM pgboss.job WHERE name = $1 GROUP BY state', [QUEUE])) as {
    readonly rows: readonly { readonly state: string; readonly count: number }[];
  };
  const count = (...states: readonly string[]): number =>
    rows.reduce((sum, row) => sum + (states.includes(row.state) ? row.count : 0), 0);
  return {
    done: count('completed'),
    waiting: count('created'),
    held: count('active'),
    failed: count('failed', 'cancelled', 'retry'),
  };
}
