/**
 * For both SQL storages, a status and a text of tasks are one line each, and one command. In a copy of the sources:
 * - `npm run migration` writes a migration for both, and what a server's database is made of after it
 * - stores that hold work are migrated by them: all of it is there, the new status is allowed, but no other, and the
 *   views show the new column
 * - both are opened again as stores of the next version, in which nothing is more, less or other than expected
 * - the tests of the views pass
 * So is a change of a view alone, and a view that goes; where nothing has changed, there is no migration.
 * Where one could not be completed, the script says enough to begin anew.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createDatabase } from '../packages/storage-postgres/test/harness/databases.ts';
import { root } from './support/readme.ts';

/** What is added, and to what. */
const LINES = [
  [
    'statuses.ts',
    /(?=^ {2}cancelled: )/mu,
    `  parked: { phase: 'ended', glyph: '◫', colour: 'dim', means: 'put aside' },\n`,
  ],
  ['task-texts.ts', /(?=^ {2}reviewer: )/mu, `  label: 'a word of the author',\n`],
] as const;

/** Migrates the store, and says what it is then. */
const PROGRAM = `
import { Orchestrator } from '@agent-orchestrator/core';
import { openSqliteStorage } from '@agent-orchestrator/storage-sqlite';
import { openPostgresStorage } from '@agent-orchestrator/storage-postgres';

const [path, url] = process.argv.slice(2);
const opens = [() => openSqliteStorage({ path }), () => openPostgresStorage({ url })];
const said = [];
for (const open of opens) {
  const migrating = await open();
  const report = await migrating.migrate();
  await migrating.close();
  const storage = await open();
  const orchestrator = new Orchestrator({ storage });
  const { items } = await orchestrator.listTasks();
  const { ok } = await orchestrator.verify();
  said.push({ report, tasks: items.map(({ id, status }) => id + ' ' + status), ok, again: await storage.migrate() });
  await storage.close();
}
console.log(JSON.stringify(said));
`;

/** Sets both past the rules; answers whether the database took it, and the view shows it. */
const CHANGE = `
import { openWriter } from './packages/storage-sqlite/src/connection.ts';
import postgres from 'postgres';

const [path, url, status] = process.argv.slice(2);
const change = \`SET status = '\${status}', label = 'red' WHERE id = 'done'\`;
const shown = \`WHERE status = '\${status}' AND label = 'red'\`;
const db = openWriter(path);
const sql = postgres(url, { max: 1 });
const taken = (write) => Promise.resolve().then(write).then((rows) => rows.length, () => 'refused');
console.log(JSON.stringify([
  await taken(() => (db.exec('UPDATE tasks ' + change), db.prepare('SELECT 1 FROM tasks_v ' + shown).all())),
  await taken(async () => {
    await sql.unsafe('UPDATE orchestrator.tasks ' + change);
    return sql.unsafe('SELECT 1 FROM orchestrator.tasks_v ' + shown);
  }),
]));
await sql.end();
`;

test(
  'a status and a text of tasks are one line each, and one command, for stores that hold work too',
  { timeout: 300_000 },
  async () => {
    const [path, url] = await storesWithWork();
    const copy = copyOfSources();
    for (const [name, place, line] of LINES) {
      const file = join(copy, 'packages', 'core', 'src', 'model', name);
      const before = readFileSync(file, 'utf8');
      writeFileSync(file, before.replace(place, line));
      expect(readFileSync(file, 'utf8')).not.toBe(before);
    }
    for (const [name, text] of Object.entries({ 'program.mjs': PROGRAM, 'change.mjs': CHANGE }))
      writeFileSync(join(copy, name), text);

    runIn(copy, 'scripts/new-migration.mjs', 'add_parked_and_label');
    const said = JSON.parse(runIn(copy, 'program.mjs', path, url)) as unknown[];

    expect(said).toEqual(
      said.map(() => ({
        report: { created: false, applied: [expect.stringMatching(/_add_parked_and_label$/u)] },
        tasks: ['done succeeded', 'runs running', 'waits queued'],
        ok: true,
        again: { created: false, applied: [] },
      })),
    );
    expect(said).toHaveLength(2);
    expect(JSON.parse(runIn(copy, 'change.mjs', path, url, 'perhaps'))).toEqual(['refused', 'refused']);
    expect(JSON.parse(runIn(copy, 'change.mjs', path, url, 'parked'))).toEqual([1, 1]);
    for (const storage of ['storage-sqlite', 'storage-postgres'])
      expect(viewsTestOf(copy, storage)).toMatch(/Tests .*\d+ passed/u);
  },
);

