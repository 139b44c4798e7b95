/*
 * Migrations:
 *  - ten processes at once: one does the work, and the others find it done
 *  - with the roles made before, everything belongs to the owner; with the roles made later, too
 *  - a login for agents finds nothing to migrate, and needs no right to
 *  - what a migration leaves behind when it fails is nothing
 *  - a store of an earlier version is refused until it is upgraded, and then gets what it lacks
 *  - of several processes that upgrade at once, one does the work; rows and owners are kept
 *  - the tables are as the schema says, with what drizzle cannot say
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { MigrationReport } from '@agent-orchestrator/core';
import type { Migration } from '@agent-orchestrator/storage-sql';
import { expect, test } from 'vitest';
import { ConnectionPool } from '../src/server/connection-pool.ts';
import { createRoles, openPostgresStorage } from '../src/index.ts';
import { applyMigrations } from '../src/schema/migrate.ts';
import { knownMigrations } from '../src/migrations.ts';
import { parseServerUrl } from '../src/server/server-address.ts';
import { withAdmin } from './harness/databases.ts';
import { newDatabase, openStorage, orchestratorOn } from './open-database.ts';

const MIGRATIONS = readdirSync(new URL('../drizzle/postgres', import.meta.url))
  .filter((name) => name.endsWith('.sql'))
  .map((name) => name.slice(0, -'.sql'.length))
  .toSorted();
/** A migration of a version to come. */
const PLANTED: Migration = {
  name: '9999_planted',
  statements: [
    'ALTER TABLE orchestrator.tasks ADD COLUMN planted text',
    'CREATE TABLE orchestrator.planted (id text PRIMARY KEY)',
  ],
};
const OURS = `relnamespace = 'orchestrator'::regnamespace`;
const OWNERS = `SELECT DISTINCT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE ${OURS}`;

async function ownersOf(url: string): Promise<unknown[]> {
  return withAdmin(url, async (sql) => (await sql.unsafe(OWNERS)).map((row) => row['owner'] as unknown));
}

test('of ten processes that migrate at once, one does the work', { timeout: 60_000 }, async () => {
  const { adminUrl } = await newDatabase({ migrated: false });
  const processes = Array.from({ length: 10 }, () => new Migrator(adminUrl));
  await Promise.all(processes.map((one) => one.line()));

  for (const one of processes) one.go();
  const reports = await Promise.all(processes.map(async (one) => JSON.parse(await one.line()) as MigrationReport));

  expect(reports.filter(({ created }) => created)).toEqual([{ created: true, applied: MIGRATIONS }]);
  expect(reports.filter(({ created, applied }) => !created && applied.length === 0)).toHaveLength(9);
});

test('with the roles made before, everything belongs to the owner', async () => {
  const { adminUrl } = await newDatabase({ migrated: false });
  await createRoles(adminUrl);
  const storage = await openStorage(adminUrl);

  await storage.migrate();

  expect(await ownersOf(adminUrl)).toEqual(['orchestrator_owner']);
});

test('with the roles made later, too; and making them again changes nothing', async () => {
  const { url, adminUrl } = await newDatabase({ migrated: false });
  const storage = await openStorage(adminUrl);
  await storage.migrate();
  const before = await ownersOf(adminUrl);

  await createRoles(adminUrl);
  await createRoles(adminUrl);

  expect(before).not.toEqual(['orchestrator_owner']);
  expect(await ownersOf(adminUrl)).toEqual(['orchestrator_owner']);
  expect(await orchestratorOn(await openStorage(url)).enqueueTask({})).toMatchObject({ outcome: 'enqueued' });
});

test('a login for agents finds nothing to migrate, and needs no right to', async () => {
  const { url } = await newDatabase();

  expect(await (await openStorage(url)).migrate()).toEqual({ created: false, applied: [] });
});

test('what a migration that fails leaves behind is nothing', async () => {
  const { adminUrl } = await newDatabase({ migrated: false });
  const failing: Migration = { name: PLANTED.name, statements: [...PLANTED.statements, 'SELECT 1 / 0'] };

  await expect(migrate(adminUrl, [...knownMigrations(), failing])).rejects.toMatchObject({ code: '22012' });

  const [found] = await withAdmin(adminUrl, (sql) => sql.unsafe(`SELECT to_regnamespace('orchestrator') AS it`));
  expect(found).toEqual({ it: null });
});

