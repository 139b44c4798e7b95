/*
 * Ids that only a rolled-back transaction had drawn, and a crash of the server that gives them out again:
 *  - a follower whose cursor rests on what was settled before the crash sees every event after it
 */
import { expect, onTestFinished, test } from 'vitest';
import { Cluster } from './harness/cluster.ts';
import { createDatabase, prepareTemplate, withAdmin } from './harness/databases.ts';
import { openStorage, orchestratorOn } from './open-database.ts';
import { insertEvent } from './past-the-rules.ts';

/** More than the server notes ahead in its log (32), so that it forgets some of them. */
const DRAWN = 200;

test(
  'events with ids that a rolled-back transaction had drawn before a crash are told',
  { timeout: 60_000 },
  async () => {
    // Only a commit writes the log out, so what the rolled-back transaction drew is not in it.
    const cluster = await Cluster.start({ settings: ['wal_writer_delay=10s'] });
    onTestFinished(() => cluster.remove(), 60_000);
    await prepareTemplate(cluster.url);
    const { url, adminUrl } = await createDatabase(cluster.url);
    const storage = await openStorage(url);
    const orchestrator = orchestratorOn(storage);
    await orchestrator.enqueueTask({ id: 'before' });

    const drawn = await withAdmin(adminUrl, async (sql) => {
      await sql.unsafe('BEGIN');
      let last = 0;
      for (let at = 0; at < DRAWN; at += 1) {
        const [row] = await sql.unsafe(insertEvent('before', 3 + at));
        last = Number(row?.['id']);
      }
      await sql.unsafe('ROLLBACK');
      return last;
    });
    const cursor = await storage.read.settledEventId();
    await cluster.crash();
    await cluster.start();
    await orchestrator.enqueueTask({ id: 'after' });
    const { items } = await orchestrator.listEvents({ after: String(cursor) });

    expect(drawn).toBeGreaterThan(DRAWN);
    expect(cursor).toBe(2);
    expect(items.map(({ taskId, type }) => [taskId, type])).toEqual([
      [null, 'session.opened'],
      ['after', 'task.queued'],
    ]);
    expect(items[0]?.id, 'an id that was drawn before the crash came again').toBeLessThanOrEqual(drawn);
  },
);
