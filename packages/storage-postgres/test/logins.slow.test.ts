/*
 * What each kind of login can do with SQL of its own:
 *  - each row of the table in docs/security.md is tried, as an agent, as a reader and as the owner, and comes out as
 *    the row says
 *  - fences grow, whatever agents have tried
 *  - a command that meets a locked row waits for the server's time, again and again for its own
 *  - a wait for a transaction that keeps the log open ends with an error that says so
 */
import { readFileSync } from 'node:fs';
import { COLUMNS, NO_LEASE } from '@agent-orchestrator/core';
import { withoutSettling } from '@agent-orchestrator/storage-conformance';
import type postgres from 'postgres';
import { expect, test } from 'vitest';
import { userUrl, withAdmin, type TestDatabase } from './harness/databases.ts';
import { TIMEOUTS } from '../src/server/transactions.ts';
import { newDatabase, openStorage, orchestratorOn } from './open-database.ts';
import { eventOf, reviewing } from './past-the-rules.ts';

const OUTCOMES = ['done', 'found', 'refused'] as const;
type Outcome = (typeof OUTCOMES)[number];
const LOGINS = ['agent', 'reader', 'owner'] as const;
type Login = (typeof LOGINS)[number];

/** Insufficient privilege, a CHECK, what the trigger on the log says; what is no value of the type. */
const REFUSALS = ['42501', '23514', '23001', '22P02'];
const HASH = '0'.repeat(64);
const FAR_AHEAD = '9007199254740990';

/** It takes the lock of a writer all the same. */
const WRITING_NOTHING = `${eventOf('1')} AND false`;
const count = (seq: number): string => `UPDATE orchestrator.sessions SET seq = seq + ${seq} WHERE id = 's'`;
const noteClock = (path: string, value: string): string =>
  `UPDATE orchestrator.meta SET value = jsonb_set(value::jsonb, '${path}', '${value}')::text WHERE key = 'clock'`;
const OF_A_LEASE = Object.keys(NO_LEASE).map((field) => COLUMNS.session[field as keyof typeof NO_LEASE]);
/** The session in which the agent holds a lease: as it is, without the lease, and with it again. */
const KEPT = `CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM orchestrator.sessions WHERE id = 's'`;
const LET_GO = `UPDATE orchestrator.sessions SET status = 'idle', seq = seq + 1,
  ${OF_A_LEASE.map((column) => `${column} = NULL`).join(', ')} WHERE id = 's'`;
const HELD_AGAIN = `UPDATE orchestrator.sessions s SET status = k.status,
  ${OF_A_LEASE.map((column) => `${column} = k.${column}`).join(', ')} FROM kept k WHERE s.id = k.id`;
const ENDED = eventOf('s.seq', { fence: '(SELECT k.fence FROM kept k)', lease_effect: `'ended'` });
const NEW_TASK = `INSERT INTO orchestrator.tasks (namespace, id, number, session_id, kind, title, payload, priority,
    status, queued_at, attempt, attempts_max, interruptions, interruptions_max, backoff_ms, created_at, version)
  VALUES ('default', 'x', 1000000, 's', 'k', 't', '{}', 5, 'queued', 1, 0, 4, 0, 16, 1, 1, 1)`;

/** An event in the stream of a registered agent. */
const ofAgent = (seq: string, further: Readonly<Record<string, string>> = {}): string =>
  eventOf(seq, {
    stream_kind: `'agent'`,
    namespace: 'a.namespace',
    stream_id: 'a.name',
    session_id: 'NULL',
    type: `'agent.draining'`,
    ...further,
  }).replace(`orchestrator.sessions s WHERE s.id = 's'`, `orchestrator.agents a WHERE a.name = 'company-agent'`);
const NEW_AGENT = `INSERT INTO orchestrator.agents
    (namespace, name, status, seq, version, human, created_at, updated_at, hash, signed_roles, roles)
  VALUES ('default', 'forged', 'active', 1, 1, 0, 1, 1, '${HASH}', '[]', '["owner"]')`;

