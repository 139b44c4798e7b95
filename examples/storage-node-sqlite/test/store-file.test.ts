/*
 * The file of a store:
 *  - a new one is for its owner alone
 *  - the promises rest on settings that SQLite was asked for again
 *  - a file of another program, of a later version, or with other tables or triggers is refused with a code
 *  - without a store, nothing is created where none may be
 *  - a path at which no file can be made is refused with a code
 *  - a lock that another process keeps is waited for, and then refused
 *  - calls that waited for it are decided in their order, by the time after the wait
 *  - no program can write rows to a store that was moved away
 *  - the tables refuse rows that the rules never write
 *  - a long series of reads lets others run
 *  - a URL names one file, whatever its folders are called
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DEFAULTS, Orchestrator, type StoreState } from '@agent-orchestrator/core';
import { commandIdAt, TestClock } from '@agent-orchestrator/storage-conformance';
import { openNodeSqliteRows, openNodeSqliteStorage, provider } from 'example-storage-node-sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Database } from '../src/database.ts';
import { openStore } from '../src/store-file.ts';

const OTHERS_TRIGGER = 'CREATE TRIGGER spy AFTER INSERT ON tasks BEGIN SELECT 1; END';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'node-sqlite-'));
  path = join(folder, 'data', 'store.db');
});

afterEach(() => rmSync(folder, { recursive: true }));

/** A store with a task that is held. */
async function makeStore(): Promise<void> {
  const storage = await openNodeSqliteStorage({ path });
  await storage.migrate();
  await using orchestrator = new Orchestrator({
    storage,
    newCommandId: () => commandIdAt(Date.now(), Math.floor(Math.random() * 2 ** 40)),
    newSeed: () => '5eed'.repeat(8),
  });
  await orchestrator.enqueueTasks([{ sessionId: 'a' }, { sessionId: 'a' }]);
  await orchestrator.claimTask({ agent: 'company-agent' });
}

/** What another program does to the file. */
function change(sql: string): void {
  using db = new DatabaseSync(path);
  db.exec(sql);
}

const open = (mode: 'create' | 'existing' | 'read-only' = 'create') => openNodeSqliteStorage({ path, mode });

test.runIf(process.platform !== 'win32')('a new file and its folder are for their owner alone', async () => {
  await makeStore();

  expect([statSync(path).mode & 0o777, statSync(join(folder, 'data')).mode & 0o777]).toEqual([0o600, 0o700]);
});

const settings = (db: Database) =>
  ['journal_mode', 'synchronous', 'foreign_keys', 'recursive_triggers', 'trusted_schema'].map((of) => db.pragma(of));

test('a connection that writes syncs every commit, and each one checks what it is asked to', async () => {
  await makeStore();
  const [writer, reader] = [openStore(path, false), openStore(path, true)];
  const found = [settings(writer), settings(reader).slice(2)];
  for (const db of [writer, reader]) db.close();

  expect(found).toEqual([
    ['wal', 2, 1, 1, 0],
    [1, 1, 0],
  ]);
});

test.each([
  ['lacks a trigger of the log', 'DROP TRIGGER event_log_no_update', 'STORE_ALTERED', 'event_log_no_update'],
  ['has a trigger of another program', OTHERS_TRIGGER, 'STORE_ALTERED', 'trigger spy'],
  ['has another index', 'DROP INDEX tasks_due; CREATE INDEX tasks_due ON tasks (id)', 'STORE_ALTERED', 'tasks_due'],
  ['is of a later version', 'PRAGMA user_version = 2', 'STORE_NEWER', 'schema 2'],
  ['is of another program', 'PRAGMA application_id = 1', 'STORE_NOT_A_DATABASE', 'another program'],
])('a file that %s is refused, in every mode', async (_, sql, code, says) => {
  await makeStore();
  change(sql);
  const refusal = { code, message: expect.stringContaining(says) };

  for (const mode of ['create', 'existing', 'read-only'] as const)
    await expect(open(mode)).rejects.toMatchObject(refusal);
  await expect(openNodeSqliteRows(path, 'existing')).rejects.toMatchObject(refusal);
});

test('what is no database is refused, and left as it is', async () => {
  path = join(folder, 'notes.txt');
  writeFileSync(path, 'not a database, and longer than a header of one: '.repeat(20));
  const before = readFileSync(path);

  await expect(open()).rejects.toMatchObject({ code: 'STORE_NOT_A_DATABASE' });

  expect(readFileSync(path)).toEqual(before);
});

test('without a store, nothing is created where none may be', async () => {
  for (const mode of ['existing', 'read-only'] as const)
    await expect(open(mode)).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
  await expect(openNodeSqliteRows(path, 'existing')).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });

  // Also when the file was there a moment before.
  path = join(folder, 'store.db');
  expect(() => new Database(path, false)).toThrow('unable to open database file');
  expect(existsSync(path)).toBe(false);
});

test.runIf(process.platform === 'linux').each([
  ['is a link to nothing', () => link('absent'), 'STORE_PERMISSION'],
  ['is a link to itself', () => link('link.db'), 'STORE_PERMISSION'],
  ['is in a folder of the system', () => '/proc/x.db', 'STORE_PERMISSION'],
  ['is below one that is not there', () => '/proc/absent/x.db', 'STORE_PERMISSION'],
  ['is too long', () => join(folder, 'x'.repeat(300)), 'STORE_PATH_TOO_LONG'],
])('a path that %s is refused with a code', async (_, make, code) => {
  path = make();

  await expect(open()).rejects.toMatchObject({ code });
});

