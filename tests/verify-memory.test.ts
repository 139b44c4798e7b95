// How much verify holds at once:
// - of a session with very many tasks, those that are as their rows say are forgotten, and not looked for too often
// - of many sessions, it reads as many at once as have a hundred events, and no more than two times those ahead
import { Orchestrator, verifyLog, type Reader } from '@agent-orchestrator/core';
import { newCommandId, newSeed } from '@agent-orchestrator/runtime';
import { openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { expect, test } from 'vitest';

async function readerOf(tasks: number, sessionId?: string): Promise<Reader> {
  const storage = openMemoryStorage();
  const orchestrator = new Orchestrator({ storage, newCommandId, newSeed });
  for (let added = 0; added < tasks; added += 500)
    await orchestrator.enqueueTasks(
      Array.from({ length: Math.min(500, tasks - added) }, () => (sessionId === undefined ? {} : { sessionId })),
    );
  return storage.read;
}

test('tasks that are as their rows say are forgotten, and not looked for too often', async () => {
  const reader = await readerOf(6_000, 's');
  let rows = 0;
  const counting: Reader = {
    ...reader,
    async task(namespace, id) {
      rows += 1;
      return reader.task(namespace, id);
    },
  };

  expect(await verifyLog(counting, ['default'])).toMatchObject({ ok: true, tasks: 6_000 });
  expect(rows).toBe(5_000);
});

test('as many sessions are read at once as have a hundred events, and no more than two times those ahead', async () => {
  const reader = await readerOf(300);
  let [begun, most] = [0, 0];
  const together: number[] = [];
  const slow: Reader = {
    ...reader,
    async histories(namespace, sessionIds, limit) {
      together.push(sessionIds.length);
      begun += 1;
      most = Math.max(most, begun);
      await new Promise((resume) => setImmediate(resume));
      begun -= 1;
      return reader.histories(namespace, sessionIds, limit);
    },
  };

  expect(await verifyLog(slow, ['default'])).toMatchObject({ ok: true, sessions: 300 });
  // Each has two events: it was opened, and its task was queued.
  expect(together).toEqual([50, 50, 50, 50, 50, 50]);
  expect(most).toBe(2);
});