/** What is tried, by the words of the table. Several statements are one transaction. */
const TRIES: Readonly<Record<string, readonly string[]>> = {
  'read payloads, contexts and results': [
    'SELECT t.payload, t.result, s.context FROM orchestrator.tasks t, orchestrator.sessions s',
  ],
  'change an event': [`UPDATE orchestrator.event_log SET payload = '{}'`],
  'remove an event': ['DELETE FROM orchestrator.event_log'],
  'add an event with an id of its choice': [
    count(1),
    eventOf('s.seq', { id: '1000000' }).replace('USER VALUE', 'SYSTEM VALUE'),
  ],
  'add an event behind the last one of its session': [eventOf('s.seq + 1')],
  'add an event, and count it in its session': [count(1), eventOf('s.seq')],
  'add the end of a lease that another agent holds': [
    count(1),
    eventOf('s.seq', { fence: 's.fence', lease_effect: `'ended'` }),
  ],
  'add the end of a lease, which continues': [KEPT, LET_GO, ENDED, HELD_AGAIN],
  'give a lease a fence that was never granted': [`UPDATE orchestrator.sessions SET fence = 5 WHERE id = 's'`],
  'point a lease at a task that does not run': [`UPDATE orchestrator.sessions SET task_id = 'gone' WHERE id = 's'`],
  'set a task running that no agent holds': [
    `UPDATE orchestrator.tasks SET status = 'running' WHERE status = 'queued'`,
  ],
  'hold the review of work that one held': reviewing('company-agent'),
  'count two approvals of one agent': [
    `UPDATE orchestrator.tasks SET version = version + 1, review = jsonb_set(review::text::jsonb, '{approved}',
       '[{"agent":"home-agent"},{"agent":"home-agent"}]') WHERE review IS NOT NULL`,
  ],
  'let an agent review what it may not review': [
    `UPDATE orchestrator.tasks SET version = version + 1,
       review_of = jsonb_set(review_of::text::jsonb, '{not_for}', '[]') WHERE review_of IS NOT NULL`,
  ],
  'take a task out of work, and leave its lease': [
    `UPDATE orchestrator.tasks SET status = 'queued' WHERE status = 'running'`,
  ],
  'grant a fence far ahead of the clock': [count(1), eventOf('s.seq', { fence: FAR_AHEAD, lease_effect: `'granted'` })],
  'change the schema version in `meta`': [`UPDATE orchestrator.meta SET value = '999' WHERE key = 'schema'`],
  'add a state to `meta` that shuts the store': [
    `INSERT INTO orchestrator.meta (key, value) VALUES ('state', '{"status":"moved","id":"x","address":"x"}')`,
  ],
  'move the fences of the store ahead in `meta`': [noteClock('{fencesAfter}', FAR_AHEAD)],
  'note a time that is still to come in `meta`': [noteClock('{last,wall}', FAR_AHEAD)],
  'write what is no JSON into `meta`': [`UPDATE orchestrator.meta SET value = '{' WHERE key = 'clock'`],
  'note a jump of the clock, so that leases begin anew': [
    noteClock('{jump}', '{"seenAt":1,"byMs":-5000,"after":null}'),
  ],
  'note in `meta` that receipts are over which are not': [noteClock('{receipts,until}', FAR_AHEAD)],
  'remove a receipt that is not over': ['DELETE FROM orchestrator.receipts'],
  'change a receipt': ['UPDATE orchestrator.receipts SET at = 0'],
  'add a receipt for a command that was never sent': [
    `INSERT INTO orchestrator.receipts (namespace, command_id, request_hash, reply, at)
     VALUES ('n', 'c', '${HASH}', '{}', 1)`,
  ],
  'change the payload of a task': [`UPDATE orchestrator.tasks SET payload = '{"x":1}'`],
  'write what is no JSON into a task': [`UPDATE orchestrator.tasks SET result = '{'`],
  'write what is no JSON into a session': [`UPDATE orchestrator.sessions SET context = '{'`],
  'write what is no JSON into the log': [count(1), eventOf('s.seq', { payload: `'{'` })],
  'write a context that is no object': [`UPDATE orchestrator.sessions SET context = 'null'`],
  'name a head of a queue that is not there': [
    `UPDATE orchestrator.sessions SET next_task_id = 'gone' WHERE next_task_id IS NOT NULL`,
  ],
  'end a queued task without its event': [
    `UPDATE orchestrator.tasks SET status = 'succeeded', finished_at = 1 WHERE status = 'queued'`,
  ],
  'write a text that is too long to be read': [`UPDATE orchestrator.tasks SET note = repeat('x', 10000)`],
  'write JSON that is too long to be read': [
    `UPDATE orchestrator.tasks SET result = '"' || repeat('x', 9000000) || '"'`,
  ],
  'change the note of a task': [`UPDATE orchestrator.tasks SET note = 'forged'`],
  'end a lease early by its deadlines, and recover it': [
    `UPDATE orchestrator.sessions SET lease_expires_at = 1, stale_at = 1, heartbeat_at = 1 WHERE id = 's'`,
  ],
  "put another token's hash into a lease": [`UPDATE orchestrator.sessions SET token_hash = '${HASH}' WHERE id = 's'`],
  'set the version of a session to its end': ['UPDATE orchestrator.sessions SET version = 2147483647'],
  'set the attempts of a task to their end': ['UPDATE orchestrator.tasks SET attempt = 2147483647'],
  'add a task with a number that was not drawn': [NEW_TASK],
  'remove a task': [`DELETE FROM orchestrator.tasks WHERE id NOT IN ('first', 'then')`],
  'change the roles of an agent without their event': [`UPDATE orchestrator.agents SET roles = '["owner"]'`],
  'add an agent without its event': [NEW_AGENT],
  'add an agent that begins with many events': [NEW_AGENT.replace('1, 1, 0', '9, 1, 0')],
  'set the version of an agent to its end': ['UPDATE orchestrator.agents SET version = 2147483647'],
  'add an event behind the last one of an agent': [ofAgent('a.seq + 1')],
  'add an event of an agent that ends a lease': [
    'UPDATE orchestrator.agents SET seq = seq + 1',
    ofAgent('a.seq', { fence: '(SELECT s.fence FROM orchestrator.sessions s LIMIT 1)', lease_effect: `'ended'` }),
  ],
  'remove an agent': ['DELETE FROM orchestrator.agents'],
  'replace the key of an agent without its event': [`UPDATE orchestrator.agents SET public_key = repeat('A', 43)`],
  'write roles into an agent that are no list of names': [`UPDATE orchestrator.agents SET roles = '{}'`],
  'let the entry of all other names drain': [
    NEW_AGENT.replace(`'forged', 'active'`, `'*', 'draining'`).replace('"owner"', ''),
  ],
  'remove the end of a dependency that a task has not been told of': ['DELETE FROM orchestrator.dependency_ends'],
  'add a dependency that no log has': [
    `INSERT INTO orchestrator.dependencies (namespace, task_id, dependency_id, on_dependency_failure)
     SELECT namespace, dependency_id, task_id, 'block' FROM orchestrator.dependencies`,
  ],
  'remove a dependency': ['DELETE FROM orchestrator.dependency_ends', 'DELETE FROM orchestrator.dependencies'],
  'keep the entry of an agent locked, so that its claims wait': [
    `SELECT pg_advisory_xact_lock(hashtextextended('default' || E'\\n' || 'company-agent', 0))`,
  ],
  'lock the receipts, so that no other command ends': ['LOCK TABLE orchestrator.receipts IN ACCESS EXCLUSIVE MODE'],
  'lock another table of the store': ['LOCK TABLE orchestrator.sessions IN ACCESS EXCLUSIVE MODE'],
  'keep a row locked': ['SELECT 1 FROM orchestrator.sessions FOR UPDATE'],
  'keep a transaction open that may write the log': [WRITING_NOTHING],
  'call `setval` on a sequence': [`SELECT setval('orchestrator.numbers', 1000000)`],
  'switch a trigger off': ['ALTER TABLE orchestrator.event_log DISABLE TRIGGER ALL'],
  'replace a function of the store': [
    `CREATE OR REPLACE FUNCTION orchestrator.refuse_change() RETURNS trigger LANGUAGE plpgsql
       AS 'BEGIN RETURN NEW; END'`,
  ],
  'add a column to a table': ['ALTER TABLE orchestrator.tasks ADD COLUMN x int'],
};

