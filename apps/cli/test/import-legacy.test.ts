/*
 * store import-legacy:
 *  - without --yes it shows what would be imported, changes nothing, and names the command that does it
 *  - with --yes it does it, with the same numbers, and every other command works from then on
 *  - again, it changes nothing and says so
 *  - --json is one document; --quiet is the store; what it says for people never mixes with either
 *  - what is no such database is refused by a code of its own
 *  - a store of another kind is named like one of any other command
 *  - text from the old file cannot mislead a terminal
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { test } from 'vitest';
import { Cli } from './support/cli.ts';

test.concurrent('without --yes it shows, changes nothing, and names the command', async ({ expect }) => {
  using cli = new Cli();
  const file = oldFile(cli);
  const before = readFileSync(file);

  const { exit, stdout, stderr } = await cli.run(['store', 'import-legacy', file]);
  const given = await cli.run(['store', 'import-legacy', 'old.db', '--to', 'sqlite:new.db']);

  expect([exit, stdout]).toEqual([0, expect.stringContaining(`would be imported: ${file} → ${cli.store}`)]);
  expect(stdout).toMatch(/tasks +2: 2 queued/);
  expect(stdout).toMatch(/events +1 of the old log/);
  expect(stdout).toMatch(/! task_requeued 1: .*\n +task_queue 작업 2 {2}status: claimed → queued/);
  expect(stderr).toContain(`nothing was changed\n`);
  expect(stderr).toContain(`next: orchestrator store import-legacy --yes ${file}\n`);
  const to = `sqlite:${join(cli.folder, 'new.db')}`;
  expect(given.stderr).toContain(`next: orchestrator store import-legacy --yes ${file} --to ${to}\n`);
  expect([readFileSync(file).equals(before), readdirSync(cli.folder)]).toEqual([true, ['old.db']]);
});

test.concurrent('with --yes it does what it showed, and then the store works', async ({ expect }) => {
  using cli = new Cli();
  const file = oldFile(cli);
  const before = readFileSync(file);
  const shown = await cli.json(['store', 'import-legacy', file]);

  const done = await cli.json(['store', 'import-legacy', file, '--yes']);

  const { outcome, compared, ...rest } = done.data;
  expect([done.exit, done.kind, outcome]).toEqual([0, 'legacy_import', 'imported']);
  expect(compared).toMatchObject({ rows: { sessions: 1, tasks: 2, event_log: 4, receipts: 0 } });
  expect({ ...rest, outcome: 'planned' }).toEqual(shown.data);
  expect(readFileSync(file).equals(before)).toBe(true);
  expect((await cli.run(['store', 'check'])).exit).toBe(0);
  const claim = await cli.json(['claim', '--agent', '집재규']);
  expect([claim.exit, claim.data]).toMatchObject([
    0,
    { task: { id: '작업 1', session_id: '회사-대화' }, context: { turn: 3, next_action: 'continue' } },
  ]);
});

test.concurrent('again, it changes nothing and says so', async ({ expect }) => {
  using cli = new Cli();
  const file = oldFile(cli);
  await cli.run(['store', 'import-legacy', file, '--yes']);
  const before = readFileSync(cli.path);

  const again = await cli.run(['store', 'import-legacy', file, '--yes']);
  const { exit, data } = await cli.json(['store', 'import-legacy', file]);

  expect(again).toMatchObject({ exit: 0, stdout: `was imported before: ${file} → ${cli.store}\n` });
  expect(again.stderr).toContain('nothing was changed');
  expect([exit, data]).toEqual([0, { outcome: 'imported_before', file, store: cli.store }]);
  expect(readFileSync(cli.path).equals(before)).toBe(true);
});

test.concurrent('--quiet prints the store, and nothing for people', async ({ expect }) => {
  using cli = new Cli();

  expect(await cli.run(['store', 'import-legacy', oldFile(cli), '--yes', '--quiet'])).toMatchObject({
    exit: 0,
    stdout: `${cli.store}\n`,
    stderr: '',
  });
});

test.concurrent.for([
  ['absent.db', 69, 'STORE_NOT_FOUND'],
  ['other.db', 65, 'STORE_NOT_LEGACY'],
] as const)('%s is refused with %i %s', async ([file, code, error], { expect }) => {
  using cli = new Cli();
  database(join(cli.folder, 'other.db'), 'CREATE TABLE customers (id)');

  const refused = await cli.json(['store', 'import-legacy', '--yes', file]);

  expect([refused.exit, refused.error.code]).toEqual([code, error]);
  expect(readdirSync(cli.folder)).toEqual(['other.db']);
});

test.concurrent('a store without access to its rows is refused', async ({ expect }) => {
  using cli = new Cli();

  const { exit, error } = await cli.json(['store', 'import-legacy', oldFile(cli), '--yes', '--to', 'memory:']);

  expect([exit, error.code]).toEqual([64, 'STORE_UNSUPPORTED']);
});

test.concurrent('the old database at the place of the store is named with the way to import it', async ({ expect }) => {
  using cli = new Cli();
  const file = oldFile(cli, '', cli.path);

  const other = await cli.json(['status']);
  const imported = await cli.json(['store', 'import-legacy', file, '--yes']);

  expect([other.exit, other.error]).toMatchObject([
    78,
    { code: 'STORE_LEGACY', hint: expect.stringContaining('orchestrator store import-legacy') },
  ]);
  expect([imported.exit, imported.error.code]).toEqual([78, 'STORE_LEGACY']);
});

test.concurrent('text from the old file cannot mislead a terminal', async ({ expect }) => {
  using cli = new Cli();
  const file = oldFile(
    cli,
    `INSERT INTO task_queue (task_id, session_id, status) VALUES ('t3' || char(27) || '[2J', 's', 'queued')`,
  );

  const { stdout } = await cli.run(['store', 'import-legacy', file]);

  expect(stdout).toContain(String.raw`t3\u{1b}[2J`);
  expect(stdout).not.toContain('\u001b');
});

/** A file with as much of the old tables as it takes. */
function oldFile(cli: Cli, further = '', path = join(cli.folder, 'old.db')): string {
  database(
    path,
    `PRAGMA journal_mode = WAL;
    CREATE TABLE session_state (session_id TEXT PRIMARY KEY, status TEXT, last_turn INTEGER, next_action TEXT,
      created_at TEXT);
    CREATE TABLE task_queue (task_id TEXT PRIMARY KEY, session_id TEXT, status TEXT, task_type TEXT, created_at TEXT);
    CREATE TABLE event_log (event_id INTEGER PRIMARY KEY, session_id TEXT, event_seq INTEGER, event_type TEXT,
      payload TEXT, created_at TEXT);
    INSERT INTO session_state VALUES ('회사-대화', 'idle', 3, 'continue', '2026-01-01T00:00:00.000Z');
    INSERT INTO task_queue VALUES ('작업 1', '회사-대화', 'queued', 'review', '2026-01-01T00:00:01.000Z'),
      ('작업 2', '회사-대화', 'claimed', 'review', '2026-01-01T00:00:02.000Z');
    INSERT INTO event_log VALUES (1, '회사-대화', 1, 'task_enqueued', '{}', '2026-01-01T00:00:02.000Z');
    ${further}`,
  );
  return path;
}

function database(path: string, sql: string): void {
  const db = new Database(path);
  db.exec(sql);
  db.close();
}
