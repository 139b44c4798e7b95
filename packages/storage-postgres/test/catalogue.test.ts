/*
 * What the schema is made of, compared with what this version expects before anything of it is used:
 *  - the expected parts are those that the migrations make
 *  - what is more, less or other is refused by name, and nothing of it is run
 *  - a view in the place of a table, whatever it does, is not read
 *  - a migration is not left half right
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openPostgresRows, openPostgresStorage } from '../src/index.ts';
import { inspectPlace } from '../src/place/inspect.ts';
import { withAdmin } from './harness/databases.ts';
import { writtenCatalogue } from './harness/written-catalogue.ts';
import { newDatabase, openStorage } from './open-database.ts';

test('the expected parts are those that the migrations make', async () => {
  const { adminUrl } = await newDatabase();

  const written = readFileSync(new URL('../src/expected-catalogue.ts', import.meta.url), 'utf8');

  expect(written, 'see test/programs/record-catalogue.ts').toBe(await writtenCatalogue(adminUrl));
});

const FUNCTION = `CREATE FUNCTION public.planted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`;

const PLANTED: readonly (readonly [statement: string, name: string])[] = [
  [
    `${FUNCTION};
     CREATE TRIGGER zz AFTER INSERT ON orchestrator.event_log FOR EACH ROW EXECUTE FUNCTION public.planted()`,
    'trigger zz of event_log (not ours)',
  ],
  [
    'ALTER TABLE orchestrator.event_log DISABLE TRIGGER event_log_no_update',
    'trigger event_log_no_update of event_log (changed)',
  ],
  ['DROP TRIGGER event_log_no_update ON orchestrator.event_log', 'trigger event_log_no_update of event_log (missing)'],
  [`CREATE RULE zz AS ON INSERT TO orchestrator.receipts DO INSTEAD NOTHING`, 'rule zz of receipts (not ours)'],
  ['ALTER TABLE orchestrator.tasks ADD COLUMN x int', 'table tasks (changed)'],
  ['ALTER TABLE orchestrator.tasks ALTER COLUMN title DROP NOT NULL', 'table tasks (changed)'],
  ['ALTER TABLE orchestrator.tasks DROP CONSTRAINT tasks_status', 'constraint tasks_status of tasks (missing)'],
  ['DROP INDEX orchestrator.tasks_running', 'index tasks_running (missing)'],
  ['CREATE INDEX zz ON orchestrator.tasks (title)', 'index zz (not ours)'],
  ['CREATE TABLE public.heir () INHERITS (orchestrator.sessions)', 'heir public.heir of sessions (not ours)'],
  ['CREATE VIEW orchestrator.zz AS SELECT 1', 'table zz (not ours)'],
  ['ALTER TABLE orchestrator.sessions ENABLE ROW LEVEL SECURITY', 'table sessions (changed)'],
  ['CREATE POLICY zz ON orchestrator.sessions USING (true)', 'policy zz of sessions (not ours)'],
  ['ALTER SEQUENCE orchestrator.event_log_id_seq CACHE 5', 'sequence event_log_id_seq (changed)'],
  [
    `CREATE OR REPLACE FUNCTION orchestrator.refuse_change() RETURNS trigger LANGUAGE plpgsql
       AS 'BEGIN RETURN NEW; END'`,
    'function orchestrator.refuse_change() (changed)',
  ],
];

test.for(PLANTED)('refused by name: %s', async ([statement, name]) => {
  const { url, adminUrl } = await newDatabase();
  await withAdmin(adminUrl, async (sql) => void (await sql.unsafe(statement)));

  const refusal = { code: 'STORE_ALTERED', message: expect.stringContaining(name) };

  await expect(openPostgresStorage({ url })).rejects.toMatchObject(refusal);
  await expect(openPostgresStorage({ url, mode: 'read-only' })).rejects.toMatchObject(refusal);
  await expect(openPostgresRows({ url: adminUrl })).rejects.toMatchObject(refusal);
  await expect(inspectPlace(adminUrl)).rejects.toMatchObject(refusal);
});

test('a view in the place of a table is not read, and nothing hangs', async () => {
  const { adminUrl } = await newDatabase({ migrated: false });
  await withAdmin(adminUrl, async (sql) => {
    await sql.unsafe(`CREATE SCHEMA orchestrator;
      CREATE FUNCTION public.caught() RETURNS text LANGUAGE plpgsql AS $$ BEGIN
        CREATE TABLE IF NOT EXISTS public.caught_one (); PERFORM pg_sleep(3600); RETURN 'schema'; END $$;
      CREATE VIEW orchestrator.meta AS SELECT public.caught() AS key, '3' AS value`);
  });
  const refusal = { code: 'STORE_ALTERED', message: expect.stringContaining('table meta (changed)') };

  await expect(openPostgresStorage({ url: adminUrl })).rejects.toMatchObject(refusal);
  await expect(inspectPlace(adminUrl)).rejects.toMatchObject(refusal);

  const [caught] = await withAdmin(adminUrl, (sql) => sql.unsafe(`SELECT to_regclass('public.caught_one') AS it`));
  expect(caught).toEqual({ it: null });
});

test('a store that is planted before it is made is not made', async () => {
  const { adminUrl } = await newDatabase({ migrated: false });
  const storage = await openStorage(adminUrl);
  await withAdmin(adminUrl, async (sql) => void (await sql.unsafe('CREATE SCHEMA orchestrator')));

  await expect(storage.migrate()).rejects.toMatchObject({ code: 'STORE_ALTERED' });
});
