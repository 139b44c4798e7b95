/*
 * Each check of the tables, whether a CHECK or a function looks at it:
 *  - a row that breaks it is refused, new or changed, with the code and the names of a CHECK; the owner's, too
 *  - it makes no difference which operators a login has made, which search path it has chosen, and that its session
 *    calls itself a replica
 *  - an agent can neither switch off nor replace what looks at them
 *  - as a dump writes them down, and a restore makes them, they are those of an unaltered store
 */
import { TABLES } from '@agent-orchestrator/storage-sql';
import type postgres from 'postgres';
import { expect, test } from 'vitest';
import { checksOf } from '../../storage-sql/schemas/checks.ts';
import { withAdmin } from './harness/databases.ts';
import { newDatabase, openStorage, orchestratorOn } from './open-database.ts';

type Cells = Readonly<Record<string, string | number | null>>;

const HASH = '0'.repeat(64);
const LEASE = { agent: 'a', token_hash: HASH, ttl_ms: 1, stale_after_ms: 1, lease_expires_at: 1, heartbeat_at: 1 };

/** For each check, what breaks it in a row that breaks no other. */
const BREAKING: Readonly<Record<keyof typeof TABLES, Readonly<Record<string, Cells>>>> = {
  sessions: {
    sessions_status: { status: 'gone' },
    sessions_lease: { agent: 'a' },
    sessions_next: { next_kind: null },
    sessions_lease_numbers: { ...LEASE, status: 'running', stale_at: 1, task_id: 't', fence: -1 },
    sessions_times: { updated_at: -1 },
    sessions_counters: { version: 0 },
    sessions_lengths: { hash: '0' },
  },
  tasks: {
    tasks_status: { status: 'gone' },
    tasks_scheduled: { status: 'scheduled', run_at: null },
    tasks_addressee: { assignee: 'a', role: 'r' },
    tasks_hand_off: { return_at: 1 },
    tasks_hand_off_times: { handed_off_by: 'a', handed_off_at: -1, assignee: 'a' },
    tasks_dedupe_while: { dedupe_while: 'never' },
    tasks_question: { asked_agent: 'a', asked_role: 'r' },
    tasks_asked_at: { asked_at: -1 },
    tasks_in_review: { status: 'in_review', review: null },
    tasks_counters: { attempt: -1 },
    tasks_times: { queued_at: -1 },
    tasks_dependencies: { open_dependencies: 1 },
    tasks_fixed: { priority: -1 },
  },
  agents: {
    agents_status: { status: 'gone' },
    agents_human: { human: 2 },
    agents_roles_are_names: { roles: '{}' },
    agents_signed_roles_are_names: { signed_roles: '{}' },
    agents_public_key: { public_key: 'short' },
    agents_others: { name: '*', status: 'draining' },
    agents_counters: { version: 0 },
    agents_lengths: { hash: '0' },
  },
  dependencies: {
    dependencies_policy: { on_dependency_failure: 'wait' },
    dependencies_ended: { ended: 'twice' },
    dependencies_self: { task_id: 'first', dependency_id: 'first' },
  },
  dependency_ends: { dependency_ends_status: { status: 'gone' }, dependency_ends_seq: { seq: 0 } },
  event_log: {
    event_log_stream: { stream_kind: 'other' },
    event_log_lease_effect: { lease_effect: 'granted', fence: null },
    event_log_session_stream: { session_id: null },
    event_log_numbers: { seq: 0 },
    event_log_lengths: { hash: '0' },
  },
  receipts: { receipts_at: { at: -1 }, receipts_lengths: { request_hash: '0' } },
  meta: {},
};

/** What makes a copy of a row a new one. */
const ANEW: Readonly<Record<keyof typeof TABLES, Cells>> = {
  sessions: { id: 'new', number: 999 },
  tasks: { id: 'new', number: 999 },
  agents: { name: 'new' },
  dependencies: { task_id: 'other' },
  dependency_ends: { seq: 99 },
  event_log: { id: 999, seq: 999, lease_effect: null },
  receipts: { command_id: 'new' },
  meta: {},
};

/** With these, every comparison of a statement is true; a plain name of a function means one of theirs, too. */
const HOSTILE = `CREATE SCHEMA hostile; SET search_path = hostile, pg_catalog; SET session_replication_role = replica;
  ${['text', 'integer', 'bigint']
    .map((type) => `CREATE FUNCTION hostile.yes(${type}, ${type}) RETURNS boolean LANGUAGE sql AS 'SELECT true';`)
    .join('\n')}
  ${['text', 'integer', 'bigint']
    .flatMap((type) =>
      ['=', '<>', '>=', '<=', '>', '<'].map(
        (operator) =>
          `CREATE OPERATOR hostile.${operator} (FUNCTION = hostile.yes, LEFTARG = ${type}, RIGHTARG = ${type});`,
      ),
    )
    .join('\n')}
  CREATE FUNCTION hostile.length(text) RETURNS integer LANGUAGE sql AS 'SELECT 64';
  CREATE FUNCTION hostile.num_nulls(VARIADIC "any") RETURNS integer LANGUAGE internal AS 'pg_num_nonnulls'`;

