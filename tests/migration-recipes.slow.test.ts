/**
 * For both SQL storages, a status and a text of tasks are one line each, and one command. In a copy of the sources:
 * - `npm run migration` writes a migration for both, and what a server's database is made of after it
 * - stores that hold work are migrated by them: all of it is there, the new status is allowed, but no other, and the
 *   views show the new column
 * - both are opened again as stores of the next version, in which nothing is more, less or other than expected
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
  },
);

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
  for (const name of ['package.json', 'tsconfig.base.json']) cpSync(join(root, name), join(copy, name));
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

function runIn(copy: string, program: string, ...words: string[]): string {
  return execFileSync(process.execPath, ['--conditions=@agent-orchestrator/source', program, ...words], {
    cwd: copy,
    encoding: 'utf8',
    env: {
      ...process.env,
      DATABASE_URL: inject('postgresUrl'),
      PATH: [join(copy, 'node_modules', '.bin'), process.env['PATH']].join(delimiter),
    },
  });
}
