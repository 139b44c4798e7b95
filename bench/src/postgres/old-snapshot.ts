import postgres from 'postgres';
import type { Burden } from '../cases/backlog.ts';
import { workThrough } from '../contender.ts';
import { batchOfTasks, callersOn } from '../product.ts';

/** What a busy team gets done in ten minutes: ten tasks a second. */
const UNITS = 6_000;
const CALLERS = 50;
const BATCH = 100;

/**
 * A transaction that began before ten minutes' work and still reads, as a forgotten `psql` or a dump does. It is not
 * the time that makes a claim slow but what was done meanwhile: of each head that was taken an entry stays in the
 * index, in front of those that can be claimed, because the old snapshot could still look at it. So the work of ten
 * minutes is done at once.
 */
export const oldSnapshot: Burden = {
  name: 'a ten-minute-old snapshot open',
  async lay({ url }, orchestrator) {
    const sql = postgres(url, { max: 1, onnotice: () => {} });
    await sql.unsafe('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await sql.unsafe('SELECT count(*) FROM orchestrator.meta');
    const team = callersOn(orchestrator, CALLERS);
    // A little at a time, and before all others: so what was taken stands before the backlog, where every claim begins.
    const tasks = batchOfTasks(BATCH).map((task) => ({ ...task, kind: 'wanted', priority: 0 }));
    for (let done = 0; done < UNITS; done += BATCH) {
      await orchestrator.enqueueTasks(tasks);
      await workThrough(team, BATCH);
    }
    return async () => {
      await sql.unsafe('ROLLBACK');
      await sql.end();
    };
  },
};
