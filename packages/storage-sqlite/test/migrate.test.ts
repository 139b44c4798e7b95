/**
 * Promises of migrate():
 * - of many processes that create one store at once, one creates it and none fails
 * - it is done once, and says what it did
 * - a store of an older version is refused until it is done; then only what was missing is applied, and all rows are
 *   there
 * - a store that has seen one migration more is refused as newer
 * - one that changes a CHECK, as the script completes it, keeps all rows, what points at them, views and triggers
 * - and makes nothing again that an earlier one has dropped
 * - a migration that fails leaves nothing behind
 * - the folder of migrations and the version in the code say the same
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { MigrationReport } from '@agent-orchestrator/core';
import type { Migration } from '@agent-orchestrator/storage-sql';
import { expect, test } from 'vitest';
import { areViewsOutdated, completeMigration } from '../../../scripts/complete-migration.ts';
import { openWriter, type Connection } from '../src/connection.ts';
import { openSqliteStorage } from '../src/index.ts';
import { applyMigrations } from '../src/schema/migrate.ts';
import { knownMigrations, SCHEMA_VERSION } from '../src/migrations.ts';
import { createFile } from '../src/file/store-file.ts';
import { aSession, aStore, aTask, add } from './factories.ts';
import { look } from './files.ts';
import { newPath } from './temporary-store.ts';

const BREAKPOINT = '--> statement-breakpoint';
const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const SOURCE = '--conditions=@agent-orchestrator/source';

/** Applies migrations to a file as another version would that knows just these. */
async function apply(path: string, migrations: readonly Migration[]): Promise<MigrationReport> {
  createFile(path);
  const db = openWriter(path);
  try {
    return applyMigrations(db, path, migrations);
  } finally {
    db.close();
  }
}

test('of ten processes that create one store at once, one does and none fails', { timeout: 60_000 }, async () => {
  const path = newPath();
  const program = `import { openSqliteStorage } from '@agent-orchestrator/storage-sqlite';
    const storage = await openSqliteStorage({ path: ${JSON.stringify(path)} });
    console.log(JSON.stringify(await storage.migrate())); await storage.close();`;

  const answers = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const child = spawn(process.execPath, [SOURCE, '--input-type=module', '-e', program], {
        cwd: PACKAGE,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [answer] = await Promise.all([text(child.stdout), once(child, 'exit')]);
      return JSON.parse(answer) as { created: boolean; applied: string[] };
    }),
  );

  expect(answers.filter(({ created }) => created)).toHaveLength(1);
  expect(answers.filter(({ applied }) => applied.length > 0)).toHaveLength(1);
});

test('it is done once, and says what it did', async () => {
  const storage = await openSqliteStorage({ path: newPath() });

  expect(await storage.migrate()).toEqual({
    created: true,
    applied: readdirSync(join(PACKAGE, 'drizzle'))
      .filter((name) => name.endsWith('.sql'))
      .map((name) => name.slice(0, -'.sql'.length))
      .toSorted(),
  });
  expect(await storage.migrate()).toEqual({ created: false, applied: [] });
  await storage.close();
});

test('a store of an older version is refused until it is migrated, and then it gets what it lacks', async () => {
  const path = newPath();
  const migrations = knownMigrations();
  await apply(path, migrations.slice(0, -1));
  const storage = await openSqliteStorage({ path });
  await expect(openSqliteStorage({ path, mode: 'read-only' })).rejects.toMatchObject({ code: 'STORE_OLDER' });
  await expect(storage.read.namespaces()).rejects.toMatchObject({ code: 'STORE_OLDER' });
  await expect(add(storage, aSession())).rejects.toMatchObject({ code: 'STORE_OLDER' });

  expect(await storage.migrate()).toEqual({ created: false, applied: [migrations.at(-1)?.name] });

  await add(storage, aSession(), [aTask()]);
  expect(await storage.read.task('default', 't1')).not.toBeNull();
  await storage.close();
});

test('a further migration leaves all rows where they are, and the store is newer than this version knows', async () => {
  const { path, storage } = await aStore();
  await add(storage, aSession(), [aTask()]);
  await storage.close();
  const migrations = knownMigrations();
  const planted = [...migrations, { name: 'further', statements: ['ALTER TABLE tasks ADD colour text'] }];

  const report = await apply(path, planted);
  const again = await apply(path, planted).catch((error: unknown) => error);

  expect(report).toEqual({ created: false, applied: ['further'] });
  expect(again).toMatchObject({ code: 'STORE_NEWER' });
  expect(look(path, (db) => db.prepare('SELECT id, colour FROM tasks').all())).toEqual([{ id: 't1', colour: null }]);
  await expect(openSqliteStorage({ path })).rejects.toMatchObject({ code: 'STORE_NEWER' });
});

