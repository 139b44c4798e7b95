/*
 * Stores:
 *  - reading from a store that is not there creates nothing, not even its folder
 *  - nor do the verbs that need something to be there
 *  - the first task makes the store; store init makes one, and finds it again
 *  - store path tells which store is meant and what decided, and opens nothing
 *  - every command refuses the proof of concept's database at the default path, and leaves it untouched
 *  - it names the command that imports it
 *  - a file that is no database, one of another application, one of a newer version: each is refused untouched
 *  - a folder that cannot be made, one without permission, a read-only file: each an error of its own
 *  - a store behind a folder that this user may not enter is not said to be gone
 *  - a store that is locked as a whole is not waited for by reads: 75
 *  - store move moves it: what writes to the old store is sent to the new one
 *  - a move that was cut off continues; after one that was cancelled, the old store opens
 *  - store backup copies it into a new file, store restore makes a store of that, in which no old token counts
 *  - verify and store check find nothing in a sound store, and exit 1 where the state was changed by hand
 */
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreState } from '@agent-orchestrator/core';
import { locateStore } from '@agent-orchestrator/runtime';
import Database from 'better-sqlite3';
import { test } from 'vitest';
import { Cli, holderOf, inventedToken, isRoot, UNPRIVILEGED } from './support/cli.ts';

const reads = [
  ['status'],
  ['events'],
  ['events', '--follow'],
  ['events', '--jsonl'],
  ['verify'],
  ['task', 'list'],
  ['task', 'show', 'x'],
  ['session', 'list'],
  ['session', 'show', 'x'],
  ['store', 'check'],
] as const;

const verbs = [
  ['heartbeat', '--token', inventedToken()],
  ['checkpoint', '--token', inventedToken()],
  ['release', '--outcome', 'succeeded', '--token', inventedToken()],
  ['task', 'cancel', 'x'],
  ['task', 'retry', 'x'],
  ['session', 'close', 'x'],
  ['recover'],
  ['recover', '--watch'],
] as const;

test.concurrent.for([...reads, ...verbs])('%j creates nothing where no store is', async (words, { expect }) => {
  using cli = new Cli();
  const path = join(cli.folder, 'absent', 'store.db');

  const { exit, stdout, stderr } = await cli.run([...words, '--store', `sqlite:${path}`]);

  expect([exit, stdout + stderr]).toEqual([69, expect.stringContaining('STORE_NOT_FOUND')]);
  expect(readdirSync(cli.folder)).toEqual([]);
});

test.concurrent('the first task makes the store; store init finds it', async ({ expect }) => {
  using cli = new Cli();
  const added = await cli.run(['task', 'create', 'x', '--quiet']);

  const { exit, data } = await cli.json(['store', 'init']);

  expect(added).toMatchObject({ exit: 0, stderr: '', stdout: expect.stringMatching(/^[0-9a-f-]{36}\n$/) });
  expect([exit, data['created'], data['url']]).toEqual([0, false, cli.store]);
});

test.concurrent('store path tells which store is meant and what decided, and opens nothing', async ({ expect }) => {
  using cli = new Cli();
  const none = { ORCHESTRATOR_STORE: '' };

  const byFlag = await cli.json(['store', 'path', '--store', 'sqlite:x.db']);
  const byUrl = await cli.json(['store', 'path']);
  const byPath = await cli.json(['store', 'path'], {
    env: { ...none, ORCH_DB_PATH: '/p.db', OPENCLAW_STATE_DIR: '/state' },
  });
  const byState = await cli.json(['store', 'path'], { env: { ...none, OPENCLAW_STATE_DIR: '/state' } });
  const byHome = await cli.json(['store', 'path'], { env: none });

  expect([byFlag, byUrl, byPath, byState, byHome].map(({ data }) => [data['from'], data['path']])).toEqual([
    ['--store', join(cli.folder, 'x.db')],
    ['ORCHESTRATOR_STORE', cli.path],
    ['ORCH_DB_PATH', '/p.db'],
    ['OPENCLAW_STATE_DIR', '/state/data/orchestrator.db'],
    ['HOME', join(cli.folder, '.openclaw/data/orchestrator.db')],
  ]);
  expect(readdirSync(cli.folder)).toEqual([]);
});

