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

/**
 * Tables and columns that every generation made, and hardly any other program: another one may use the same names for
 * some tables, and even for the keys and the status in them.
 */
const ESSENTIAL: Readonly<Partial<Record<OldTable, string>>> = {
  session_state: 'session_id status last_turn next_action created_at',
  task_queue: 'task_id session_id status task_type created_at',
  event_log: 'event_id session_id event_seq event_type payload created_at',
};

/** Whether a file is one of the proof of concept, which numbered neither its files nor their versions. */
export function isOld(db: Database.Database, columns: OldColumns): boolean {
  const isNumbered = ['application_id', 'user_version'].some((name) => db.pragma(name, { simple: true }) !== 0);
  return (
    !isNumbered && Object.entries(ESSENTIAL).every(([table, needed]) => hasAll(columns.get(table as OldTable), needed))
  );
}

function hasAll(columns: ReadonlySet<string> | undefined, needed: string): boolean {
  return columns !== undefined && needed.split(' ').every((column) => columns.has(column));
}

/** The generation that wrote the file last; `grown`: an earlier one created it, so some newer columns are missing. */
export function generationOf(columns: OldColumns): { readonly generation: number; readonly grown: boolean } {
  const has = (column: string) => columns.get('task_queue')?.has(column) === true;
  const signs = [true, has('next_retry_at'), columns.has('alerts'), has('max_retries')];
  const generation = signs.lastIndexOf(true) + 1;
  return { generation, grown: signs.slice(0, generation).includes(false) };
}
