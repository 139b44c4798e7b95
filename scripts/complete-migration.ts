import { DatabaseSync } from 'node:sqlite';
import { TYPE_NAMES, TYPE_TEXTS } from '../packages/storage-postgres/src/schema/types.ts';
import { VIEW_TEXTS as POSTGRES_VIEWS } from '../packages/storage-postgres/src/schema/views.ts';
import { BROKEN_CHECKS } from '../packages/storage-sql/schemas/broken-check.ts';
import { VIEW_TEXTS as SQLITE_VIEWS } from '../packages/storage-sqlite/src/schema/views.ts';

/** Between the statements of a migration. */
const BREAKPOINT = '--> statement-breakpoint';
/** What is made of the tables: the views, and in Postgres the functions that look at checks. */
const MADE = /^CREATE (VIEW [\w.`"]+|FUNCTION "orchestrator"\."broken_check"\([^)]+\))/u;
const TRIGGER = /^CREATE TRIGGER [^;]*? ON [`"]?(\w+)/u;
const TRIGGER_NAME = /^CREATE TRIGGER [`"]?(\w+)/u;
/** Of one thing, as drizzle-kit and this script write it. */
const DROP_MADE = /^DROP (VIEW [\w.`"]+|FUNCTION [\w."]+\([^)]+\))/u;
const DROP_TRIGGER = /^DROP TRIGGER (?:IF EXISTS )?[`"]?(\w+)/u;
/** SQLite: a table that is made anew. Postgres: a column that a view or a function reads, so its type cannot change. */
const REBUILT = /^ALTER TABLE [`"]?__new_(\w+)[`"]? RENAME TO|^ALTER TABLE .* SET DATA TYPE /u;
const COMMENTS = /^(?:\s*--(?!>)[^\n]*\n)*\s*/u;

/** A type of ours, which drizzle-kit writes as one word. */
const NAMED_TYPE = new RegExp(`"orchestrator\\.(${TYPE_NAMES.join('|')})"`, 'gu');

/** What drizzle-kit does not say of an engine. */
interface Dialect {
  readonly views: Readonly<Record<string, string>>;
  readonly functions: Readonly<Record<string, string>>;
  readonly nameOf: (view: string) => string;
  /** What follows a view that was made. */
  readonly afterView: (name: string) => readonly string[];
  readonly adapt: (migration: string, earlier: readonly string[]) => string;
}

const DIALECTS = {
  sqlite: {
    views: SQLITE_VIEWS,
    functions: {},
    nameOf: (view) => `\`${view}\``,
    afterView: () => [],
    adapt: (migration, earlier) => strict(withKnownColumns(migration, earlier)),
  },
  postgresql: {
    views: POSTGRES_VIEWS,
    functions: BROKEN_CHECKS,
    nameOf: (view) => `"orchestrator"."${view}"`,
    // A login reads through a view what it may read of the table. PostgreSQL 14 has no such option: there the rights
    // on the view are the same as those on its table.
    afterView: (name) => [
      `DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 150000 THEN
    ALTER VIEW ${name} SET (security_invoker = true);
  END IF;
END $$;`,
    ],
    adapt: (migration, earlier) => {
      const named = migration.replaceAll(NAMED_TYPE, '"orchestrator"."$1"');
      return earlier.length === 0 ? withTypes(named) : named;
    },
  },
} as const satisfies Readonly<Record<string, Dialect>>;

/**
 * Completes a migration that drizzle-kit wrote. Views and functions that have changed are made anew. Where a CHECK
 * changes, drizzle-kit makes a table of SQLite anew. Views, and triggers of other tables, cannot name a table that is
 * away for a moment, and a table loses its triggers with itself: all of them are made once more.
 *
 * @param migration its text
 * @param earlier the texts of those before it, in their order
 */
