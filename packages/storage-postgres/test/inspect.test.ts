/*
 * A look at a store on a server:
 *  - it tells version, schema, settings, the log's size and the remembered clock
 *  - of an agent's login it finds nothing missing and nothing too much
 *  - of a reader's login it tells what an agent would lack
 *  - of a superuser's login it tells what could be done to the log
 *  - it tells who may create functions in the schema public
 *  - what is no store, and who may not come in, is refused with a code of its own, and without the password
 */
import { expect, test } from 'vitest';
import { inspectPlace } from '../src/place/inspect.ts';
import { userUrl, withAdmin } from './harness/databases.ts';
import { newDatabase, openStorage, orchestratorOn } from './open-database.ts';

test("it tells version, schema, settings, the log's size and the remembered clock", async () => {
  const { adminUrl } = await newDatabase();
  await orchestratorOn(await openStorage(adminUrl)).enqueueTask({});

  const { facts, version, schema, schemaKnown, clock, serverNow } = await inspectPlace(adminUrl);

  expect(version).toMatch(/^\d+/);
  expect(schema).toBe(schemaKnown);
  expect(facts.logBytes).toBeGreaterThan(0);
  expect(facts.logBytesKept).toBeGreaterThan(1_000_000);
  expect(facts.idleSlots).toEqual([]);
  expect(Math.abs((serverNow ?? 0) - (clock?.last?.wall ?? 0))).toBeLessThan(60_000);
  for (const setting of facts.unsafeSettings)
    expect(setting).toMatch(/^(fsync|full_page_writes|synchronous_commit) = /);
});

test("of an agent's login it finds nothing missing and nothing too much", async () => {
  const { url } = await newDatabase();

  const { login, logBytes } = (await inspectPlace(url)).facts;

  expect(login).toEqual({ user: new URL(url).username, isSuperuser: false, isOwner: false, missing: [], excess: [] });
  expect(logBytes).toBeNull();
});

test("of a reader's login it tells what an agent would lack", async () => {
  const { adminUrl } = await newDatabase();
  const reader = { user: 'inspecting_reader', password: 'reader' };
  await withAdmin(adminUrl, async (sql) => {
    await sql.unsafe(`DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${reader.user}') THEN
      CREATE ROLE ${reader.user} LOGIN PASSWORD '${reader.password}' IN ROLE orchestrator_reader; END IF; END $$`);
  });

  const { login } = (await inspectPlace(userUrl(adminUrl, reader))).facts;

  expect(login.missing).toEqual(
    expect.arrayContaining(['INSERT event_log', 'UPDATE sessions', 'DELETE receipts', 'USAGE numbers']),
  );
  expect(login.missing).not.toContain('SELECT event_log');
  expect(login.excess).toEqual([]);
});

test("of a superuser's login it tells what could be done to the log", async () => {
  const { adminUrl } = await newDatabase();

  const { login } = (await inspectPlace(adminUrl)).facts;

  expect(login).toMatchObject({
    isSuperuser: true,
    isOwner: true,
    missing: [],
    excess: ['UPDATE event_log', 'DELETE event_log', 'TRUNCATE event_log'],
  });
});

test('it tells who may create functions in the schema public', async () => {
  const { adminUrl, url } = await newDatabase();
  const before = (await inspectPlace(url)).facts.publicCreators;
  await withAdmin(adminUrl, async (sql) => {
    await sql.unsafe('GRANT CREATE ON SCHEMA public TO PUBLIC, orchestrator_reader');
  });

  expect(before).toEqual([]);
  expect((await inspectPlace(url)).facts.publicCreators).toEqual(['every login', 'orchestrator_reader']);
});

test('what is no store, and who may not come in, is refused, and without the password', async () => {
  const { adminUrl } = await newDatabase({ migrated: false });
  const stranger = userUrl(adminUrl, { user: 'nobody_of_tests', password: 'hunter2' });

  const refusal = await inspectPlace(stranger).catch((error: Error) => error);

  await expect(inspectPlace(adminUrl)).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
  expect(refusal).toMatchObject({ code: 'STORE_LOGIN_REFUSED' });
  expect((refusal as Error).message).not.toContain('hunter2');
});
