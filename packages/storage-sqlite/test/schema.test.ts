/**
 * What the database itself refuses, whichever program asks:
 * - a status that does not exist, a lease without its columns, lease columns without a lease
 * - two running tasks in one session, two addressees, a task or event without its session
 * - numbers that JavaScript cannot hold, values of another type, text that is not JSON
 * - two tasks with one dedupe key, two tasks or sessions with one number for people
 * - two events with one number, a second event that grants a fence, ends its lease or refuses its token
 */
import { SESSION_STATUS_NAMES, TASK_STATUS_NAMES } from '@agent-orchestrator/core';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openWriter } from '../src/connection.ts';
import { aSession, aStore, aTask, add } from './factories.ts';

const REVIEW_OF = { judged_by: ['c'], not_for: ['a', 'b'], round: 1, task_id: 't1' };
const REVIEW = (changes: object) =>
  `UPDATE tasks SET review_of = '${JSON.stringify({ ...REVIEW_OF, ...changes })}' WHERE id = 'r'`;

const HELD = `status = 'running', agent = 'a', fence = 1, token_hash = zeroblob(32), task_id = 't1',
  ttl_ms = 1, stale_after_ms = 1, lease_expires_at = 1, heartbeat_at = 1, stale_at = 1`;
const SESSION = (id: string) => `(SELECT number FROM sessions WHERE id = '${id}')`;
const EVENT = (over: Record<string, string>) => {
  const row = {
    stream_kind: `'session'`,
    namespace: '1',
    session: SESSION('s1'),
    seq: '2',
    type: `'x'`,
    payload: `'{}'`,
    at: '1',
    hash: 'zeroblob(32)',
    ...over,
  };
  return `INSERT INTO event_log (${Object.keys(row).join(', ')}) VALUES (${Object.values(row).join(', ')})`;
};

const AGENT = (over: Record<string, string>) => {
  const row = {
    namespace: '1',
    name: `'a'`,
    status: `'active'`,
    human: '0',
    seq: '1',
    version: '1',
    created_at: '1',
    updated_at: '1',
    hash: 'zeroblob(32)',
    roles: `'[]'`,
    signed_roles: `'[]'`,
    ...over,
  };
  return `INSERT INTO agents (${Object.keys(row).join(', ')}) VALUES (${Object.values(row).join(', ')})`;
};

const RECEIPT = (over: Record<string, string>) => {
  const row = {
    namespace: '1',
    command_id: 'zeroblob(16)',
    request_hash: 'zeroblob(32)',
    at: '1',
    reply: `'{}'`,
    ...over,
  };
  return `INSERT INTO receipts (${Object.keys(row).join(', ')}) VALUES (${Object.values(row).join(', ')})`;
};
/** A namespace that is there. */
const OTHER = `(SELECT id FROM namespaces WHERE name = 'other')`;