export function completeMigration(
  dialect: keyof typeof DIALECTS,
  migration: string,
  earlier: readonly string[],
): string {
  const { nameOf, adapt }: Dialect = DIALECTS[dialect];
  const rebuilt = new Set(statementsOf(migration).flatMap((one) => REBUILT.exec(one)?.slice(1) ?? []));
  const before = earlier.flatMap(statementsOf);
  const made = latest(before, MADE, DROP_MADE);
  const wanted = madeOfTables(dialect);
  const isOutdated = (of: string): boolean => rebuilt.size > 0 || made.get(of) !== wanted.get(of)?.[0];
  const isLost = (trigger: string): boolean => rebuilt.has(TRIGGER.exec(trigger)?.[1] ?? '');
  const isInTheWay = (trigger: string): boolean =>
    !isLost(trigger) && [...rebuilt].some((table) => trigger.includes(`\`${table}\``));
  const triggers = [...latest(before, TRIGGER_NAME, DROP_TRIGGER)];
  const parts = [
    ...triggers.flatMap(([name, text]) => (isInTheWay(text) ? [`DROP TRIGGER ${nameOf(name)};`] : [])),
    ...[...made.keys()].filter(isOutdated).map((of) => `DROP ${of};`),
    adapt(migration, earlier).trim(),
    ...[...wanted].flatMap(([of, texts]) => (isOutdated(of) ? texts : [])),
    ...triggers.flatMap(([, text]) => (isLost(text) || isInTheWay(text) ? [text] : [])),
  ];
  return `${parts.filter((part) => part !== '').join(`\n${BREAKPOINT}\n`)}\n`;
}

/** Whether the migrations make other views or functions than there have to be: drizzle-kit knows of none. */
export function areViewsOutdated(dialect: keyof typeof DIALECTS, migrations: readonly string[]): boolean {
  const made = latest(migrations.flatMap(statementsOf), MADE, DROP_MADE);
  const wanted = madeOfTables(dialect);
  return made.size !== wanted.size || [...wanted].some(([of, [text]]) => made.get(of) !== text);
}

/** The statements that make each view and each function; the first one has its name. */
function madeOfTables(dialect: keyof typeof DIALECTS): ReadonlyMap<string, readonly string[]> {
  const { views, functions, nameOf, afterView }: Dialect = DIALECTS[dialect];
  return new Map<string, readonly string[]>([
    ...Object.entries(functions).map(([of, text]) => [`FUNCTION ${of}`, [text]] as const),
    ...Object.entries(views).map(([view, text]) => {
      const name = nameOf(view);
      return [`VIEW ${name}`, [`CREATE VIEW ${name} AS\n${text};`, ...afterView(name)]] as const;
    }),
  ]);
}

/** Tables are STRICT, and without row numbers if no number names their rows. */
function strict(migration: string): string {
  return migration.replaceAll(/^(CREATE TABLE [^;]*\n\));/gmu, (_, table: string) =>
    /`(?:number|id)` integer PRIMARY KEY/u.test(table) ? `${table} STRICT;` : `${table} STRICT, WITHOUT ROWID;`,
  );
}

/** The types of columns come before the tables. */
function withTypes(migration: string): string {
  const [schema = '', ...others] = migration.split(BREAKPOINT);
  return [`${schema.trim()}\n`, ...TYPE_TEXTS.map((one) => `\n${one}\n`), ...others].join(BREAKPOINT);
}

/** Rows of a table that is made anew are copied with the columns that they have: drizzle-kit names new ones, too. */
function withKnownColumns(migration: string, earlier: readonly string[]): string {
  const copying = /^INSERT INTO `__new_(\w+)`\(([^)]*)\) SELECT \2 FROM `\1`;/gmu;
  if (!copying.test(migration)) return migration;
  const db = new DatabaseSync(':memory:');
  for (const statement of earlier.flatMap(statementsOf)) db.exec(statement);
  const completed = migration.replaceAll(copying, (_, table: string, columns: string) => {
    const stored = db
      .prepare(`SELECT name FROM pragma_table_info('${table}')`)
      .all()
      .map(({ name }) => `"${String(name)}"`);
    const known = columns.split(', ').filter((column) => stored.includes(column));
    return `INSERT INTO \`__new_${table}\`(${known.join(', ')}) SELECT ${known.join(', ')} FROM \`${table}\`;`;
  });
  db.close();
  return completed;
}

function statementsOf(text: string): string[] {
  return text.split(BREAKPOINT).map((one) => one.replace(COMMENTS, '').trim());
}

/** Of statements that make the same thing, the last one, by its name; not of what was dropped after it. */
function latest(statements: readonly string[], making: RegExp, dropping: RegExp): Map<string, string> {
  const named = new Map<string, string>();
  for (const one of statements) {
    const name = making.exec(one)?.[1];
    if (name !== undefined) named.set(name, one);
    named.delete(dropping.exec(one)?.[1] ?? '');
  }
  return named;
}
