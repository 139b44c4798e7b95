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

  const written = readFileSync(new URL('../src/schema/expected-catalogue.ts', import.meta.url), 'utf8');

  expect(written, 'see test/programs/record-catalogue.ts').toBe(await writtenCatalogue(adminUrl));
});

const FUNCTION = `CREATE FUNCTION public.planted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`;

/** The view of leases, with another status in its condition. */
function leasesOf(status: string): string {
  return `DO $$ BEGIN
    EXECUTE 'CREATE OR REPLACE VIEW orchestrator.leases_v AS '
      || replace(pg_get_viewdef('orchestrator.leases_v'::regclass), 'running', '${status}');
  END $$`;
}

const PLANTED: readonly (readonly [statement: string, name: string])[] = [
  [
    `${FUNCTION};
     CREATE TRIGGER zz AFTER INSERT ON orchestrator.event_log FOR EACH ROW EXECUTE FUNCTION public.planted()`,
    'It has: trigger zz of event_log.',
  ],
  [
    'ALTER TABLE orchestrator.event_log DISABLE TRIGGER event_log_no_update',
    'Another form has: trigger event_log_no_update of event_log.',
  ],
  ['DROP TRIGGER event_log_no_update ON orchestrator.event_log', 'It lacks: trigger event_log_no_update of event_log.'],
  [`CREATE RULE zz AS ON INSERT TO orchestrator.receipts DO INSTEAD NOTHING`, 'It has: rule zz of receipts.'],
  ['ALTER TABLE orchestrator.tasks ADD COLUMN x int', 'Another form has: table tasks.'],
  ['ALTER TABLE orchestrator.tasks ALTER COLUMN title DROP NOT NULL', 'Another form has: table tasks.'],
  ['ALTER TABLE orchestrator.agents DROP CONSTRAINT agents_status', 'It lacks: constraint agents_status of agents.'],
  ['DROP INDEX orchestrator.tasks_running', 'It lacks: index tasks_running.'],
  ['CREATE INDEX zz ON orchestrator.tasks (title)', 'It has: index zz.'],
  ['CREATE TABLE public.heir () INHERITS (orchestrator.sessions)', 'It has: heir public.heir of sessions.'],
  ['CREATE VIEW orchestrator.zz AS SELECT 1', 'table zz.'],
  ['ALTER VIEW orchestrator.tasks_v SET (security_barrier)', 'Another form has: table tasks_v.'],
  [leasesOf('run ning'), 'Another form has: rule _RETURN of leases_v'],
  [leasesOf('tasks.running'), 'Another form has: rule _RETURN of leases_v'],
  ['ALTER TABLE orchestrator.sessions ENABLE ROW LEVEL SECURITY', 'Another form has: table sessions.'],
  ['CREATE POLICY zz ON orchestrator.sessions USING (true)', 'It has: policy zz of sessions.'],
  ['ALTER SEQUENCE orchestrator.event_log_id_seq CACHE 5', 'Another form has: sequence event_log_id_seq.'],
  [
    `CREATE OR REPLACE FUNCTION orchestrator.refuse_change() RETURNS trigger LANGUAGE plpgsql
       AS 'BEGIN RETURN NEW; END'`,
    'Another form has: function orchestrator.refuse_change().',
  ],
  [
    `CREATE OR REPLACE FUNCTION orchestrator.broken_check(written orchestrator.tasks) RETURNS text
       IMMUTABLE PARALLEL SAFE RETURN NULL::text`,
    'Another form has: function orchestrator.broken_check(orchestrator.tasks).',
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
  const refusal = { code: 'STORE_ALTERED', message: expect.stringContaining('Another form has: table meta.') };

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