test.concurrent.for([
  ...reads,
  ...verbs,
  ['task', 'create', 'x'],
  ['store', 'init'],
  ['claim', '--agent', 'a'],
] as const)("%j refuses the proof of concept's database at the default path untouched", async (words, { expect }) => {
  using cli = new Cli();
  const folder = join(cli.folder, '.openclaw', 'data');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'orchestrator.db');
  database(
    path,
    `PRAGMA journal_mode = WAL;
     CREATE TABLE session_state (session_id TEXT PRIMARY KEY, status, last_turn, next_action, created_at);
     CREATE TABLE task_queue (task_id TEXT PRIMARY KEY, session_id, status, task_type, created_at);
     CREATE TABLE event_log (event_id INTEGER PRIMARY KEY, session_id, event_seq, event_type, payload, created_at)`,
  );
  const before = digest(path);

  const { exit, stdout, stderr } = await cli.run(words, { env: { ORCHESTRATOR_STORE: '' } });

  const said = stdout + stderr;
  expect([exit, said]).toEqual([78, expect.stringContaining('STORE_LEGACY')]);
  for (const words of ['proof of concept', 'not touched', 'orchestrator store import-legacy'])
    expect(said).toContain(words);
  expect([digest(path), readdirSync(folder)]).toEqual([before, ['orchestrator.db']]);
});

test.concurrent.for([
  ['no database', 65, 'STORE_NOT_A_DATABASE', (path: string) => writeFileSync(path, 'dear diary, '.repeat(100))],
  [
    "another application's",
    65,
    'STORE_NOT_A_DATABASE',
    (path: string) => database(path, 'CREATE TABLE notes (text TEXT)'),
  ],
  [
    'a newer version of ours',
    78,
    'STORE_NEWER',
    (path: string) => database(path, 'PRAGMA application_id = 0x41474f52; PRAGMA user_version = 999'),
  ],
] as const)('a file that is %s is refused untouched, with %i %s', async ([, status, code, make], { expect }) => {
  using cli = new Cli();
  make(cli.path);
  const before = digest(cli.path);

  const read = await cli.json(['status']);
  const write = await cli.json(['task', 'create', 'x']);

  expect([read, write].map(({ exit, error }) => [exit, error.code])).toEqual([
    [status, code],
    [status, code],
  ]);
  expect([digest(cli.path), readdirSync(cli.folder)]).toEqual([before, ['store.db']]);
});

test.concurrent('a folder that cannot be made is refused with 73', async ({ expect }) => {
  using cli = new Cli();
  writeFileSync(join(cli.folder, 'file'), '');

  const { exit, error } = await cli.json([
    'task',
    'create',
    'x',
    '--store',
    `sqlite:${join(cli.folder, 'file', 'store.db')}`,
  ]);

  expect([exit, error.code]).toEqual([73, 'STORE_PERMISSION']);
});

test.skipIf(process.platform === 'win32')(
  'a folder without permission is refused with 73, a read-only file with 77',
  { concurrent: true },
  async ({ expect }) => {
    using cli = new Cli();
    await cli.run(['store', 'init']);
    chmodSync(cli.path, 0o444);
    if (isRoot) chownSync(cli.path, UNPRIVILEGED, UNPRIVILEGED);
    mkdirSync(join(cli.folder, 'locked'), { mode: 0o555 });
    chmodSync(cli.folder, 0o755);

    const locked = await cli.json(
      ['task', 'create', 'x', '--store', `sqlite:${join(cli.folder, 'locked', 'store.db')}`],
      { unprivileged: true },
    );
    const readOnly = await cli.json(['task', 'create', 'x'], { unprivileged: true });

    expect([locked.exit, locked.error.code]).toEqual([73, 'STORE_PERMISSION']);
    expect([readOnly.exit, readOnly.error.code]).toEqual([77, 'STORE_READ_ONLY']);
  },
);