const REFUSED: Record<string, string> = {
  'a session status that does not exist': `UPDATE sessions SET status = 'stale'`,
  'a running session without a lease': `UPDATE sessions SET status = 'running'`,
  'the review of own work': `UPDATE sessions SET ${HELD.replace(`'t1'`, `'r'`)} WHERE id = 's2'`,
  'two approvals of one agent': `UPDATE tasks SET review = '{"approved":[{"agent":"a"},{"agent":"a"}]}'`,
  'a review of an agent that may not give it': REVIEW({ not_for: ['b'] }),
  'a review without one that judged its round': REVIEW({ judged_by: [] }),
  'a review without all that judged its round': REVIEW({ judged_by: undefined }),
  'a review of another round': REVIEW({ round: 2 }),
  'a review of another task': REVIEW({ task_id: 't2' }),
  'a task that becomes a review': `UPDATE tasks SET review_of = '{"not_for":[]}' WHERE id = 't1'`,
  'a review that becomes a task': `UPDATE tasks SET review_of = NULL WHERE id = 'r'`,
  'a running session without a task': `UPDATE sessions SET ${HELD}, task_id = NULL`,
  'a running session without a heartbeat': `UPDATE sessions SET ${HELD}, heartbeat_at = NULL`,
  'a running session without a fence': `UPDATE sessions SET ${HELD}, fence = NULL`,
  'a running session without the hash of its token': `UPDATE sessions SET ${HELD}, token_hash = NULL`,
  'half the hash of a token': `UPDATE sessions SET ${HELD}, token_hash = zeroblob(16)`,
  'the hash of a token as text': `UPDATE sessions SET ${HELD}, token_hash = '${'f'.repeat(32)}'`,
  'half the hash of an event': `UPDATE sessions SET hash = zeroblob(16)`,
  'an idle session with a fence': `UPDATE sessions SET fence = 1`,
  'an idle session with the hash of a token': `UPDATE sessions SET token_hash = zeroblob(32)`,
  'a session of a namespace that is not there': `UPDATE sessions SET namespace = 9 WHERE id = 's2'`,
  'two namespaces with one name': `INSERT INTO namespaces (name) VALUES ('default')`,
  'an idle session with a process': `UPDATE sessions SET pid = 1`,
  'an idle session with a process group': `UPDATE sessions SET process_group = 1`,
  'a process group below 0': `UPDATE sessions SET ${HELD}, process_group = -1`,
  'half a next head': `UPDATE sessions SET next_kind = NULL`,
  'a fence that JavaScript cannot hold': `UPDATE sessions SET ${HELD.replace('fence = 1', 'fence = 9007199254740992')}`,
  'a session numbered 0': `UPDATE sessions SET number = 0 WHERE id = 's1'`,
  'two sessions with one number': `UPDATE sessions SET number = 7`,
  'a task without a number': `UPDATE tasks SET number = NULL`,
  'a task numbered 0': `UPDATE tasks SET number = 0 WHERE id = 't1'`,
  'two tasks with one number': `UPDATE tasks SET number = 7`,
  'a negative time': `UPDATE sessions SET updated_at = -1`,
  'a context that is not JSON': `UPDATE sessions SET context = 'none'`,
  'text in a number': `UPDATE sessions SET seq = 'two'`,
  'a broken number': `UPDATE tasks SET priority = 1.5`,
  'a task status that does not exist': `UPDATE tasks SET status = 'done'`,
  'two running tasks in one session': `UPDATE tasks SET status = 'running'`,
  'a task for an agent and a role': `UPDATE tasks SET assignee = 'a', role = 'b'`,
  'a scheduled task without a time': `UPDATE tasks SET status = 'scheduled'`,
  'a task without its session': `UPDATE tasks SET session = 9`,
  'a task of another namespace than its session': `UPDATE tasks SET namespace = ${OTHER} WHERE id = 't1'`,
  'a result that is not JSON': `UPDATE tasks SET result = '{'`,
  'two tasks with one dedupe key': `UPDATE tasks SET dedupe_key = 'k'`,
  'two open tasks that hold one dedupe key while they are open': `UPDATE tasks SET dedupe_key = 'k',
    dedupe_while = 'open'`,
  'a task that waits for nothing': `UPDATE tasks SET status = 'waiting', asked_at = 1`,
  'a task that waits for an answer that is there': `UPDATE tasks SET status = 'waiting', asked_at = 1, question = 'q',
    answer = 'a'`,
  'a question of an agent and of a role': `UPDATE tasks SET asked_agent = 'a', asked_role = 'b'`,
  'a time for which no key is held': `UPDATE tasks SET dedupe_while = 'open'`,
  'a dedupe key that is held for a time that does not exist': `UPDATE tasks SET dedupe_key = id, dedupe_while = 'once'`,
  ...Object.fromEntries(
    ['{}', '["a",1]', '[["a"]]', '[null]', '["a",["b"],"c"]', 'x'].map((roles) => [
      `an agent with the roles ${roles}`,
      AGENT({ roles: `'${roles}'` }),
    ]),
  ),
  'other agents that drain': AGENT({ name: `'*'`, status: `'draining'` }),
  'an event without its session': EVENT({ session: '9' }),
  'an event of another namespace than its session': EVENT({ namespace: OTHER }),
  'an event without its task': EVENT({ task: '9' }),
  'an event of a session that says another stream': EVENT({ stream_id: `'s2'` }),
  'an event of a session that says none': EVENT({ session: 'NULL' }),
  'an event of a stream that says none': EVENT({ stream_kind: `'agent'` }),
  'an event of a stream of a kind that does not exist': EVENT({ stream_kind: `'other'` }),
  'a second event with one number': EVENT({ seq: '1' }),
  'an event numbered 0': EVENT({ seq: '0' }),
  'an effect on a lease that does not exist': EVENT({ lease_effect: `'other'`, fence: '2' }),
  'an effect on a lease without its fence': EVENT({ lease_effect: `'granted'` }),
  'a second grant of a fence': EVENT({ lease_effect: `'granted'`, fence: '7' }),
  'a second end of a lease': EVENT({ lease_effect: `'ended'`, fence: '7' }),
  'a second refusal of a token': EVENT({ lease_effect: `'refused'`, fence: '7' }),
  'an event whose payload is not JSON': EVENT({ payload: `'{'` }),
  'an event with half a hash': EVENT({ hash: `x'abcd'` }),
  'an event with half a command id': EVENT({ command_id: `x'abcd'` }),
  'a receipt with half a command id': RECEIPT({ command_id: 'zeroblob(8)' }),
  'a receipt with half the hash of its request': RECEIPT({ request_hash: 'zeroblob(8)' }),
  'a receipt whose reply is not JSON': RECEIPT({ reply: `'{'` }),
  'a receipt of a namespace that is not there': RECEIPT({ namespace: '9' }),
};

