/**
 * The tables of a store are exactly those that its migrations make, or it is refused with the names before anything of
 * it is read:
 * - more: a table, an index, a trigger, a view of another program
 * - less: a trigger that guards the log, an index
 * - other: a trigger, a table or an index of the same name, written differently
 * - so in each mode, for the rows of a move, for a check, and for doctor; the file is left as it was
 * - statistics change nothing
 * - a store that is shut has the triggers that shut it, and these alone
 * - a store of an older version is compared with what that version made
 * - a statement of a migration that creates nothing, and one that changes a table, are followed
 */
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { assertCatalogue } from '../src/schema/catalogue.ts';
import { openWriter } from '../src/connection.ts';
import { openSqliteStorage } from '../src/index.ts';
import { applyMigrations } from '../src/schema/migrate.ts';
import { knownMigrations, SCHEMA_VERSION } from '../src/migrations.ts';
import { checkPlace } from '../src/place/check.ts';
import { inspectPlace } from '../src/place/inspect.ts';
import { openSqliteRows } from '../src/copy/row-store.ts';
import { createFile } from '../src/file/store-file.ts';
import { aSession, aStore, aTask, add } from './factories.ts';
import { fingerprint, look } from './files.ts';
import { newPath } from './temporary-store.ts';

/** A store that another program changed. */
async function altered(sql: string): Promise<string> {
  const { path, storage } = await aStore();
  await add(storage, aSession(), [aTask()]);
  await storage.close();
  look(path, (db) => db.exec(sql));
  return path;
}

const ALTERATIONS: Record<string, readonly [sql: string, says: string]> = {
  'a table more': ['CREATE TABLE notes (text)', 'It has: table notes.'],
  'an index more': ['CREATE INDEX further ON tasks (title)', 'It has: index further.'],
  'a trigger more': [
    `CREATE TRIGGER shout AFTER INSERT ON tasks BEGIN DELETE FROM receipts; END`,
    'It has: trigger shout.',
  ],
  'a view more': ['CREATE VIEW everything AS SELECT * FROM tasks', 'It has: view everything.'],
  'a trigger as of a shut store': [
    `CREATE TRIGGER shut_tasks_insert BEFORE INSERT ON tasks BEGIN SELECT RAISE(ABORT, 'no'); END`,
    'It has: trigger shut_tasks_insert.',
  ],
  'a guard of the log less': ['DROP TRIGGER event_log_no_update', 'It lacks: trigger event_log_no_update.'],
  'an index less': ['DROP INDEX event_log_lease', 'It lacks: index event_log_lease.'],
  'a guard that guards nothing': [
    `DROP TRIGGER event_log_no_delete;
     CREATE TRIGGER event_log_no_delete BEFORE DELETE ON event_log BEGIN SELECT 1; END`,
    'Another form has: trigger event_log_no_delete.',
  ],
  'a table with a column more': ['ALTER TABLE tasks ADD colour TEXT', 'Another form has: table tasks.'],
  'an index on other columns': [
    'DROP INDEX event_log_lease; CREATE UNIQUE INDEX event_log_lease ON event_log (fence, id)',
    'Another form has: index event_log_lease.',
  ],
};

describe.each(Object.entries(ALTERATIONS))('%s', (_, [sql, says]) => {
  test('is refused by name wherever the store is opened, and the file is left as it was', async () => {
    const path = await altered(sql);
    const before = fingerprint(path);
    const refused = { code: 'STORE_ALTERED', message: expect.stringContaining(says) as string };

    for (const mode of ['create', 'existing', 'read-only'] as const)
      await expect(openSqliteStorage({ path, mode })).rejects.toMatchObject(refused);
    await expect(openSqliteRows({ path })).rejects.toMatchObject(refused);
    await expect(inspectPlace(path)).rejects.toMatchObject(refused);
    await expect(checkPlace(path)).rejects.toMatchObject(refused);

    expect(fingerprint(path)).toEqual(before);
  });
});

test('of many names only the first are told', async () => {
  const path = await altered(Array.from({ length: 24 }, (_, n) => `CREATE TABLE n${n} (x)`).join(';'));

  await expect(openSqliteStorage({ path })).rejects.toThrow(/table n0, .* and 4 more\./);
});

test.each([
  ['statistics', 'ANALYZE'],
  ['the numbers of tables that were dropped', 'CREATE TABLE n (x INTEGER PRIMARY KEY AUTOINCREMENT); DROP TABLE n'],
])('%s change nothing', async (_, sql) => {
  const path = await altered(sql);

  const storage = await openSqliteStorage({ path });

  expect(await storage.read.task('default', 't1')).not.toBeNull();
  await storage.close();
});

test('a store that is shut has the triggers that shut it, and these alone', async () => {
  const { path, storage } = await aStore();
  await storage.close();
  const moving = { status: 'moving', id: 'm', address: "sqlite:/it's.db", at: 1 } as const;
  const rows = await openSqliteRows({ path });
  await rows.changeStoreState(null, moving);
  await rows[Symbol.asyncDispose]();

  expect((await inspectPlace(path)).state).toEqual(moving);
  look(path, (db) => {
    const tables = db
      .prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'meta'`)
      .pluck();
    for (const table of tables.all().filter((name) => !name.startsWith('sqlite_')))
      expect(() => db.exec(`INSERT INTO ${table} DEFAULT VALUES`)).toThrow(moving.address);
  });
  look(path, (db) => db.exec('DROP TRIGGER shut_tasks_insert'));
  await expect(inspectPlace(path)).rejects.toThrow('It lacks: trigger shut_tasks_insert.');
  look(path, (db) => db.exec(`DELETE FROM meta WHERE key = 'state'`));
  await expect(inspectPlace(path)).rejects.toThrow('It has: trigger shut_');
});

test('a store of an older version is compared with what that version made', async () => {
  const path = newPath();
  createFile(path);
  const db = openWriter(path);
  applyMigrations(db, path, knownMigrations().slice(0, 1));
  db.close();

  expect((await inspectPlace(path)).schema).toBe(1);
  look(path, (sqlite) => sqlite.exec('CREATE TABLE notes (text)'));
  await expect(inspectPlace(path)).rejects.toMatchObject({ code: 'STORE_ALTERED' });
});

test('a migration that changes what an earlier one made is followed', () => {
  const further = [{ name: 'further', statements: ['ALTER TABLE tasks ADD colour TEXT', 'UPDATE meta SET value = 1'] }];
  const migrations = [...knownMigrations(), ...further];
  const db = new Database(':memory:');
  for (const { statements } of migrations) for (const statement of statements) db.exec(statement);

  expect(() => assertCatalogue(db, 'store.db', migrations)).not.toThrow();
  expect(() => assertCatalogue(db, 'store.db', knownMigrations())).toThrow('Another form has: table tasks.');
  expect(knownMigrations()).toHaveLength(SCHEMA_VERSION);
  db.close();
});