/** The rows of the table: what is tried, and what comes of it for each kind of login. */
function rowsOfTable(): readonly (readonly [what: string, outcomes: Readonly<Record<Login, Outcome>>])[] {
  const page = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8');
  const [, table = ''] = page.split('<!-- rows: packages/storage-postgres/test/logins.slow.test.ts -->\n\n');
  const [lines = ''] = table.split('\n\n');
  return lines
    .split('\n')
    .slice(2)
    .map((line) => {
      const [, what = '', ...outcomes] = line.split('|').map((cell) => cell.trim());
      return [what, Object.fromEntries(LOGINS.map((login, at) => [login, outcomes[at]]))] as [
        string,
        Record<Login, Outcome>,
      ];
    });
}

const ROWS = rowsOfTable();

test('the table and what is tried have the same rows', () => {
  expect(ROWS.map(([what]) => what)).toEqual(Object.keys(TRIES));
  for (const [, outcomes] of ROWS) for (const login of LOGINS) expect(OUTCOMES).toContain(outcomes[login]);
});

/**
 * A store with a task of `company-agent`, which is registered, under a lease, a review of its work, a task that has not
 * been told of the end of its dependency, and a few receipts.
 */
async function storeAtWork(): Promise<TestDatabase> {
  const database = await newDatabase();
  const storage = await openStorage(database.url);
  const orchestrator = orchestratorOn(storage);
  await orchestrator.enqueueTask({ sessionId: 's' });
  await orchestrator.registerAgent({ agent: 'company-agent', roles: ['builder'] });
  await orchestrator.claimTask({ agent: 'company-agent' });
  await orchestrator.enqueueTask({ sessionId: 'waits' });
  await orchestrator.enqueueTask({ sessionId: 'done', review: { role: 'reviewer' } });
  const done = await orchestrator.claimTask({ agent: 'company-agent', sessionId: 'done' });
  if (!done.ok) throw new Error('nothing was claimed');
  await orchestrator.releaseTask({ token: done.lease.token, outcome: 'succeeded' });
  await orchestrator.enqueueTasks([{ id: 'first' }, { id: 'then', dependsOn: ['first'] }]);
  const first = await orchestrator.claimTask({ agent: 'company-agent', sessionId: 'first' });
  if (!first.ok) throw new Error('nothing was claimed');
  await orchestratorOn(withoutSettling(storage)).releaseTask({ token: first.lease.token, outcome: 'succeeded' });
  return database;
}

