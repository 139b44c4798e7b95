import type { MigrationReport } from '@agent-orchestrator/core';
import { assertNotNewer, type Migration } from '@agent-orchestrator/storage-sql';
import { assertAsExpected } from './catalogue.ts';
import type { Connection } from '../connection.ts';
import { DATABASE, SCHEMA_VERSION } from '../migrations.ts';
import { GRANTS, OWNER } from './roles.ts';
import { query } from '../server/statement-batch.ts';
import { SQL } from '../statements.ts';
import { BEGIN } from '../server/transactions.ts';

/** `AGOR`: a process that migrates holds this lock until its transaction ends. */
const LOCK = 0x41474f52;
/** A migration of many rows takes its time. */
const TIMEOUT_MS = 600_000;

/** Read from the catalogue's tables: what `to_regclass` remembers may be older than the lock. */
const TABLES = `SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'orchestrator' AND c.relname = 'meta' AND c.relkind = 'r')`;
const VERSION = `SELECT coalesce((SELECT m.value FROM orchestrator.meta m WHERE m.key = 'schema'), '0')::int`;
/** Version 16 tells membership from the right to act as the role. */
export const OWNER_USABLE = `SELECT coalesce((SELECT has_database_privilege(r.oid, current_database(), 'CREATE')
    AND pg_has_role(r.oid, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
  FROM pg_roles r WHERE r.rolname = '${OWNER}'), false)`;
const SAVE_VERSION = `INSERT INTO orchestrator.meta (key, value) VALUES ('schema', $1)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value`;

/**
 * Applies the migrations that are missing, all or nothing. The lock is taken before the version is read, so of many
 * processes one does the work and the others find it done (drizzle's own migrator takes no lock). Where the owner's
 * role exists and may be used, the tables become its, so that no agent owns what it must not change.
 */
export async function applyMigrations(
  connection: Connection,
  migrations: readonly Migration[],
): Promise<MigrationReport> {
  await run(connection, BEGIN.long);
  try {
    await run(connection, `SELECT pg_advisory_xact_lock(${LOCK})`);
    const version = await appliedIn(connection);
    assertNotNewer(DATABASE, version, migrations.length);
    const pending = migrations.slice(version);
    if (pending.length > 0) {
      if ((await value(connection, OWNER_USABLE)) === true) await run(connection, `SET LOCAL ROLE ${OWNER}`);
      for (const { statements } of pending) for (const statement of statements) await run(connection, statement);
      await connection.flush([query(SAVE_VERSION, String(migrations.length))], TIMEOUT_MS);
      await run(connection, GRANTS);
      if (migrations.length === SCHEMA_VERSION) await assertAsExpected(connection);
    }
    await run(connection, SQL.commit);
    return { created: version === 0 && pending.length > 0, applied: pending.map(({ name }) => name) };
  } catch (error) {
    if (connection.usable) await run(connection, SQL.rollback);
    throw error;
  }
}

/** How many were applied, as far as this transaction sees: the lock is held, so no other process changes it. */
async function appliedIn(connection: Connection): Promise<number> {
  return (await value(connection, TABLES)) === true ? Number(await value(connection, VERSION)) : 0;
}

async function run(connection: Connection, text: string): Promise<void> {
  await connection.flush([query(text)], TIMEOUT_MS);
}

async function value(connection: Connection, text: string): Promise<unknown> {
  const [answer] = await connection.flush([query(text)], TIMEOUT_MS);
  return answer?.[0]?.[0];
}
