// What verify finds after another program has written the tables of dependencies:
// - an end that a task has not been told of, and that is gone
// - a dependency that is gone, and one that no log has
import { Orchestrator } from '@agent-orchestrator/core';
import { commandIdAt, withoutSettling } from '@agent-orchestrator/storage-conformance';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { newSeed } from './new-seed.ts';
import { openTarget } from './open-target.ts';

test.each([
  ['an end that is gone', 'DELETE FROM dependency_ends'],
  ['a dependency that is gone', `DELETE FROM dependencies WHERE task_id = 'c'`],
  [
    'a dependency that no log has',
    `INSERT INTO dependencies SELECT namespace, 'a', 'c', 'block', NULL FROM dependencies WHERE task_id = 'c'`,
  ],
])('verify sees %s', async (_what, attack) => {
  const opened = await openTarget();
  const { path, clock } = opened;
  let made = 0;
  const newCommandId = () => commandIdAt(clock.now, (made += 1));
  const orchestrator = new Orchestrator({ storage: withoutSettling(opened.storage), newCommandId, newSeed });
  await orchestrator.enqueueTasks([{ id: 'a' }, { id: 'b', dependsOn: ['a'] }, { id: 'c', dependsOn: ['b'] }]);
  await orchestrator.cancelTask({ taskId: 'c' });
  const claim = await orchestrator.claimTask({ agent: 'company-agent' });
  if (claim.ok) await orchestrator.releaseTask({ token: claim.lease.token, outcome: 'succeeded' });
  expect(await orchestrator.verify()).toMatchObject({ ok: true });

  const db = new Database(path);
  expect(db.prepare(attack).run().changes).toBe(1);
  db.close();

  expect(await orchestrator.verify()).toMatchObject({ ok: false, findings: [{ kind: 'state' }] });
  await opened.close();
});