test('a row that breaks a check is refused by its name, whatever a session has set', async () => {
  const { url, adminUrl } = await newDatabase();
  const orchestrator = orchestratorOn(await openStorage(url));
  await orchestrator.enqueueTasks([{ id: 'first' }, { id: 'then', dependsOn: ['first'] }, { id: 'other' }]);
  await orchestrator.registerAgent({ agent: 'company-agent' });

  await withAdmin(adminUrl, async (sql) => {
    await sql.unsafe(`INSERT INTO orchestrator.dependency_ends
      SELECT namespace, task_id, dependency_id, 1, 'succeeded' FROM orchestrator.dependencies`);
    await sql.unsafe(HOSTILE);
    expect(await sql.unsafe('SELECT 1 = 2 AS it')).toEqual([{ it: true }]);

    for (const [name, table] of Object.entries(TABLES)) {
      const of = name as keyof typeof TABLES;
      expect(Object.keys(BREAKING[of]).toSorted()).toEqual(Object.keys(checksOf('postgres', name, table)).toSorted());
      for (const [check, cells] of Object.entries(BREAKING[of])) {
        const refusal = {
          code: '23514',
          constraint_name: check,
          schema_name: 'orchestrator',
          table_name: name,
          message: `new row for relation "${name}" violates check constraint "${check}"`,
        };
        expect(await refused(sql, added(of, cells)), `new: ${check}`).toMatchObject(refusal);
        const change = name === 'event_log' ? { code: '23001' } : refusal;
        expect(await refused(sql, changed(of, cells)), `changed: ${check}`).toMatchObject(change);
      }
    }
  });
});

/** Adds a copy of a row with other cells. */
function added(table: keyof typeof TABLES, cells: Cells): string {
  const text = JSON.stringify({ ...ANEW[table], ...cells });
  return `INSERT INTO orchestrator.${table} OVERRIDING SYSTEM VALUE
    SELECT (pg_catalog.json_populate_record(r, '${text}')).* FROM orchestrator.${table} r LIMIT 1`;
}

function changed(table: keyof typeof TABLES, cells: Cells): string {
  const set = Object.entries(cells).map(([column, value]) => {
    return `${column} = ${typeof value === 'string' ? `'${value}'` : String(value)}`;
  });
  return `UPDATE orchestrator.${table} SET ${set.join(', ')}`;
}

async function refused(sql: postgres.Sql, statement: string): Promise<unknown> {
  return sql.unsafe(statement).then(
    () => 'done',
    (error: unknown) => error,
  );
}

test('an agent can neither switch off nor replace what looks at the checks', async () => {
  const { url } = await newDatabase();

  await withAdmin(url, async (sql) => {
    for (const statement of [
      'ALTER TABLE orchestrator.tasks DISABLE TRIGGER tasks_steps',
      'DROP TRIGGER tasks_new ON orchestrator.tasks',
      'DROP FUNCTION orchestrator.check_step() CASCADE',
      `CREATE OR REPLACE FUNCTION orchestrator.broken_check(written orchestrator.tasks) RETURNS text RETURN NULL::text`,
      `CREATE FUNCTION orchestrator.broken_check(written record) RETURNS text RETURN NULL::text`,
      'SET session_replication_role = replica',
    ])
      expect(await refused(sql, statement), `as an agent: ${statement}`).toMatchObject({ code: '42501' });
  });
});

/** What a dump has of them, once more; its names are all with their schemas. */
const AS_RESTORED = `DO $restore$
  DECLARE made record;
  BEGIN
    SET LOCAL search_path = '';
    FOR made IN SELECT p.oid FROM pg_catalog.pg_proc p
        WHERE p.pronamespace = 'orchestrator'::pg_catalog.regnamespace LOOP
      EXECUTE pg_catalog.pg_get_functiondef(made.oid);
    END LOOP;
    FOR made IN SELECT k.conname, k.conrelid::pg_catalog.regclass AS of, pg_catalog.pg_get_constraintdef(k.oid) AS text
        FROM pg_catalog.pg_constraint k
        WHERE k.connamespace = 'orchestrator'::pg_catalog.regnamespace AND k.contype = 'c' AND k.conrelid <> 0 LOOP
      EXECUTE pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s',
        made.of, made.conname, made.conname, made.text);
    END LOOP;
  END $restore$`;

test('as a restored dump has them, they are those of an unaltered store', async () => {
  const { url, adminUrl } = await newDatabase();

  await withAdmin(adminUrl, async (sql) => void (await sql.unsafe(AS_RESTORED)));

  await expect((await openStorage(url)).read.namespaces()).resolves.toEqual([]);
});
