/**
 * The tables as data:
 * - every key, index and check names columns that the engine stores
 * - an index that one engine lacks is named so on purpose: no name is stated twice for one engine
 * - no condition of SQLite has a list of more than two words: each statement would fill a table of them
 * - the migrations of both engines make just these tables: generating finds nothing to do
 * - on a server, a function looks at the checks of the tables that each command writes
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { areViewsOutdated, completeMigration } from '../../../scripts/complete-migration.ts';
import { BROKEN_CHECKS } from '../schemas/broken-check.ts';
import { checksOf, namesIn } from '../schemas/checks.ts';
import { columnName, storedColumns, type Engine, type Table } from '../src/table.ts';
import { TABLES } from '../src/tables.ts';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const ENGINES = ['sqlite', 'postgres'] as const satisfies readonly Engine[];
const EACH = ENGINES.flatMap((engine) =>
  Object.entries<Table>(TABLES).map(([name, table]) => [engine, name, table] as const),
);
/** What may stand in a check besides columns and texts. */
const KEYWORDS = 'AND BETWEEN CASE ELSE END IN IS LIKE NOT NULL OR THEN WHEN';
const FUNCTIONS = 'coalesce json_valid length num_nonnulls num_nulls replace';
const WORDS = new Set(`${KEYWORDS} ${FUNCTIONS}`.split(' '));

test.each(EACH)('%s: every key, index and check of %s names columns that it stores', (engine, name, table) => {
  const stored = storedColumns(engine, table).map(([of, column]) => columnName(engine, of, column));
  const indexes = table.indexes.filter(({ only }) => only === undefined || only === engine);
  const conditions = indexes.map(({ condition = '', namedBy = '' }) =>
    engine === 'postgres' ? `${condition} ${namedBy}` : condition,
  );
  const texts = [...Object.values(checksOf(engine, name, table)), ...conditions].join(' ');
  const named = texts.replaceAll(/'[^']*'/g, '').match(/[a-z]\w*/gi) ?? [];

  for (const columns of [table.key, ...indexes.map((one) => one.columns)])
    expect(stored).toEqual(expect.arrayContaining([...namesIn(engine, table, columns)]));
  expect(named.filter((word) => !WORDS.has(word) && !stored.includes(word))).toEqual([]);
  expect(new Set(indexes.map((one) => one.name)).size).toBe(indexes.length);
});

test.each(EACH.filter(([engine]) => engine === 'sqlite'))(
  '%s: no condition of %s has a list of more than two words',
  (engine, name, table) => {
    const texts = [...Object.values(checksOf(engine, name, table)), ...table.indexes.map(({ condition }) => condition)];

    expect(texts.filter((text = '') => / IN \('[^']*'(?:, '[^']*'){2,}\)/.test(text))).toEqual([]);
  },
);

test.each([
  ['sqlite', 'sqlite', 'storage-sqlite/drizzle'],
  ['postgresql', 'postgres', 'storage-postgres/drizzle/postgres'],
])('the migrations of %s make these tables: generating finds nothing to do', { timeout: 60_000 }, async (...of) => {
  const [dialect, schema, folder] = of;
  mkdirSync(join(PACKAGE, 'node_modules'), { recursive: true });
  const copy = mkdtempSync(join(PACKAGE, 'node_modules', '.migrations-'));
  cpSync(join(PACKAGE, '..', folder), copy, { recursive: true });
  const before = readdirSync(copy);
  const out = relative(PACKAGE, copy);

  const { stdout } = await promisify(execFile)(
    join(PACKAGE, '..', '..', 'node_modules', '.bin', 'drizzle-kit'),
    `generate --dialect ${dialect} --schema ./schemas/${schema}.ts --out ${out} --name unexpected`.split(' '),
    // The tables take the statuses from core, whose source needs no build.
    { cwd: PACKAGE, env: { ...process.env, NODE_OPTIONS: '--conditions=@agent-orchestrator/source' } },
  );

  expect(stdout).toContain('No schema changes');
  expect(readdirSync(copy)).toEqual(before);
  rmSync(copy, { recursive: true });
});

test('on a server, a function looks at the checks of the tables that each command writes', () => {
  const folder = join(PACKAGE, '../storage-postgres/drizzle/postgres');
  const made = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  const migrations = made
    .map(({ name }) => name)
    .toSorted()
    .map((name) => readFileSync(join(folder, name), 'utf8'));
  const texts = Object.values(BROKEN_CHECKS);
  const [first = ''] = texts;

  expect(texts.map((text) => /written "orchestrator"."(\w+)"/u.exec(text)?.[1])).toEqual([
    'sessions',
    'tasks',
    'event_log',
  ]);
  expect(areViewsOutdated('postgresql', migrations)).toBe(false);
  // As one does that was made of other checks.
  const before = migrations.map((text) => text.replace('written.version >= 1', 'written.version >= 0'));
  expect(areViewsOutdated('postgresql', before)).toBe(true);
  const [drop = '', make = '', ...others] = completeMigration('postgresql', '', before).split(
    '--> statement-breakpoint\n',
  );
  expect(drop.trim()).toBe('DROP FUNCTION "orchestrator"."broken_check"(written "orchestrator"."sessions");');
  expect(make.trim()).toBe(first);
  expect(others).toEqual([]);
});
