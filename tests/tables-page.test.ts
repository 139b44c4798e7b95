// docs/tables.md and real stores: of both SQL storages, the page names just the views that there are, each with all of
// its columns in their order.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { createDatabase, withAdmin } from '../packages/storage-postgres/test/harness/databases.ts';
import { look } from '../packages/storage-sqlite/test/files.ts';
import { root } from './support/readme.ts';

type Columns = Readonly<Record<string, readonly string[]>>;

const page = readFileSync(join(root, 'docs/tables.md'), 'utf8');
let told: Columns;

beforeAll(() => {
  const sections = page.split(/^## /mu).slice(1);
  told = Object.fromEntries(
    sections.map((section) => [
      section.slice(0, section.indexOf('\n')),
      Array.from(section.matchAll(/^\| `(\w+)` \|/gmu), ([, column = '']) => column),
    ]),
  );
});

test('a file has the views of the page', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tables-page-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'store.db');
  await (await openOrchestrator(`sqlite:${path}`))[Symbol.asyncDispose]();

  const columns = look(path, (db) => {
    const views = db.prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'view'`).pluck().all();
    const columnsOf = (view: string) =>
      (db.pragma(`table_info(${view})`) as { name: string }[]).map(({ name }) => name);
    return views.map((view) => [view, columnsOf(view)]);
  });

  expect(Object.keys(told)).toHaveLength(5);
  expect(Object.fromEntries(columns)).toEqual(told);
});

test('a database on a server has the views of the page', async () => {
  const database = await createDatabase(inject('postgresUrl'), { migrated: false });
  onTestFinished(() => database.drop());
  await (await openOrchestrator(database.adminUrl))[Symbol.asyncDispose]();

  const columns = await withAdmin(database.adminUrl, async (sql) => {
    const rows = await sql`SELECT c.relname AS view, array_agg(a.attname::text ORDER BY a.attnum) AS columns
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relnamespace = 'orchestrator'::regnamespace AND c.relkind = 'v' GROUP BY c.relname`;
    return rows.map((row) => [row['view'] as string, row['columns'] as string[]]);
  });

  expect(Object.fromEntries(columns)).toEqual(told);
});
