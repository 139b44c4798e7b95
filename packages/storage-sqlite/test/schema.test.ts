/**
 * What the database itself refuses, whoever asks:
 * - a status that does not exist, a lease without its columns, lease columns without a lease
 * - two running tasks in one session, two addressees, a task or event without its session
 * - numbers that JavaScript cannot hold, values of another type, text that is not JSON
 * - two tasks with one dedupe key, two grants of one token, two events with one number
 */
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openWriter } from '../src/connection.ts';
import { aSession, aStore, aTask, add } from './factories.ts';

const HELD = `status = 'running', agent = 'a', token = 1, ttl_ms = 1, stale_after_ms = 1, lease_expires_at = 1, heartbeat_at = 1, stale_at = 1, task_id = 't1'`;
const EVENT = (over: Record<string, string>) => {
  const row = {
    namespace: `'default'`,
    session_id: `'s1'`,
    seq: '2',
    type: `'x'`,
    payload: `'{}'`,
    at: '1',
    prev_hash: `'${'0'.repeat(64)}'`,
    hash: `'${'1'.repeat(64)}'`,
    ...over,
  };
  return `INSERT INTO event_log (${Object.keys(row).join(', ')}) VALUES (${Object.values(row).join(', ')})`;
};

const REFUSED: Record<string, string> = {
  'a session status that does not exist': `UPDATE sessions SET status = 'stale'`,
  'a running session without a lease': `UPDATE sessions SET status = 'running'`,
  'a running session without a task': `UPDATE sessions SET ${HELD}, task_id = NULL`,
  'a running session without a heartbeat': `UPDATE sessions SET ${HELD}, heartbeat_at = NULL`,
  'an idle session with a token': `UPDATE sessions SET token = 1`,
  'an idle session with a process': `UPDATE sessions SET pid = 1`,
  'half a next head': `UPDATE sessions SET next_kind = NULL`,
  'a token that JavaScript cannot hold': `UPDATE sessions SET ${HELD.replace('token = 1', 'token = 9007199254740992')}`,
  'a negative time': `UPDATE sessions SET updated_at = -1`,
  'a context that is not JSON': `UPDATE sessions SET context = 'none'`,
  'text in a number': `UPDATE sessions SET seq = 'two'`,
  'a broken number': `UPDATE tasks SET priority = 1.5`,
  'a task status that does not exist': `UPDATE tasks SET status = 'done'`,
  'two running tasks in one session': `UPDATE tasks SET status = 'running'`,
  'a task for an agent and a role': `UPDATE tasks SET assignee = 'a', role = 'b'`,
  'a scheduled task without a time': `UPDATE tasks SET status = 'scheduled'`,
  'a task without its session': `UPDATE tasks SET session_id = 's9'`,
  'a result that is not JSON': `UPDATE tasks SET result = '{'`,
  'two tasks with one dedupe key': `UPDATE tasks SET dedupe_key = 'k'`,
  'an event without its session': EVENT({ session_id: `'s9'` }),
  'a second event with one number': EVENT({ seq: '1' }),
  'an event numbered 0': EVENT({ seq: '0' }),
  'a mark that does not exist': EVENT({ lease_effect: `'other'`, token: '2' }),
  'a mark without a token': EVENT({ lease_effect: `'granted'` }),
  'a second grant of a token': EVENT({ lease_effect: `'granted'`, token: '7' }),
  'an event whose payload is not JSON': EVENT({ payload: `'{'` }),
  'an event with half a hash': EVENT({ hash: `'abc'` }),
};

describe('the database refuses', () => {
  let db: Database.Database;

  beforeEach(async () => {
    const { path, storage } = await aStore();
    await add(storage, aSession(), [aTask(), aTask({ id: 't2' })]);
    await add(storage, aSession({ id: 's2' }));
    await storage.close();
    db = openWriter(path);
    db.exec(EVENT({ session_id: `'s2'`, lease_effect: `'granted'`, token: '7' }));
  });

  afterEach(() => {
    db.close();
  });

  test.each(Object.entries(REFUSED))('%s', (_, sql) => {
    expect(() => db.exec(sql)).toThrow(/constraint failed|cannot store|append-only/);
  });

  test('nothing of what the rules do: a held session is fine', () => {
    expect(() => db.exec(`UPDATE sessions SET ${HELD} WHERE id = 's1'`)).not.toThrow();
  });

  test('all tables are STRICT', () => {
    const loose = db
      .prepare(`SELECT name FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%' AND strict = 0`)
      .all();

    expect(loose).toEqual([]);
  });
});