test('a migration that changes a CHECK keeps the rows, what points at them, views and triggers', async () => {
  const { path, storage } = await aStore();
  await add(storage, aSession(), [aTask()]);
  await storage.close();
  const migrations = knownMigrations();
  const texts = migrations.map(({ statements }) => statements.join(BREAKPOINT));
  for (const table of ['tasks', 'event_log']) {
    const before = look(path, (db) => everythingOf(db, table));
    const text = completeMigration('sqlite', rebuilt(path, table), texts);
    const planted = [...migrations, { name: 'rebuilt', statements: text.split(BREAKPOINT) }];
    const copy = `${path}.${table}`;
    cpSync(path, copy);

    const report = await apply(copy, planted);

    expect(report).toEqual({ created: false, applied: ['rebuilt'] });
    expect(look(copy, (db) => everythingOf(db, table))).toEqual(before);
    const fresh = newPath();
    expect(await apply(fresh, planted)).toMatchObject({ created: true });
  }
});

test('a migration makes and drops nothing again that an earlier one has dropped', async () => {
  const { path, storage } = await aStore();
  await storage.close();
  const dropping = [
    ...knownMigrations(),
    { name: 'more', statements: ['CREATE VIEW `old_v` AS\nSELECT 1;'] },
    { name: 'less', statements: ['DROP VIEW `old_v`;', 'DROP TRIGGER `event_log_no_replace`;'] },
  ];
  const texts = dropping.map(({ statements }) => statements.join(BREAKPOINT));
  const text = completeMigration('sqlite', rebuilt(path, 'event_log'), texts);
  const before = look(path, triggersAndViews);

  await apply(path, [...dropping, { name: 'rebuilt', statements: text.split(BREAKPOINT) }]);

  expect(before).toContain('event_log_no_replace');
  expect(look(path, triggersAndViews)).toEqual(before.filter((name) => name !== 'event_log_no_replace'));
  expect(areViewsOutdated('sqlite', texts.slice(0, -1))).toBe(true);
  expect(areViewsOutdated('sqlite', texts)).toBe(false);
});

function triggersAndViews(db: Connection): unknown[] {
  return db.prepare("SELECT name FROM sqlite_schema WHERE type IN ('trigger', 'view') ORDER BY name").pluck().all();
}

test('on a server, too, a view that was dropped is not dropped again', () => {
  const earlier = ['CREATE VIEW "orchestrator"."old_v" AS\nSELECT 1;', 'DROP VIEW "orchestrator"."old_v";'];

  expect(completeMigration('postgresql', '', earlier.slice(0, 1))).toContain('DROP VIEW "orchestrator"."old_v";');
  expect(completeMigration('postgresql', '', earlier)).not.toContain('old_v');
});

/** As drizzle-kit writes it, with one CHECK more. */
function rebuilt(path: string, table: string): string {
  const { sql, columns, indexes } = look(path, (db) => ({
    sql: db.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').pluck().get(table) as string,
    columns: (db.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => `"${name}"`).join(', '),
    indexes: db
      .prepare("SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql NOT NULL")
      .pluck()
      .all(table) as string[],
  }));
  const renamed = sql.replace(/^CREATE TABLE \S+/u, `CREATE TABLE \`__new_${table}\``);
  return [
    'PRAGMA foreign_keys=OFF;',
    `${renamed.replace(/\n\) STRICT$/u, ',\n\tCONSTRAINT "further" CHECK(1)\n) STRICT')};`,
    `INSERT INTO \`__new_${table}\`(${columns}) SELECT ${columns} FROM \`${table}\`;`,
    `DROP TABLE \`${table}\`;`,
    `ALTER TABLE \`__new_${table}\` RENAME TO \`${table}\`;`,
    'PRAGMA foreign_keys=ON;',
    ...indexes.map((one) => `${one};`),
  ].join(`${BREAKPOINT}\n`);
}

/** All rows, and all that the tables, views and triggers are made by, apart from that table. */
function everythingOf(db: Connection, table: string): unknown {
  const made = db.prepare('SELECT name, sql FROM sqlite_schema WHERE name <> ? ORDER BY name').all(table);
  return [
    made,
    ...['tasks', 'sessions', 'event_log', 'tasks_v', 'events_v'].map((one) => db.prepare(`SELECT * FROM ${one}`).all()),
  ];
}

test('a migration that fails leaves nothing behind', async () => {
  const path = newPath();
  await (await openSqliteStorage({ path })).close();
  const db = openWriter(path);
  const broken = [
    ...knownMigrations(),
    { name: 'broken', statements: ['CREATE TABLE half (id)', 'CREATE TABLE half (id)'] },
  ];

  expect(() => applyMigrations(db, path, broken)).toThrow('already exists');

  expect(db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get()).toBe(0);
  expect(db.pragma('user_version', { simple: true })).toBe(0);
  db.close();
});

test('the code knows as many versions as there are migrations', () => {
  expect(knownMigrations()).toHaveLength(SCHEMA_VERSION);
});
