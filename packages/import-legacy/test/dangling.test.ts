/**
 * Promises about rows that point nowhere:
 * - they are imported, with a session or a task that is made for them
 */
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { after, imported } from './imported.ts';
import { ago, event, NOW, oldFile, session, task } from './old-files.ts';

describe('rows that point nowhere', () => {
  test('are imported with a session that is made for them', async () => {
    const { sessions, tasks, events, changes } = await after({
      task_queue: [task({ session_id: 'lost' })],
      event_log: [event({ session_id: 'lost too ' })],
    });

    expect(sessions).toMatchObject([
      { id: 'lost', createdAt: NOW - 1_800_000 },
      { id: expect.stringMatching(/^lost too-[0-9a-f]{12}$/) },
    ]);
    expect(tasks).toMatchObject([{ sessionId: 'lost', status: 'queued' }]);
    expect(events.filter(({ type }) => type === 'legacy.event')).toHaveLength(1);
    expect(changes.map(({ kind, count }) => [kind, count])).toEqual([
      ['session_made', 2],
      ['id_changed', 1],
    ]);
  });

  test('an open dead letter whose task is missing creates it; a resolved one is not imported', async () => {
    const letter = { session_id: 'session-1', reason: 'max retries', payload: '{"a":1}', created_at: ago(70) };
    const {
      tasks,
      imported: counts,
      changes,
    } = await after({
      session_state: [session()],
      task_queue: [task({ task_id: 'alive' })],
      dead_letters: [
        { task_id: 'gone', ...letter },
        { task_id: 'old', ...letter, status: 'resolved', resolved_at: ago(60) },
        { task_id: 'alive', ...letter },
      ],
    });

    expect(tasks).toMatchObject([
      { id: 'alive', status: 'queued' },
      { id: 'gone', status: 'failed', payload: { a: 1 }, error: { message: 'max retries' } },
    ]);
    expect(counts.deadLetters).toBe(1);
    expect(changes.map(({ kind, count }) => [kind, count])).toEqual([
      ['task_made', 1],
      ['left_out', 2],
    ]);
  });

  test('keys that are NULL, as SQLite allows, are told apart by their rows', async () => {
    const path = oldFile([4], { session_state: [session({ session_id: null })] });
    const db = new Database(path);
    db.pragma('foreign_keys = OFF');
    db.exec(`INSERT INTO session_state (session_id, created_at, updated_at) VALUES (NULL, '${ago(9)}', '${ago(9)}');
      INSERT INTO task_queue (task_id, session_id, task_type, created_at)
      VALUES (NULL, 'session-1', 'x', '${ago(9)}'), (NULL, 'session-1', 'x', '${ago(9)}')`);
    db.close();

    const store = await imported(path);

    expect(store.imported).toMatchObject({ sessions: 2, tasks: { queued: 2 } });
    expect(store.changes.map(({ kind, count }) => [kind, count])).toEqual([
      ['id_changed', 3],
      ['session_made', 1],
      ['left_out', 1],
    ]);
  });
});
