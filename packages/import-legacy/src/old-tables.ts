import type Database from 'better-sqlite3';

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

/**
 * The columns of each old table in the file. Files were extended from one generation to the next, and some tables still
 * have the columns of an earlier one.
 */
export type OldColumns = ReadonlyMap<OldTable, ReadonlySet<string>>;

export function oldColumnsOf(db: Database.Database): OldColumns {
  const tables = new Set(db.prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all());
  const columns = db.prepare<[string], string>('SELECT name FROM pragma_table_xinfo(?)').pluck();
  return new Map(
    OLD_TABLES.filter((table) => tables.has(table)).map((table) => [table, new Set(columns.all(table))] as const),
  );
}

/** The tables and columns of every file of the proof of concept. Another application may use the same table names. */
const ESSENTIAL: readonly (readonly [OldTable, readonly string[]])[] = [
  ['session_state', ['session_id', 'status']],
  ['task_queue', ['task_id', 'session_id', 'status']],
];

/** Whether a file with these columns is one of the proof of concept. */
export function isOld(columns: OldColumns): boolean {
  return ESSENTIAL.every(([table, needed]) => needed.every((column) => columns.get(table)?.has(column) === true));
}

/** The generation that wrote the file last; `grown`: an earlier one created it, so some newer columns are missing. */
export function generationOf(columns: OldColumns): { readonly generation: number; readonly grown: boolean } {
  const has = (column: string) => columns.get('task_queue')?.has(column) === true;
  const signs = [true, has('next_retry_at'), columns.has('alerts'), has('max_retries')];
  const generation = signs.lastIndexOf(true) + 1;
  return { generation, grown: signs.slice(0, generation).includes(false) };
}
