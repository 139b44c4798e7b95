import { OrchestratorError } from '@agent-orchestrator/core';
import type { Connection } from '../connection.ts';
import type { Migration } from '../migrate.ts';

/** The tables of the proof of concept. */
export const OLD_TABLES = [
  'session_state',
  'task_queue',
  'distributed_lock',
  'event_log',
  'alerts',
  'dead_letters',
  'lock_events',
] as const;

export type OldTable = (typeof OLD_TABLES)[number];

/** What an old table is called once the store stands beside it. */
const KEPT = 'legacy_';

export function isKeptTable(table: string): boolean {
  return table.startsWith(KEPT) && OLD_TABLES.some((old) => table === KEPT + old);
}

/** The columns of each old table that is there: files grew from one generation to the next, and did not always grow whole. */
export type OldColumns = ReadonlyMap<OldTable, ReadonlySet<string>>;

export function oldColumnsOf(db: Connection): OldColumns {
  const tables = new Set(db.prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all());
  const columns = db.prepare<[string], string>('SELECT name FROM pragma_table_xinfo(?)').pluck();
  return new Map(
    OLD_TABLES.filter((table) => tables.has(table)).map((table) => [table, new Set(columns.all(table))] as const),
  );
}

/** Which generation wrote the file last, by what it has; `grown`: an earlier one made it, and it lacks columns since. */
export function generationOf(columns: OldColumns): { readonly generation: number; readonly grown: boolean } {
  const has = (column: string) => columns.get('task_queue')?.has(column) === true;
  const marks = [true, has('next_retry_at'), columns.has('alerts'), has('max_retries')];
  const generation = marks.lastIndexOf(true) + 1;
  return { generation, grown: marks.slice(0, generation).includes(false) };
}

/**
 * Refuses a file in which something else has a name that the store needs.
 *
 * @throws `STORE_UNSUITABLE`
 */
export function assertNamesFree(db: Connection, migrations: readonly Migration[]): void {
  const statements = migrations.flatMap((migration) => migration.statements);
  const ours = statements.flatMap(
    (text) => /^CREATE (?:UNIQUE )?(?:TABLE|INDEX|TRIGGER) `(\w+)`/m.exec(text)?.[1] ?? [],
  );
  const needed = new Set([...ours, ...OLD_TABLES.map((table) => KEPT + table)]);
  const taken = db
    .prepare<[], { name: string; tbl_name: string }>('SELECT name, tbl_name FROM sqlite_schema')
    .all()
    .filter(({ name, tbl_name: table }) => needed.has(name.toLowerCase()) && !isOld(table));
  if (taken.length === 0) return;
  throw new OrchestratorError(
    'STORE_UNSUITABLE',
    `The file has something of its own by a name that the store needs: ${taken.map(({ name }) => name).join(', ')}. It was not touched.`,
    { hint: 'Rename it in the old file, then try again.' },
  );
}

/**
 * Puts the old tables and indexes out of the way, under names that begin with `legacy_`, and leaves views in their place: who
 * still reads there reads on, and who writes is told that a view cannot be written. Where the store has a table of the same
 * name, it is that table's columns that do not fit.
 */
export function renameOldTables(db: Connection, tables: readonly OldTable[]): void {
  for (const table of tables) {
    db.exec(`ALTER TABLE ${table} RENAME TO ${KEPT}${table}`);
    for (const { name, sql } of indexesOf(db, KEPT + table)) {
      db.exec(`DROP INDEX ${quoted(name)}`);
      db.exec(sql.replace(INDEX_NAME, () => quoted(KEPT + name)));
    }
  }
}

/** Once the store's own tables are there. */
export function leaveViews(db: Connection, tables: readonly OldTable[]): void {
  const taken = new Set(db.prepare<[], string>('SELECT name FROM sqlite_schema').pluck().all());
  for (const table of tables) if (!taken.has(table)) db.exec(`CREATE VIEW ${table} AS SELECT * FROM ${KEPT}${table}`);
}

/** SQLite keeps the text of an index from its name on, however that was written. */
const INDEX_NAME = /(?<=^CREATE (?:UNIQUE )?INDEX )(?:"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|'(?:[^']|'')*'|[^\s(]+)/;

/** But for those that SQLite made itself for a key: they are renamed with their table. */
function indexesOf(db: Connection, table: string): { name: string; sql: string }[] {
  return db
    .prepare<[string], { name: string; sql: string }>(
      `SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL`,
    )
    .all(table);
}

function isOld(table: string): boolean {
  return OLD_TABLES.some((old) => old === table);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