test.skipIf(process.platform === 'win32')(
  'a store behind a folder that this user may not enter is not said to be gone: 73',
  { concurrent: true },
  async ({ expect }) => {
    using cli = new Cli();
    const folder = join(cli.folder, 'private');
    const store = ['--store', `sqlite:${join(folder, 'store.db')}`];
    await cli.run(['store', 'init', ...store]);
    chmodSync(cli.folder, 0o755);
    chmodSync(folder, isRoot ? 0o700 : 0o000);

    const answers = await Promise.all(
      [['status'], ['claim', '--agent', 'a'], ['recover'], ['store', 'check']].map(async (words) =>
        cli.json([...words, ...store], { unprivileged: true }),
      ),
    );
    const path = await cli.json(['store', 'path', ...store], { unprivileged: true });

    chmodSync(folder, 0o700);
    expect(answers.map(({ exit, error }) => [exit, error.code])).toEqual(answers.map(() => [73, 'STORE_PERMISSION']));
    expect([path.exit, path.data['exists']]).toEqual([0, null]);
  },
);

test.concurrent('a store that is locked as a whole is not waited for by reads', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['store', 'init']);
  const lock = new Database(cli.path);
  lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; UPDATE meta SET value = value');

  const { exit, error } = await cli.json(['status']);

  lock.close();
  expect([exit, error.code, error.retryable]).toEqual([75, 'STORE_BUSY', true]);
});

test.concurrent('verify and store check find nothing in a sound store, and exit 1 after a change by hand', async ({
  expect,
}) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--session', 's']);
  const sound = [await cli.run(['verify']), await cli.run(['store', 'check'])];
  database(cli.path, 'UPDATE tasks SET priority = 0');

  const changed = [await cli.json(['verify']), await cli.json(['store', 'check'])];

  expect(sound.map(({ exit, stdout }) => [exit, stdout])).toEqual([
    [0, 'verify: 2 events, the chains are complete, the state matches the log\n'],
    [0, expect.stringContaining('database: no damage')],
  ]);
  expect(changed.map(({ exit, kind, data }) => [exit, kind, data['ok']])).toEqual([
    [1, 'verification', false],
    [1, 'store_check', false],
  ]);
});

test.concurrent('store move moves it, and what writes to the old one is sent to the new one', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--session', 's']);
  const claimed = await cli.json(['claim', '--agent', 'a']);
  const to = `sqlite:${join(cli.folder, 'new.db')}`;
  const holder = holderOf(claimed.data.lease);

  const nowhere = await cli.json(['store', 'move']);
  const moved = await cli.json(['store', 'move', '--to', to]);
  const again = await cli.run(['store', 'move', '--to', to]);
  const refused = await cli.json(['task', 'create', 'y']);
  const read = await cli.run(['status']);
  const late = await cli.json(['store', 'move', '--abandon', '--to', to]);
  const goesOn = await cli.json(['release', '--outcome', 'succeeded', ...holder, '--store', to]);

  expect([nowhere.exit, nowhere.error.code]).toEqual([64, 'USAGE']);
  expect([moved.exit, moved.kind, moved.data['outcome']]).toEqual([0, 'store_move', 'moved']);
  expect(moved.data['compared']).toMatchObject({ rows: { sessions: 1, tasks: 1, event_log: 3 }, held: 1 });
  expect([again.exit, again.stdout]).toEqual([0, `was moved before: ${cli.store} → ${to}\n`]);
  expect([refused.exit, refused.error.code, refused.error.message]).toEqual([
    78,
    'STORE_MOVED',
    `The store was moved to ${to}.`,
  ]);
  expect([read.exit, goesOn.exit]).toEqual([0, 0]);
  expect([late.exit, late.error.code]).toEqual([78, 'STORE_MOVED']);
});

