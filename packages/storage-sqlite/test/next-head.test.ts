// What the claim's index holds of a session's head:
// - verify compares all of it with the queue, for a wrong one hides a task from all agents
// - an idle poller, which looks without the lock, still sees a session that goes stale
import { Orchestrator } from '@agent-orchestrator/core';
import { commandIdAt, type TestClock } from '@agent-orchestrator/storage-conformance';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { newSeed } from './new-seed.ts';
import { openTarget } from './open-target.ts';

test.each([
  ['next_task_id', 'NULL, next_priority = NULL, next_queued_at = NULL, next_kind = NULL, next_for = NULL'],
  ['next_priority', '999'],
  ['next_queued_at', '1'],
  ['next_kind', `'other'`],
  ['next_for', `'agent:other'`],
])('verify sees a wrong %s', async (column, value) => {
  const opened = await openTarget();
  const { storage, path, clock } = opened;
  const orchestrator = new Orchestrator({ storage, newCommandId: commandIds(clock), newSeed });
  await orchestrator.enqueueTask({ id: 't' });
  expect(await orchestrator.verify()).toMatchObject({ ok: true });

  const db = new Database(path);
  db.exec(`UPDATE sessions SET ${column} = ${value}`);
  db.close();

  expect(await orchestrator.verify()).toMatchObject({ ok: false, findings: [{ kind: 'head', sessionId: 't' }] });
  await opened.close();
});

test('an idle poller, which looks without the lock, still sees a session that goes stale', async () => {
  const opened = await openTarget();
  const { storage, clock } = opened;
  const orchestrator = new Orchestrator({ storage, newCommandId: commandIds(clock), newSeed });
  await orchestrator.enqueueTask({ id: 't' });
  await orchestrator.claimTask({ agent: 'company-agent', ttlMs: 1_000, staleAfterMs: 1_000 });
  const poll = () => orchestrator.claimTask({ agent: 'home-agent' });
  expect([await poll(), await poll()]).toMatchObject([{ reason: 'no_task' }, { reason: 'no_task' }]);

  clock.advance(1_000);

  expect(await poll()).toMatchObject({ ok: true, task: { id: 't', interruptions: 1 } });
  await opened.close();
});

function commandIds(clock: TestClock): () => string {
  let made = 0;
  return () => commandIdAt(clock.now, (made += 1));
}
