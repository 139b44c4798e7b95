/**
 * A look at a store's file:
 * - it tells version, schema, files with their modes, the log's size and the remembered clocks
 * - it changes nothing, and waits but a moment for a writer, whose process it names
 * - a store of an older schema is told of, not refused
 * - what is no store is refused as it is by opening it
 * What can be fixed:
 * - the files become their owner's alone; the folder stays as it is
 * - the log is emptied; while another connection reads, only what can be is
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openWriter } from '../src/connection.ts';
import { openSqliteStorage } from '../src/index.ts';
import { applyMigrations } from '../src/schema/migrate.ts';
import { knownMigrations } from '../src/migrations.ts';
import { emptyLog, tightenFiles } from '../src/place/fix.ts';
import { inspectPlace } from '../src/place/inspect.ts';
import { createFile } from '../src/file/store-file.ts';
import { aDecision, aStore, aTask, aSession, add } from './factories.ts';
import { fingerprint } from './files.ts';
import { folderOf, newPath } from './temporary-store.ts';

const hasModes = process.platform !== 'win32';

test('it tells version, schema, files with their modes, the log and the remembered clocks', async () => {
  const { path, storage } = await aStore();
  await add(storage, aSession(), [aTask()]);
  const remembered = { last: null, jump: { seenAt: 7, byMs: 8, after: null } };
  const scope = { by: 'held', namespace: 'default', limit: 1, after: null } as const;
  await storage.transact(scope, () => aDecision(null, { clock: remembered }));

  const { facts, version, schema, schemaKnown, clock, state, serverNow } = await inspectPlace(path);
  await storage.close();

  expect(facts).toMatchObject({ journalMode: 'wal', logBytesKept: 67_108_864 });
  expect(version).toMatch(/^3\.\d+\.\d+$/);
  expect(schema).toBe(schemaKnown);
  expect([clock, state, serverNow]).toEqual([remembered, null, null]);
  expect(facts.files.map(({ role }) => role)).toEqual(['folder', 'database', 'log', 'log_index']);
  expect(facts.logBytes).toBeGreaterThan(0);
  for (const { role, mode, isMine } of facts.files.slice(hasModes ? 0 : 4))
    expect([role, mode, isMine]).toEqual([role, role === 'folder' ? 0o700 : 0o600, true]);
});

test('it changes nothing', async () => {
  const { path, storage } = await aStore();
  await add(storage, aSession(), [aTask()]);
  const before = fingerprint(path);

  const { facts } = await inspectPlace(path);

  expect(facts.lock).toMatchObject({ isFree: true });
  expect(fingerprint(path)).toEqual(before);
  await storage.close();
});

test('it waits but a moment for a writer, whose process it names where the system does', async () => {
  const { path, storage } = await aStore();
  await storage.close();
  const program = `const db = new (require('better-sqlite3'))(${JSON.stringify(path)});
    db.exec('BEGIN IMMEDIATE'); console.log('locked'); setInterval(() => {}, 1_000);`;
  const writer = spawn(process.execPath, ['-e', program], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(writer.stdout, 'data');

  const { findings, facts } = await inspectPlace(path);
  const storeOfOthers = await openSqliteStorage({ path, busyTimeoutMs: 20 });
  const refused = await add(storeOfOthers, aSession()).catch((error: unknown) => error);
  await storeOfOthers.close();
  writer.kill('SIGKILL');
  await once(writer, 'exit');

  expect(facts.lock?.isFree).toBe(false);
  const named = process.platform === 'linux' ? `process ${writer.pid} (` : 'nother process';
  expect(findings).toContainEqual(
    expect.objectContaining({ check: 'lock', severity: 'warning', message: expect.stringContaining(named) as string }),
  );
  expect(refused).toMatchObject({ code: 'STORE_BUSY', message: expect.stringContaining(named) as string });
  expect((await inspectPlace(path)).facts.lock?.isFree).toBe(true);
});

test('a store of an older schema is told of, not refused', async () => {
  const path = newPath();
  createFile(path);
  const db = openWriter(path);
  applyMigrations(db, path, knownMigrations().slice(0, 1));
  db.close();

  const { schema, schemaKnown } = await inspectPlace(path);

  expect([schema, schemaKnown > 1]).toEqual([1, true]);
});

test('what is no store is refused as it is by opening it', async () => {
  const absent = newPath();
  const text = newPath();
  writeFileSync(text, 'Dear diary, '.repeat(1_000));
  const empty = newPath();
  writeFileSync(empty, '');

  await expect(inspectPlace(absent)).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
  await expect(inspectPlace(text)).rejects.toMatchObject({ code: 'STORE_NOT_A_DATABASE' });
  await expect(inspectPlace(empty)).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
  expect(existsSync(absent)).toBe(false);
});

test.skipIf(!hasModes)("the files become their owner's alone; the folder stays as it is", async () => {
  const { path, storage } = await aStore();
  chmodSync(folderOf(path), 0o755);
  for (const file of [path, `${path}-wal`]) chmodSync(file, 0o644);

  const changed = tightenFiles(path);
  const again = tightenFiles(path);
  const { files } = (await inspectPlace(path)).facts;
  await storage.close();

  expect([changed, again]).toEqual([[path, `${path}-wal`], []]);
  expect(files.map(({ mode }) => mode)).toEqual([0o755, 0o600, 0o600, 0o600]);
});

test('the log is emptied; while another connection reads, only what can be is', async () => {
  const { path, storage } = await aStore();
  const reader = new Database(path, { readonly: true });
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM meta').get();
  await add(storage, aSession(), [aTask()]);

  const whileRead = await emptyLog(path);
  reader.exec('COMMIT');
  const afterwards = await emptyLog(path);
  const { logBytes } = (await inspectPlace(path)).facts;
  reader.close();
  await storage.close();

  expect([whileRead, afterwards, logBytes]).toEqual([false, true, 0]);
});
