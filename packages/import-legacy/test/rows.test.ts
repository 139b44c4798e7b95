/**
 * Promises about the rows of an old database, which any store can be filled with:
 * - a storage that knows only the port, in memory, has the same sessions, tasks, events and heads as one in a file
 * - they come by key, texts by code point, in pages that may begin after any key
 * - a page ends after so many rows, or when it is large enough
 */
import {
  COLUMNS,
  compareCodePoints,
  Orchestrator,
  PAGE_CHARACTERS,
  type Event,
  type Row,
  type RowReader,
  type Session,
  type Task,
} from '@agent-orchestrator/core';
import { openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { expect, test } from 'vitest';
import { allRows, rowsOf } from '../../storage-conformance/src/rows/copy.ts';
import { newSeed } from '../../storage-sqlite/test/new-seed.ts';
import { openLegacyDatabase } from '../src/index.ts';
import { clockAt, contentsOf, imported, newCommandIdAt } from './imported.ts';
import { COMMON, event, NOW, oldFile, session, task } from './old-files.ts';

test('a storage in memory has the same as one in a file', async () => {
  const path = oldFile([4], COMMON);
  using old = await openLegacyDatabase(path, { at: NOW });

  const orchestrator = await inMemory(old);

  const page = { limit: 500 };
  expect({
    sessions: (await orchestrator.listSessions(page)).items,
    tasks: (await orchestrator.listTasks(page)).items,
    events: (await orchestrator.listEvents(page)).items,
  }).toEqual(await contentsOf(await imported(path)));
  expect(await orchestrator.verify()).toMatchObject({ ok: true, sessions: 2, tasks: 3 });
  expect(await orchestrator.claimTask({ agent: 'other', sessionId: 'busy' })).toMatchObject({
    ok: false,
    reason: 'busy',
    heldBy: { agent: 'builder' },
  });
});

test('they come by key, and from any key on', async () => {
  const ids = ['ｱ', '𠮷', '회사-대화', 'a', 'B', 'z z', '%'];
  const path = oldFile([4], {
    session_state: ids.map((id) => session({ session_id: id, namespace: id === 'a' ? 'web' : 'default' })),
    task_queue: ids.map((id) => task({ task_id: id, session_id: id })),
  });
  using old = await openLegacyDatabase(path, { at: NOW });

  const [all, small] = [await allRows(old), await rowsOf(old, 'tasks', 2)];

  const sorted = ids.filter((id) => id !== 'a').toSorted(compareCodePoints);
  expect(all.sessions.map(({ id }) => id)).toEqual([...sorted, 'a']);
  expect(small).toEqual(all.tasks);
  expect(all.event_log.map(({ id }) => id)).toEqual(Array.from({ length: 14 }, (_, at) => at + 1));
  expect(all.receipts).toEqual([]);
  const keys = [await old.lastKey('sessions'), await old.lastKey('event_log'), await old.lastKey('receipts')];
  expect(keys).toEqual([['web', 'a'], [14], null]);
  expect(await old.rows('tasks', ['default', sorted[1] ?? ''], 500)).toEqual(all.tasks.slice(2));
  expect([await old.count('tasks'), await old.lastEventId(), await old.storeState()]).toEqual([7, 14, null]);
});

test('a page ends when it is large enough, and has one row at least', async () => {
  const payload = JSON.stringify('x'.repeat(PAGE_CHARACTERS / 3));
  const path = oldFile([4], {
    session_state: [session()],
    event_log: [1, 2, 3, 4].map((seq) => event({ event_seq: seq, payload })),
  });
  using old = await openLegacyDatabase(path, { at: NOW });

  const first = await old.rows('event_log', null, 500);
  const second = await old.rows('event_log', [3], 500);

  expect([first.length, second.length]).toEqual([3, 2]);
});

/** Writes the rows into a new storage in memory, through the port. */
async function inMemory(old: RowReader): Promise<Orchestrator> {
  const rows = await allRows(old);
  const clock = clockAt();
  const storage = openMemoryStorage({ clock });
  await storage.migrate();
  await storage.transact({ by: 'new', namespace: 'default', sessionIds: [], taskIds: [], dedupeKeys: [] }, () => ({
    reply: null,
    sessions: rows.sessions.map((row) => ({
      before: null,
      after: objectOf(COLUMNS.session, row) as unknown as Session,
    })),
    tasks: rows.tasks.map((row) => ({ before: null, after: objectOf(COLUMNS.task, row) as unknown as Task })),
    agents: [],
    events: rows.event_log.map((row) => objectOf(COLUMNS.event, row) as unknown as Event),
    receipt: null,
    forgetReceiptsAt: 0,
    clock: null,
  }));
  return new Orchestrator({ storage, newCommandId: () => newCommandIdAt(clock), newSeed });
}

function objectOf(columns: Readonly<Record<string, string>>, row: Row): object {
  return Object.fromEntries(Object.entries(columns).map(([field, column]) => [field, row[column]]));
}