async function urlOf({ url, adminUrl }: TestDatabase, login: Login): Promise<string> {
  if (login !== 'reader') return login === 'agent' ? url : adminUrl;
  const reader = { user: 'reader_of_logins', password: 'reader' };
  await withAdmin(adminUrl, async (sql) => {
    await sql.unsafe(`DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${reader.user}') THEN
      CREATE ROLE ${reader.user} LOGIN PASSWORD '${reader.password}' IN ROLE orchestrator_reader; END IF; END $$`);
  });
  return userUrl(adminUrl, reader);
}

/** Sends the statements in one transaction; answers the code of what was refused, if anything. */
async function send(sql: postgres.Sql, statements: readonly string[], end: 'COMMIT' | 'ROLLBACK'): Promise<string> {
  await sql.unsafe('BEGIN');
  try {
    for (const statement of statements) await sql.unsafe(statement);
    await sql.unsafe('SET CONSTRAINTS ALL IMMEDIATE');
    await sql.unsafe(end);
    return 'done';
  } catch (error) {
    await sql.unsafe('ROLLBACK');
    return String((error as { code?: string }).code);
  }
}

test.for(['sessions', 'tasks', 'agents', 'event_log', 'meta'])('an agent cannot lock %s for itself', async (table) => {
  const database = await storeAtWork();

  await withAdmin(await urlOf(database, 'agent'), async (sql) => {
    expect(await send(sql, [`LOCK TABLE orchestrator.${table} IN ACCESS EXCLUSIVE MODE`], 'ROLLBACK')).toBe('42501');
  });
});

