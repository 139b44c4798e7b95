import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { openPostgresStorage, ROLE_STATEMENTS } from '../../src/index.ts';
import { writingStoreState } from '../../src/copy/store-state.ts';

const TEMPLATE = 'orchestrator_template';
/** A login as agents have it: a member of the role for agents, and of nothing else. */
export const AGENT = { user: 'agent_of_tests', password: 'open-sesame-of-tests' };

/** A client that sends statements past the storage, for what only the database can tell. Closes itself after `use`. */
export async function withAdmin<R>(url: string, use: (sql: postgres.Sql) => Promise<R>): Promise<R> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await use(sql);
  } finally {
    await sql.end();
  }
}

/** Makes the roles, and a database that has been migrated by their owner. */
export async function prepareTemplate(serverUrl: string): Promise<void> {
  await withAdmin(serverUrl, async (sql) => {
    await sql.unsafe(`DROP DATABASE IF EXISTS ${TEMPLATE} WITH (FORCE)`);
    await sql.unsafe(`CREATE DATABASE ${TEMPLATE}`);
  });
  const url = databaseUrl(serverUrl, TEMPLATE);
  await withAdmin(url, async (sql) => {
    for (const statement of ROLE_STATEMENTS) await sql.unsafe(statement);
    await sql.unsafe(`DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${AGENT.user}') THEN
      CREATE ROLE ${AGENT.user} LOGIN PASSWORD '${AGENT.password}' IN ROLE orchestrator_app; END IF; END $$`);
  });
  const storage = await openPostgresStorage({ url });
  await storage.migrate();
  await storage.close();
}

/** A database of a test file, as a copy of the migrated one. */
export interface TestDatabase {
  /** Of the superuser. */
  readonly adminUrl: string;
  /** Of an agent. */
  readonly url: string;
  /** Makes it as it was at first, and ends what is still at work in it. */
  empty(): Promise<void>;
  drop(): Promise<void>;
}

/** @param options `template`: the name of another database to copy, without a connection to it */
export async function createDatabase(
  serverUrl: string,
  options: { readonly migrated?: boolean; readonly template?: string } = {},
): Promise<TestDatabase> {
  const { migrated = true, template = migrated ? TEMPLATE : 'template1' } = options;
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await withAdmin(serverUrl, async (sql) => {
    await sql.unsafe(`CREATE DATABASE ${name} TEMPLATE ${template} ${await fastestCopy(sql)}`);
  });
  const adminUrl = databaseUrl(serverUrl, name);
  const admin = postgres(adminUrl, { max: 1, onnotice: () => {} });
  return {
    adminUrl,
    url: userUrl(adminUrl, AGENT),
    empty: async () => void (await admin.unsafe(EMPTY)),
    drop: async () => {
      await admin.end();
      await withAdmin(
        serverUrl,
        async (sql) => void (await sql.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
      );
    },
  };
}

/**
 * By default, a server writes each page of the copy to its log. To copy the files takes a third of the work, where the
 * server does not wait for its disk. Before PostgreSQL 15, there is no other way, and no word for it.
 */
async function fastestCopy(sql: postgres.Sql): Promise<string> {
  const [server] = await sql<{ version: number }[]>`SELECT current_setting('server_version_num')::int AS version`;
  return (server?.version ?? 0) >= 150_000 ? 'STRATEGY FILE_COPY' : '';
}

/**
 * A copy of the template for each test would take longer than most of the tests. Only the superuser can do this. The
 * sequences are set: restarted, each would get a new file.
 */
const EMPTY = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle';
  BEGIN;
  ${writingStoreState(null)
    .map(({ text }) => text)
    .join('; ')};
  ALTER TABLE orchestrator.event_log DISABLE TRIGGER event_log_no_update, DISABLE TRIGGER event_log_no_truncate;
  DELETE FROM orchestrator.event_log;
  DELETE FROM orchestrator.dependency_ends;
  DELETE FROM orchestrator.dependencies;
  DELETE FROM orchestrator.tasks;
  DELETE FROM orchestrator.sessions;
  DELETE FROM orchestrator.receipts;
  DELETE FROM orchestrator.agents;
  UPDATE orchestrator.meta SET value = '{"last":null,"jump":null}' WHERE key = 'clock';
  ALTER TABLE orchestrator.event_log
    ENABLE ALWAYS TRIGGER event_log_no_update, ENABLE ALWAYS TRIGGER event_log_no_truncate;
  SELECT setval('orchestrator.event_log_id_seq', 1, false), setval('orchestrator.numbers', 1, false);
  COMMIT`;

/** The same server, another database. */
export function databaseUrl(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** The same database, another user. */
export function userUrl(
  text: string,
  { user, password }: { readonly user: string; readonly password: string },
): string {
  const url = new URL(text);
  url.username = user;
  url.password = password;
  return url.href;
}
