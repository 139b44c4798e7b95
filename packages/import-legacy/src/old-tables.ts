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
 * The columns of each old table that is there: files grew from one generation to the next, and some tables kept the
 * columns of an earlier one.
 */
export type OldColumns = ReadonlyMap<OldTable, ReadonlySet<string>>;

export function oldColumnsOf(db: Database.Database): OldColumns {
  const tables = new Set(db.prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all());
  const columns = db.prepare<[string], string>('SELECT name FROM pragma_table_xinfo(?)').pluck();
  return new Map(
    OLD_TABLES.filter((table) => tables.has(table)).map((table) => [table, new Set(columns.all(table))] as const),
  );
}

/** What every file of the proof of concept has. Another application may have tables of the same names. */
const ESSENTIAL: readonly (readonly [OldTable, readonly string[]])[] = [
  ['session_state', ['session_id', 'status']],
  ['task_queue', ['task_id', 'session_id', 'status']],
];

/** Whether a file with these columns is one of the proof of concept. */
export function isOld(columns: OldColumns): boolean {
  return ESSENTIAL.every(([table, needed]) => needed.every((column) => columns.get(table)?.has(column) === true));
}

/** Which generation wrote the file last, by what it has; `grown`: an earlier one made it, and it lacks columns since. */
export function generationOf(columns: OldColumns): { readonly generation: number; readonly grown: boolean } {
  const has = (column: string) => columns.get('task_queue')?.has(column) === true;
  const signs = [true, has('next_retry_at'), columns.has('alerts'), has('max_retries')];
  const generation = signs.lastIndexOf(true) + 1;
  return { generation, grown: signs.slice(0, generation).includes(false) };
}
