/*
 * store import-legacy:
 *  - without --yes it shows what would be done, changes nothing, and names the command that does it
 *  - with --yes it does it, with the same numbers, and every other command works from then on
 *  - again, it changes nothing and says so
 *  - --json is one document; --quiet is the store; what it says for people never mixes with either
 *  - what is no such database is refused by a code of its own
 *  - text from the old file cannot mislead a terminal
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { test } from 'vitest';
import { Cli } from './support/cli.ts';

test.concurrent('without --yes it shows, changes nothing, and names the command', async ({ expect }) => {
  using cli = oldStore();
  const before = readFileSync(cli.path);

  const { exit, stdout, stderr } = await cli.run(['store', 'import-legacy']);
  const given = await cli.run(['store', 'import-legacy', '--store', cli.store]);

  expect([exit, stdout]).toEqual([0, expect.stringContaining(`would come over: ${cli.store}`)]);
  expect(stdout).toMatch(/tasks +2: 2 queued/);
  expect(stdout).toMatch(/events +1 of the old log/);
  expect(stdout).toMatch(/! task_requeued 1: .*\n +task_queue t2 {2}status: claimed → queued/);
  expect(stderr).toMatch(/nothing was changed\n.*next: orchestrator store import-legacy --yes\n/);
  expect(given.stderr).toContain(`next: orchestrator store import-legacy --yes --store ${cli.store}`);
  expect([readFileSync(cli.path).equals(before), readdirSync(cli.folder)]).toEqual([true, ['store.db']]);
});

test.concurrent('with --yes it does what it showed, and then the store works', async ({ expect }) => {
  using cli = oldStore();
  const shown = await cli.json(['store', 'import-legacy']);

  const done = await cli.json(['store', 'import-legacy', '--yes']);

  const { outcome, copy, imported_at: importedAt, ...rest } = done.data;
  expect([done.exit, done.kind, outcome]).toEqual([0, 'legacy_import', 'imported']);
  expect({ ...rest, outcome: 'planned' }).toEqual(shown.data);
  expect(importedAt).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  expect(readdirSync(cli.folder).map((name) => join(cli.folder, name))).toContain(copy);
  expect((await cli.run(['store', 'check'])).exit).toBe(0);
  const claim = await cli.json(['claim', '--agent', 'a']);
  expect([claim.exit, claim.data]).toMatchObject([
    0,
    { task: { id: 't1' }, context: { turn: 3, next_action: 'go on' } },
  ]);
});

test.concurrent('again, it changes nothing and says so', async ({ expect }) => {
  using cli = oldStore();
  const first = await cli.json(['store', 'import-legacy', '--yes']);
  const before = readFileSync(cli.path);

  const again = await cli.run(['store', 'import-legacy', '--yes']);
  const { exit, data } = await cli.json(['store', 'import-legacy']);

  expect([again.exit, again.stdout]).toEqual([
    0,
    expect.stringMatching(/^brought over before.*nothing was changed now/),
  ]);
  expect([exit, data['outcome'], data['copy']]).toEqual([0, 'imported_before', first.data['copy']]);
  expect(readFileSync(cli.path).equals(before)).toBe(true);
});

test.concurrent('--quiet prints the store, and nothing for people', async ({ expect }) => {
  using cli = oldStore();

  expect(await cli.run(['store', 'import-legacy', '--yes', '--quiet'])).toMatchObject({
    exit: 0,
    stdout: `${cli.store}\n`,
    stderr: '',
  });
});

test.concurrent.for([
  ['postgres://user:secret@127.0.0.1:1/x', 65, 'STORE_NOT_LEGACY'],
  ['memory:', 65, 'STORE_NOT_LEGACY'],
  ['sqlite:absent.db', 69, 'STORE_NOT_FOUND'],
] as const)('%s is refused with %i %s', async ([store, code, error], { expect }) => {
  using cli = new Cli();

  const refused = await cli.json(['store', 'import-legacy', '--yes', '--store', store]);

  expect([refused.exit, refused.error.code]).toEqual([code, error]);
  expect(JSON.stringify(refused)).not.toContain('secret');
});

test.concurrent('a store that never was an old database is refused', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['store', 'init']);

  const { exit, error } = await cli.json(['store', 'import-legacy', '--yes']);

  expect([exit, error.code]).toEqual([65, 'STORE_NOT_LEGACY']);
});

test.concurrent('text from the old file cannot mislead a terminal', async ({ expect }) => {
  using cli = oldStore(
    `INSERT INTO task_queue (task_id, session_id, status) VALUES ('t3' || char(27) || '[2J', 's', 'queued')`,
  );

  const { stdout } = await cli.run(['store', 'import-legacy']);

  expect(stdout).toContain(String.raw`t3\u{1b}[2J`);
  expect(stdout).not.toContain('\u001b');
});

/** A file with as much of the old tables as it takes. */
function oldStore(further = ''): Cli {
  const cli = new Cli();
  const db = new Database(cli.path);
  db.pragma('journal_mode = WAL');
  db.exec(`
    CREATE TABLE session_state (session_id TEXT PRIMARY KEY, status TEXT, last_turn INTEGER, next_action TEXT,
      created_at TEXT);
    CREATE TABLE task_queue (task_id TEXT PRIMARY KEY, session_id TEXT, status TEXT, task_type TEXT, created_at TEXT);
    CREATE TABLE event_log (event_id INTEGER PRIMARY KEY, session_id TEXT, event_seq INTEGER, event_type TEXT,
      payload TEXT, created_at TEXT);
    INSERT INTO session_state VALUES ('s', 'idle', 3, 'go on', '2026-01-01T00:00:00.000Z');
    INSERT INTO task_queue VALUES ('t1', 's', 'queued', 'review', '2026-01-01T00:00:01.000Z'),
      ('t2', 's', 'claimed', 'review', '2026-01-01T00:00:02.000Z');
    INSERT INTO event_log VALUES (1, 's', 1, 'task_enqueued', '{}', '2026-01-01T00:00:02.000Z');
    ${further}`);
  db.close();
  return cli;
}
