// The views that show a store to any SQL tool:
// - they show every row as the API does, under the names of its columns
// - the migrations make the ones that follow from the tables
// - those of a database that comes from PostgreSQL 14 get by ALTER VIEW what they lack
// - a login reads through them what it may read of the tables, and changes nothing; a reader and an agent may
import { COLUMNS } from '@agent-orchestrator/core';
import type postgres from 'postgres';
import { expect, onTestFinished, test } from 'vitest';
import { VIEW_TEXTS } from '../src/schema/views.ts';
import { userUrl, withAdmin, type TestDatabase } from './harness/databases.ts';
import { newDatabase, openStorage, orchestratorOn } from './open-database.ts';

const VIEWS = Object.keys(VIEW_TEXTS);
/** A text in the views that have no agent. */
const COLUMN_OF: Readonly<Record<string, string>> = { tasks_v: 'note', agents_v: 'machine' };
const PASSWORD = 'password-of-views';

/** A lease that is held, a task that waits, and one in another namespace; and what the registry has of each. */
async function withWork(): Promise<{ readonly database: TestDatabase; readonly token: string }> {
  const database = await newDatabase();
  const orchestrator = orchestratorOn(await openStorage(database.url));
  await orchestrator.enqueueTasks([
    { id: 'runs', sessionId: 's', payload: { text: '한국어' } },
    { id: 'waits', sessionId: 's' },
  ]);
  await orchestrator.enqueueTask({ id: 'elsewhere', namespace: 'other' });
  await orchestrator.registerAgent({ agent: 'company-agent', roles: ['builder'], machine: '책상', human: true });
  await orchestrator.setAgentPolicy({ agents: 'registered_only', namespace: 'other' });
  const claimed = await orchestrator.claimTask({ agent: 'company-agent' });
  if (!claimed.ok) throw new Error('it can be claimed');
  return { database, token: claimed.lease.token };
}

test('they show what the API shows, and of a lease neither the token nor its hash', async () => {
  const { database, token } = await withWork();
  const { read } = await openStorage(database.url);
  const known = {
    tasks_v: [] as object[],
    sessions_v: [] as object[],
    agents_v: [] as object[],
    events_v: [] as object[],
  };
  for (const namespace of ['default', 'other']) {
    known.tasks_v.push(...(await read.tasks({ namespace, limit: 100 })).items);
    known.sessions_v.push(...(await read.sessions({ namespace, limit: 100 })).items);
    known.agents_v.push(...(await read.agents({ namespace, limit: 100 })).items);
    known.events_v.push(...(await read.events({ namespace, limit: 100, upTo: 100 })).items);
  }
  const columns = {
    tasks_v: COLUMNS.task,
    sessions_v: COLUMNS.session,
    agents_v: COLUMNS.agent,
    events_v: COLUMNS.event,
  };

  await withAdmin(database.url, async (sql) => {
    for (const view of ['tasks_v', 'sessions_v', 'agents_v', 'events_v'] as const) {
      const shown = await rowsOf(sql, view);
      expect(shown).toHaveLength(known[view].length);
      for (const row of known[view]) {
        const named = Object.entries(columns[view]).map(([field, column]) => [column, (row as never)[field]]);
        expect(shown).toContainEqual(expect.objectContaining(Object.fromEntries(named)));
      }
    }
    const leases = await rowsOf(sql, 'leases_v');
    expect(leases).toMatchObject([{ namespace: 'default', session_id: 's', task_id: 'runs', agent: 'company-agent' }]);
    const [lease = {}] = leases;
    expect(Object.keys(lease)).not.toContain('token_hash');
    expect(JSON.stringify(leases)).not.toContain(token.split('-')[1]);
  });
});