describe('the database refuses', () => {
  let db: Database.Database;

  beforeEach(async () => {
    const { path, storage } = await aStore();
    await add(storage, aSession(), [aTask(), aTask({ id: 't2' })]);
    await add(storage, aSession({ id: 's2' }), [
      aTask({ id: 'r', sessionId: 's2', reviewOf: JSON.stringify(REVIEW_OF) }),
    ]);
    await add(storage, aSession({ id: 's3', namespace: 'other' }));
    await storage.close();
    db = openWriter(path);
    for (const [at, effect] of ['granted', 'ended', 'refused'].entries())
      db.exec(EVENT({ session: SESSION('s2'), seq: `${at + 2}`, lease_effect: `'${effect}'`, fence: '7' }));
  });

  afterEach(() => {
    db.close();
  });

  test.each(Object.entries(REFUSED))('%s', (_, sql) => {
    expect(() => db.exec(sql)).toThrow(
      /constraint failed|cannot store|append-only|datatype mismatch|no agent reviews|one verdict|reviews again/,
    );
  });

  test('nothing of what the rules do: an event and a receipt are fine', () => {
    expect(() => db.exec(`${EVENT({ seq: '9' })}; ${RECEIPT({})}`)).not.toThrow();
    for (const [at, roles] of ['[]', '["a"]', '["a","b.c","d"]'].entries())
      expect(() => db.exec(AGENT({ name: `'a${at}'`, roles: `'${roles}'` }))).not.toThrow();
  });

  test('nothing of what the rules do: a further agent that may not review is fine', () => {
    expect(() => db.exec(REVIEW({ not_for: ['b', 'a', 'd'], judged_by: ['c', 'e'] }))).not.toThrow();
  });

  test('nothing of what the rules do: a held session is fine', () => {
    expect(() => db.exec(`UPDATE sessions SET ${HELD} WHERE id = 's1'`)).not.toThrow();
  });

  test('nothing of what the rules do: every status of core is one of the database', () => {
    for (const status of SESSION_STATUS_NAMES.filter((one) => one !== 'running'))
      db.exec(`UPDATE sessions SET status = '${status}'`);
    const asked = `run_at = 1, asked_at = 1, question = 'q', review = '{}'`;
    for (const status of TASK_STATUS_NAMES) db.exec(`UPDATE tasks SET status = '${status}', ${asked} WHERE id = 't1'`);
    expect(db.prepare(`SELECT status FROM tasks WHERE id = 't1'`).pluck().get()).toBe(TASK_STATUS_NAMES.at(-1));
  });

  test('all tables are STRICT', () => {
    const loose = db
      .prepare(
        `SELECT name FROM pragma_table_list
          WHERE schema = 'main' AND type <> 'view' AND name NOT LIKE 'sqlite_%' AND strict = 0`,
      )
      .all();

    expect(loose).toEqual([]);
  });
});