test.concurrent('a move that was cut off is refused by both stores, and can be finished or given up', async ({
  expect,
}) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x']);
  const to = `sqlite:${join(cli.folder, 'new.db')}`;
  await cli.run(['store', 'init', '--store', to]);
  await changeState(cli.store, { status: 'moving', address: to });
  await changeState(to, { status: 'filling', address: cli.store });

  const [old, fresh, look] = await Promise.all([
    cli.json(['claim', '--agent', 'a']),
    cli.json(['claim', '--agent', 'a', '--store', to]),
    cli.json(['status', '--store', to]),
  ]);
  const other = await cli.json(['store', 'move', '--to', `${to}.other`]);
  const given = await cli.json(['store', 'move', '--abandon', '--to', to]);
  const none = await cli.run(['store', 'move', '--abandon']);
  const open = await cli.json(['claim', '--agent', 'a']);

  expect([old.exit, old.error.code]).toEqual([78, 'STORE_MOVED']);
  expect([fresh, look].map(({ exit, error }) => [exit, error.code, error.retryable])).toEqual([
    [75, 'STORE_INCOMPLETE', true],
    [75, 'STORE_INCOMPLETE', true],
  ]);
  expect([other.exit, other.error.code]).toEqual([78, 'STORE_MOVED']);
  expect([given.exit, given.kind]).toEqual([0, 'store_move_abandoned']);
  expect([none.exit, none.stdout]).toEqual([0, `was not being moved: ${cli.store}\n`]);
  expect(open.exit).toBe(0);
});

const SANDBOX_HINT =
  'In the sandbox of an agent host, use its tools of the orchestrator, or let a person allow the store: ' +
  '`orchestrator mcp install` says how. Elsewhere: ';

test.concurrent('store backup and restore: all comes back but the leases', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--session', 's']);
  const claimed = await cli.json(['claim', '--agent', 'a']);
  const { fence, token } = claimed.data.lease;
  const file = join(cli.folder, 'backup.db');
  const to = `sqlite:${join(cli.folder, 'restored.db')}`;

  const backup = await cli.json(['store', 'backup', 'backup.db']);
  const twice = await cli.json(['store', 'backup', 'backup.db']);
  const read = await cli.run(['task', 'list', '--store', `sqlite:${file}`]);
  const write = await cli.json(['task', 'create', 'y', '--store', `sqlite:${file}`]);
  const inHost = await cli.json(['task', 'create', 'y', '--store', `sqlite:${file}`], { env: { GEMINI_CLI: '1' } });
  const restored = await cli.json(['store', 'restore', 'backup.db', '--to', to]);
  const absent = await cli.json(['store', 'restore', 'absent.db', '--to', `${to}.2`]);
  const zombie = await cli.json(['heartbeat', '--token', token, '--store', to]);
  const next = await cli.json(['claim', '--agent', 'b', '--store', to]);

  expect([backup.exit, backup.kind, backup.data['file']]).toEqual([0, 'store_backup', file]);
  expect(backup.data['at']).toMatch(/^\d{4}-\d\d-\d\dT/);
  expect([twice.exit, twice.error.code]).toEqual([78, 'STORE_NOT_EMPTY']);
  expect([read.exit, write.exit, write.error.code]).toEqual([0, 77, 'STORE_READ_ONLY']);
  // A sandbox of the host can be the reason.
  expect(inHost.error.hint).toBe(`${SANDBOX_HINT}${write.error.hint}`);
  expect([restored.exit, restored.kind, restored.data['leases_closed']]).toEqual([0, 'store_restore', 1]);
  expect([absent.exit, absent.error.code, absent.error.hint]).toEqual([
    69,
    'STORE_NOT_FOUND',
    expect.stringContaining('store backup'),
  ]);
  expect([zombie.exit, zombie.error.code]).toEqual([77, 'LEASE_LOST']);
  expect(next.data.lease.fence).toBeGreaterThan(fence);
});

/** The state in which a move leaves a store when it is killed. */
/** As a move does it that is then cut off. */
async function changeState(url: string, state: Pick<StoreState, 'status' | 'address'>): Promise<void> {
  const { provider, location } = await locateStore(url);
  await using rows = await provider.openRows?.(location, 'existing');
  await rows?.changeStoreState(null, { ...state, id: 'm', at: 1 });
}

function database(path: string, statements: string): void {
  const db = new Database(path);
  db.exec(statements);
  db.close();
}

function digest(path: string): string {
  return existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : 'absent';
}