function link(to: string): string {
  const from = join(folder, 'link.db');
  symlinkSync(to, from);
  return from;
}

test('a lock that another process keeps is waited for, and then refused', async () => {
  await makeStore();
  const storage = await openNodeSqliteStorage({ path, busyTimeoutMs: 50 });
  const nothing = { by: 'task', namespace: DEFAULTS.namespace, taskId: 'none' } as const;
  const transact = () => storage.transact(nothing, () => answer('free'));

  using db = new DatabaseSync(path);
  db.exec('BEGIN IMMEDIATE');
  const refused = transact();
  await expect(refused).rejects.toMatchObject({ code: 'STORE_BUSY' });
  db.exec('ROLLBACK');

  expect(await transact()).toBe('free');
  await storage.close();
});

test('calls that wait for a lock are decided only under it, in their order, by the time after the wait', async () => {
  await makeStore();
  const clock = new TestClock();
  const storage = await openNodeSqliteStorage({ path, clock });
  const nothing = { by: 'task', namespace: DEFAULTS.namespace, taskId: 'none' } as const;
  const decided: { call: number; now: number }[] = [];

  using db = new DatabaseSync(path);
  db.exec('BEGIN IMMEDIATE');
  const calls = Array.from({ length: 20 }, (_, at) =>
    storage.transact(nothing, ({ now }) => {
      decided.push({ call: at, now });
      return answer('');
    }),
  );
  await new Promise((resume) => setTimeout(resume, 30));
  const whileLocked = decided.length;
  clock.advance(1_000);
  db.exec('ROLLBACK');
  await Promise.all(calls);
  await storage.close();

  expect(whileLocked).toBe(0);
  expect(decided).toEqual(calls.map((_, call) => ({ call, now: clock.now })));
});

/** A decision without an effect. */
function answer(reply: string) {
  return { reply, sessions: [], tasks: [], agents: [], events: [], receipt: null, forgetReceiptsAt: 0, clock: null };
}

test.each(['moving', 'moved'] as const)('no program can write rows to a store that is %s', async (status) => {
  await makeStore();
  const state: StoreState = { status: 'moving', id: 'move', address: 'memory:', at: 1 };
  {
    await using rows = await openNodeSqliteRows(path, 'existing');
    await rows.changeStoreState(null, state);
    if (status === 'moved') await rows.changeStoreState(state, { ...state, status });
  }

  for (const sql of [`UPDATE tasks SET note = 'x'`, `UPDATE sessions SET progress = 'x'`, 'DELETE FROM receipts'])
    expect(() => change(sql)).toThrow('the store is closed');
});

test.each([
  ['a running session without a lease', `UPDATE sessions SET fence = NULL`],
  ['half a hash', `UPDATE sessions SET hash = 'abc'`],
  ['half a head', `UPDATE sessions SET next_kind = NULL`],
  ['a status that does not exist', `UPDATE tasks SET status = 'done'`],
  ['two running tasks in one session', `UPDATE tasks SET status = 'running'`],
  ['a payload that is not JSON', `UPDATE tasks SET payload = '{'`],
  ['a number that JavaScript cannot hold', `UPDATE tasks SET created_at = 9007199254740992`],
  ['text in a number', `UPDATE tasks SET priority = 'high'`],
  ['a task without its session', `UPDATE tasks SET session_id = 'none'`],
  ['two tasks with one number', `UPDATE tasks SET number = 7`],
])('the tables refuse %s', async (_, sql) => {
  await makeStore();

  expect(() => change(sql)).toThrow(/constraint failed|cannot store/);
});

test.each([
  'node-sqlite:',
  'node-sqlite://host/x.db',
  'node-sqlite:/folder/',
  'node-sqlite:x.db?mode=ro',
  'node-sqlite:x.db-wal',
])('%s is not the URL of a store', (url) => {
  expect(() => provider.parseUrl(url, { resolvePath: (at) => at })).toThrow(
    expect.objectContaining({ code: 'STORE_URL_INVALID' }),
  );
});

const resolvePath = (at: string) => (at.startsWith('/') ? at : `/a #%20b/${at}`);

test('the URL of a store names its file again, in whatever folder', () => {
  const { path: file, address } = provider.parseUrl('node-sqlite:work.db', { resolvePath });

  expect(file).toBe('/a #%20b/work.db');
  expect(provider.parseUrl(address, { resolvePath })).toMatchObject({ path: file, address });
});

test('a path may have any character that a folder may have', async () => {
  path = join(folder, 'a #%20b%3F', 'store.db');

  await makeStore();

  expect(existsSync(path)).toBe(true);
  expect(provider.parseUrl(`node-sqlite:${path}`, { resolvePath: (at) => at }).path).toBe(path);
});

test('a long series of reads lets others run between two of them', async () => {
  await makeStore();
  const storage = await openNodeSqliteStorage({ path });
  let turns = 0;
  let others = setImmediate(function run() {
    turns += 1;
    others = setImmediate(run);
  });

  await storage.read.snapshot(async (reader) => {
    for (let read = 0; read < 50; read += 1) await reader.now();
  });
  clearImmediate(others);
  await storage.close();

  expect(turns).toBeGreaterThan(40);
});