test('a change of a view alone is a migration, and only once', { timeout: 300_000 }, async () => {
  const [path, url] = await storesWithWork();
  const copy = copyOfSources();
  const file = join(copy, 'packages', 'storage-sql', 'src', 'views.ts');
  const text = readFileSync(file, 'utf8');
  const shown = text.replace(/(?=^ {2}'progress',)/mu, `  'renewals',\n`);
  const removed = shown.replace(/^ {2}leases_v: \{.*?^ {2}\},\n/msu, '');
  expect(new Set([text, shown, removed])).toHaveLength(3);
  writeFileSync(join(copy, 'program.mjs'), PROGRAM);

  writeFileSync(file, shown);
  undoAsTold(
    copy,
    failed(() => runOn('postgres://127.0.0.1:1/none', copy, 'scripts/new-migration.mjs', 'too_early')),
  );
  runIn(copy, 'scripts/new-migration.mjs', 'show_renewals');
  writeFileSync(file, removed);
  runIn(copy, 'scripts/new-migration.mjs', 'drop_leases_v');
  runIn(copy, 'scripts/new-migration.mjs', 'nothing');
  const said = JSON.parse(runIn(copy, 'program.mjs', path, url)) as unknown[];

  const applied = [/_show_renewals$/u, /_drop_leases_v$/u].map((name) => expect.stringMatching(name) as unknown);
  expect(said).toEqual(said.map(() => expect.objectContaining({ report: { created: false, applied }, ok: true })));
  expect(said).toHaveLength(2);
});

/** What a program says that has failed. */
function failed(run: () => string): string {
  try {
    return `It did not fail: ${run()}`;
  } catch (error) {
    return (error as { stderr: string }).stderr;
  }
}

/** Does as the script says where it could not complete a migration. */
function undoAsTold(copy: string, said: string): void {
  const [, removed = '', changed = ''] = /remove these files:(\n.*)\ntake back .*:(\n.*)\n/su.exec(said) ?? [];
  const [made, others] = [removed, changed].map((list) => list.split('\n  ').slice(1)) as [string[], string[]];
  expect({ said, made: made.length, others: others.length }).toEqual({ said, made: 4, others: 4 });
  for (const name of made) rmSync(join(copy, name));
  for (const name of others) cpSync(join(root, name), join(copy, name));
}

/** A file and a database, each with a task that has ended, one that runs and one that waits. */
async function storesWithWork(): Promise<readonly [path: string, url: string]> {
  const folder = mkdtempSync(join(tmpdir(), 'new-status-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const database = await createDatabase(inject('postgresUrl'), { migrated: false });
  onTestFinished(() => database.drop());
  const path = join(folder, 'store.db');
  for (const url of [`sqlite:${path}`, database.adminUrl]) {
    await using orchestrator = await openOrchestrator(url);
    await orchestrator.enqueueTask({ id: 'done', sessionId: 's' });
    const claimed = await orchestrator.claimTask({ agent: 'company-agent' });
    if (!claimed.ok) throw new Error('it can be claimed');
    await orchestrator.releaseTask({ token: claimed.lease.token, outcome: 'succeeded' });
    await orchestrator.enqueueTasks([
      { id: 'runs', sessionId: 's' },
      { id: 'waits', sessionId: 's' },
    ]);
    expect(await orchestrator.claimTask({ agent: 'company-agent' })).toMatchObject({ ok: true });
  }
  return [path, database.adminUrl];
}

/** The packages and scripts, with the installed packages of others. */
function copyOfSources(): string {
  const copy = mkdtempSync(join(tmpdir(), 'sources-'));
  onTestFinished(() => rmSync(copy, { recursive: true }));
  for (const name of ['package.json', 'tsconfig.base.json', 'tsconfig.test.json', 'vitest.shared.ts'])
    cpSync(join(root, name), join(copy, name));
  for (const name of ['packages', 'scripts'])
    cpSync(join(root, name), join(copy, name), {
      recursive: true,
      filter: (path) => !/[\\/](?:node_modules|dist)$/u.test(path),
    });
  const modules = join(copy, 'node_modules');
  const ours = join(modules, '@agent-orchestrator');
  mkdirSync(ours, { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== '@agent-orchestrator') symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  for (const name of readdirSync(join(copy, 'packages')))
    symlinkSync(join(copy, 'packages', name), join(ours, name), 'junction');
  return copy;
}

/** Of a storage, as its developer runs it: on a server of its own, since other tests copy what is on this one. */
function viewsTestOf(copy: string, storage: string): string {
  const folder = join(copy, 'packages', storage);
  return runOn('', copy, join('node_modules', 'vitest', 'vitest.mjs'), 'run', '--root', folder, 'test/views.test.ts');
}

function runIn(copy: string, program: string, ...words: string[]): string {
  return runOn(inject('postgresUrl'), copy, program, ...words);
}

/** @param server its URL; empty for one that starts for the program */
function runOn(server: string, copy: string, program: string, ...words: string[]): string {
  return execFileSync(process.execPath, ['--conditions=@agent-orchestrator/source', program, ...words], {
    cwd: copy,
    encoding: 'utf8',
    stdio: 'pipe',
    env: {
      ...process.env,
      DATABASE_URL: server,
      PATH: [join(copy, 'node_modules', '.bin'), process.env['PATH']].join(delimiter),
    },
  });
}