test.for(LOGINS)('as the table says, as %s', { timeout: 120_000 }, async (login) => {
  const database = await storeAtWork();

  await withAdmin(await urlOf(database, login), async (sql) => {
    for (const [what, outcomes] of ROWS) {
      const code = await send(sql, TRIES[what] ?? [], 'ROLLBACK');
      expect(outcomes[login] === 'refused' ? REFUSALS : ['done'], `${what}: ${code}`).toContain(code);
    }
  });
  expect(await orchestratorOn(await openStorage(database.url)).verify()).toMatchObject({ ok: true });
});

const FOUND = ROWS.flatMap(([what, outcomes]) =>
  LOGINS.flatMap((login) => (outcomes[login] === 'found' ? [[what, login] as const] : [])),
);

test.for(FOUND)('verify finds: %s, as %s', async ([what, login]) => {
  const database = await storeAtWork();
  const orchestrator = orchestratorOn(await openStorage(database.url));

  const code = await withAdmin(await urlOf(database, login), (sql) => send(sql, TRIES[what] ?? [], 'COMMIT'));
  await orchestrator.staleRecovery({});

  expect(code).toBe('done');
  expect(await orchestrator.verify()).toMatchObject({ ok: false });
});

test('an agent that never held the work may hold its review', async () => {
  const database = await storeAtWork();

  await withAdmin(await urlOf(database, 'agent'), async (sql) => {
    expect(await send(sql, reviewing('home-agent'), 'ROLLBACK')).toBe('done');
  });
});

test('a holder continues whatever another agent has added to its session, and fences grow', async () => {
  const database = await newDatabase();
  const orchestrator = orchestratorOn(await openStorage(database.url));
  await orchestrator.enqueueTask({ sessionId: 's' });
  const claim = await orchestrator.claimTask({ agent: 'company-agent' });
  if (!claim.ok) throw new Error('nothing was claimed');
  await withAdmin(database.url, async (sql) => {
    for (const statements of Object.values(TRIES).slice(3, 10)) await send(sql, statements, 'COMMIT');
  });

  expect(await orchestrator.checkpoint({ token: claim.lease.token, nextAction: 'continue' })).toMatchObject({
    ok: true,
  });
  expect(await orchestrator.releaseTask({ token: claim.lease.token, outcome: 'released' })).toMatchObject({ ok: true });
  expect(await orchestrator.claimTask({ agent: 'company-agent' })).toMatchObject({ ok: true });
});

test(
  'a command that meets a locked row waits more than once, for as long as it is tried',
  { timeout: 60_000 },
  async () => {
    const database = await storeAtWork();
    const orchestrator = orchestratorOn(await openStorage(database.url, { retryMs: TIMEOUTS.lock_ms + 1_000 }));

    await withAdmin(database.url, async (sql) => {
      await sql.unsafe(`BEGIN; SELECT 1 FROM orchestrator.sessions FOR UPDATE`);
      const from = performance.now();

      await expect(orchestrator.claimTask({ agent: 'b', sessionId: 'waits' })).rejects.toMatchObject({
        code: 'STORE_BUSY',
      });

      // It began its last wait within its time.
      const tookMs = performance.now() - from;
      expect(Math.floor(tookMs / TIMEOUTS.lock_ms)).toBe(2);
      await sql.unsafe('ROLLBACK');
    });
  },
);

test('a wait for a transaction that keeps the log open ends with an error that says so', async () => {
  const database = await storeAtWork();
  const orchestrator = orchestratorOn(await openStorage(database.url, { retryMs: 100 }));

  await withAdmin(database.url, async (sql) => {
    await sql.unsafe(`BEGIN; ${WRITING_NOTHING}`);

    await expect(orchestrator.asOf()).rejects.toMatchObject({ code: 'STORE_BUSY' });
    await expect(orchestrator.verify()).rejects.toMatchObject({ code: 'STORE_BUSY' });
    await sql.unsafe('ROLLBACK');
  });
  expect(await orchestrator.asOf()).toBe(19);
});