/** As the reader has them: numbers of 64 bits are none that JavaScript cannot hold. */
async function rowsOf(sql: postgres.Sql, view: string): Promise<readonly Record<string, unknown>[]> {
  const [row] = await sql.unsafe(`SELECT coalesce(json_agg(v), '[]') AS rows FROM orchestrator.${view} v`);
  return row?.['rows'] as readonly Record<string, unknown>[];
}

test('the migrations make the views that follow from the tables, and no other', async () => {
  const { adminUrl } = await newDatabase();

  await withAdmin(adminUrl, async (sql) => {
    const made = await viewsIn(sql, 'orchestrator');
    await sql.unsafe('CREATE SCHEMA expected');
    for (const [name, text] of Object.entries(VIEW_TEXTS)) await sql.unsafe(`CREATE VIEW expected.${name} AS ${text}`);

    expect(made).toHaveLength(VIEWS.length);
    expect(made).toEqual(await viewsIn(sql, 'expected'));
  });
});

/** The views of a schema, each as the server says it. */
async function viewsIn(sql: postgres.Sql, schema: string): Promise<readonly unknown[]> {
  return sql.unsafe(
    `SELECT viewname AS name, definition AS text FROM pg_views WHERE schemaname = '${schema}' ORDER BY viewname`,
  );
}

test('as they come from PostgreSQL 14 they are refused until the owner has done as docs/servers.md says', async () => {
  const { url, adminUrl } = await newDatabase();
  const alter = (change: string) =>
    withAdmin(adminUrl, async (sql) => {
      for (const view of VIEWS) await sql.unsafe(`ALTER VIEW orchestrator.${view} ${change}`);
    });

  await alter('RESET (security_invoker)');
  await expect(openStorage(url)).rejects.toMatchObject({ code: 'STORE_ALTERED' });
  await alter('SET (security_invoker = true)');

  await expect((await openStorage(url)).read.namespaces()).resolves.toEqual([]);
});

test('a reader and an agent read them, and change nothing by them', async () => {
  const { database } = await withWork();
  const reader = await newLogin(database, (name) => `GRANT orchestrator_reader TO ${name}`);

  for (const url of [database.url, reader])
    await withAdmin(url, async (sql) => {
      for (const view of VIEWS) {
        expect(await sql.unsafe(`SELECT 1 FROM orchestrator.${view}`)).not.toHaveLength(0);
        for (const change of [`DELETE FROM orchestrator.${view}`, `UPDATE orchestrator.${view} SET agent = 'me'`])
          await expect(
            sql.unsafe(change.replace('SET agent', `SET ${COLUMN_OF[view] ?? 'agent'}`)),
          ).rejects.toMatchObject({ code: '42501' });
      }
    });
});

test('a login that may read a view, but not its table, reads nothing', async () => {
  const { database } = await withWork();
  const login = await newLogin(database, (name) =>
    [
      `GRANT USAGE ON SCHEMA orchestrator TO ${name}`,
      `GRANT SELECT ON ${VIEWS.map((view) => `orchestrator.${view}`).join(', ')} TO ${name}`,
    ].join('; '),
  );

  await withAdmin(login, async (sql) => {
    for (const view of VIEWS)
      await expect(sql.unsafe(`SELECT * FROM orchestrator.${view}`)).rejects.toMatchObject({ code: '42501' });
  });
});

/** A login of this database with rights of its own; it goes with the test. */
async function newLogin({ adminUrl }: TestDatabase, rights: (name: string) => string): Promise<string> {
  const name = `viewer_${new URL(adminUrl).pathname.slice(6, 18)}`;
  await withAdmin(adminUrl, async (sql) => {
    await sql.unsafe(`CREATE ROLE ${name} LOGIN PASSWORD '${PASSWORD}'`);
    await sql.unsafe(rights(name));
  });
  onTestFinished(() =>
    withAdmin(adminUrl, async (sql) => void (await sql.unsafe(`DROP OWNED BY ${name}; DROP ROLE ${name}`))),
  );
  return userUrl(adminUrl, { user: name, password: PASSWORD });
}
