/*
 * What the owner of a database or an operator sets for its connections, under the names of our own settings, changes
 * nothing: agents claim, read and follow as ever.
 */
import { expect, test } from 'vitest';
import { withAdmin } from './harness/databases.ts';
import { newDatabase, openStorage, orchestratorOn } from './open-database.ts';

test.for(['no array', '{s}', '{"s",NULL}', '{', ''])('a setting of ours is %j for each connection', async (value) => {
  const { url, adminUrl } = await newDatabase();
  const name = new URL(url).pathname.slice(1);
  await withAdmin(adminUrl, async (sql) => {
    for (const setting of ['found', 'drawn'])
      await sql.unsafe(`ALTER DATABASE "${name}" SET orchestrator.${setting} = '${value}'`);
  });
  const orchestrator = orchestratorOn(await openStorage(url));
  await orchestrator.enqueueTasks([{ sessionId: 's' }, { sessionId: 't' }]);

  const any = await orchestrator.claimTask({ agent: 'a' });
  const named = await orchestrator.claimTask({ agent: 'a', sessionId: 't' });
  const none = await orchestrator.claimTask({ agent: 'a' });

  expect(any).toMatchObject({ ok: true, task: { sessionId: 's' } });
  expect(named).toMatchObject({ ok: true, task: { sessionId: 't' } });
  expect(none).toMatchObject({ ok: false, reason: 'no_task' });
  expect(await orchestrator.staleRecovery({})).toMatchObject({ recovered: [] });
  expect((await orchestrator.listEvents()).items.length).toBeGreaterThan(4);
});
