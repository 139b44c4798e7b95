/*
 * What each role may do, tried as each of them:
 *  - an agent works with everything, and is refused what would undo a promise
 *  - a reader reads everything, and changes nothing
 *  - the statements that docker compose runs at first start are those of `store init --roles`
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROLE_STATEMENTS } from '../src/index.ts';
import { userUrl, withAdmin } from './harness/databases.ts';
import { newDatabase, openStorage, orchestratorOn } from './open-database.ts';

/** Insufficient privilege. */
const REFUSED = '42501';

const forAgents = [
  `UPDATE orchestrator.event_log SET payload = '{}'`,
  'DELETE FROM orchestrator.event_log',
  'TRUNCATE orchestrator.event_log',
  'ALTER TABLE orchestrator.event_log DISABLE TRIGGER ALL',
  'DROP TRIGGER event_log_no_update ON orchestrator.event_log',
  'DROP TABLE orchestrator.event_log CASCADE',
  `SELECT setval('orchestrator.event_log_id_seq', 1)`,
  `SELECT setval('orchestrator.numbers', 1)`,
  'DELETE FROM orchestrator.sessions',
  'DELETE FROM orchestrator.tasks',
  'TRUNCATE orchestrator.sessions, orchestrator.tasks',
  `UPDATE orchestrator.receipts SET reply = '{}'`,
  `INSERT INTO orchestrator.meta (key, value) VALUES ('x', '1')`,
  'DELETE FROM orchestrator.meta',
  'ALTER TABLE orchestrator.tasks ADD COLUMN x int',
  'CREATE TABLE orchestrator.x ()',
  'CREATE SCHEMA x',
  'DROP SCHEMA orchestrator CASCADE',
  'SET session_replication_role = replica',
  'SET ROLE orchestrator_owner',
  `CREATE OR REPLACE FUNCTION orchestrator.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
];

test.for(forAgents)('an agent is refused: %s', async (statement) => {
  const { url } = await newDatabase();
  await orchestratorOn(await openStorage(url)).enqueueTask({});

  await withAdmin(url, async (sql) => {
    await expect(sql.unsafe(statement)).rejects.toMatchObject({ code: REFUSED });
  });
});

test('a reader reads everything, and changes nothing', async () => {
  const { url, adminUrl } = await newDatabase();
  const login = { user: 'reader_of_tests', password: 'reader' };
  await withAdmin(adminUrl, async (sql) => {
    await sql.unsafe(`DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${login.user}') THEN
      CREATE ROLE ${login.user} LOGIN PASSWORD '${login.password}' IN ROLE orchestrator_reader; END IF; END $$`);
  });
  const agents = orchestratorOn(await openStorage(url));
  const { task } = await agents.enqueueTask({});
  const storage = await openStorage(userUrl(adminUrl, login), { mode: 'read-only' });
  const reader = orchestratorOn(storage);
  const stop = await reader.watch(() => {});
  await stop();

  expect(await reader.getTask(task.id)).toMatchObject({ id: task.id });
  expect(await reader.asOf()).toBe(2);
  expect(await reader.verify()).toMatchObject({ ok: true });
  await expect(reader.enqueueTask({})).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
  const writing = orchestratorOn(await openStorage(userUrl(adminUrl, login)));
  await expect(writing.enqueueTask({})).rejects.toMatchObject({ code: 'STORE_PERMISSION' });
});

test('docker compose makes the roles as `store init --roles --print` says', () => {
  const file = new URL('../../../docker/postgres/roles.sql', import.meta.url);

  expect(readFileSync(file, 'utf8')).toContain(ROLE_STATEMENTS.map((statement) => `${statement};\n`).join(''));
});