test('a store of an earlier version is refused until it is upgraded, and then gets what it lacks', async () => {
  const { url, adminUrl } = await newDatabase({ migrated: false });
  const migrations = knownMigrations();
  await migrate(adminUrl, migrations.slice(0, -1));

  const refusal = await openPostgresStorage({ url: adminUrl, mode: 'existing' }).catch((error: unknown) => error);
  const storage = await openStorage(adminUrl);
  const report = await storage.migrate();
  await createRoles(adminUrl);

  expect(refusal).toMatchObject({ code: 'STORE_OLDER' });
  expect(report).toEqual({ created: false, applied: MIGRATIONS.slice(-1) });
  expect(await orchestratorOn(await openStorage(url)).enqueueTask({})).toMatchObject({ outcome: 'enqueued' });
});

test('of several processes that upgrade at once, one does the work; rows and owners are kept', async () => {
  const { url, adminUrl } = await newDatabase();
  // The rights on a database are not copied with it.
  await createRoles(adminUrl);
  const { task } = await orchestratorOn(await openStorage(url)).enqueueTask({ title: 'from before' });
  const migrations = [...knownMigrations(), PLANTED];

  const reports = await Promise.all(Array.from({ length: 4 }, () => migrate(adminUrl, migrations)));
  const [row] = await withAdmin(url, (sql) => sql.unsafe('SELECT id, title, planted FROM orchestrator.tasks'));
  const refusal = await openPostgresStorage({ url }).catch((error: unknown) => error);

  expect(reports.flatMap(({ applied }) => applied)).toEqual([PLANTED.name]);
  expect(reports.map(({ created }) => created)).toEqual([false, false, false, false]);
  expect(row).toEqual({ id: task.id, title: 'from before', planted: null });
  expect(await ownersOf(adminUrl)).toEqual(['orchestrator_owner']);
  expect(refusal).toMatchObject({ code: 'STORE_NEWER' });
});

test('hot tables leave room on pages, ids and numbers are drawn one by one, texts compare by code point', async () => {
  const { adminUrl } = await newDatabase();

  await withAdmin(adminUrl, async (sql) => {
    const tuned = await sql.unsafe(
      `SELECT relname FROM pg_class WHERE reloptions @> '{fillfactor=70}' AND relkind = 'r' ORDER BY relname`,
    );
    const drawn = await sql.unsafe(
      `SELECT relname, seqcache::int FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid
       WHERE ${OURS} ORDER BY relname`,
    );
    const collations = await sql.unsafe(
      `SELECT DISTINCT c.collname FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid
         JOIN pg_collation c ON c.oid = a.attcollation WHERE ${OURS} AND t.relkind IN ('r', 'i')`,
    );
    const indexed = await sql.unsafe(
      `SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indexrelid
       WHERE indrelid = 'orchestrator.sessions'::regclass`,
    );

    expect(tuned.map((row) => row['relname'] as unknown)).toEqual(['sessions', 'tasks']);
    expect(drawn.map((row) => row['relname'] as unknown)).toEqual(['changes', 'event_log_id_seq', 'numbers']);
    expect(drawn.filter((row) => row['seqcache'] !== 1)).toEqual([]);
    expect(collations.map((row) => row['collname'] as unknown)).toEqual(['C']);
    const columns = indexed.map((row) => row['attname'] as unknown);
    expect(columns).not.toContain('lease_expires_at');
    expect(columns).not.toContain('heartbeat_at');
  });
});

/** Applies these migrations, on a connection of its own. */
async function migrate(url: string, migrations: readonly Migration[]): Promise<MigrationReport> {
  const connections = new ConnectionPool(parseServerUrl(url), 1);
  try {
    return await connections.use((connection) => applyMigrations(connection, migrations));
  } finally {
    await connections.close();
  }
}

/** One of the processes. */
class Migrator {
  readonly #child;
  readonly #lines: AsyncIterator<string>;

  constructor(url: string) {
    const program = fileURLToPath(new URL('programs/migrator.ts', import.meta.url));
    this.#child = spawn(process.execPath, ['--conditions=@agent-orchestrator/source', program, url], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    const { value } = await this.#lines.next();
    return String(value);
  }

  go(): void {
    this.#child.stdin.end('go');
  }
}
