/**
 * What moves, backups and restores need from a database: its rows as they are stored, page by page, and the store
 * state. A storage offers this beside the port and makes no decisions here either. The runtime decides what is copied
 * and when.
 */
import type { ClockState } from '../model/clock.ts';
import type { StoreState } from './store-state.ts';

/** The value of a column: text, a whole number or null, the same in every database. */
export type Cell = string | number | null;

/** A row: values by the names of its columns. */
export type Row = Readonly<Record<string, Cell>>;

/** Every table with its key, in the order in which they can be filled: a row comes after the rows that it refers to. */
export const TABLE_KEYS = {
  sessions: ['namespace', 'id'],
  tasks: ['namespace', 'id'],
  agents: ['namespace', 'name'],
  dependencies: ['namespace', 'task_id', 'dependency_id'],
  dependency_ends: ['namespace', 'task_id', 'dependency_id', 'seq'],
  event_log: ['id'],
  receipts: ['namespace', 'command_id'],
} as const;

export type TableName = keyof typeof TABLE_KEYS;

/** The tables, in the same order. */
export const TABLE_NAMES = Object.keys(TABLE_KEYS) as readonly TableName[];

/** The values of a row's key; null: before the first row. */
export type RowKey = readonly (string | number)[] | null;

/** The key of a row. */
export function keyOfRow(table: TableName, row: Row): RowKey {
  return TABLE_KEYS[table].map((column) => row[column] ?? '');
}

/**
 * The greatest size of a page of rows, in characters: a page full of the largest tasks would not fit in memory. A page
 * of a single row may be larger.
 */
export const PAGE_CHARACTERS = 8_000_000;

/** For storages: the size of a row in characters. */
export function charactersOf(row: Row): number {
  return Object.values(row).reduce<number>((sum, cell) => sum + (cell === null ? 0 : String(cell).length), 0);
}

export interface RowReader {
  /** null: the store is open for work. */
  storeState(): Promise<StoreState | null>;
  /**
   * The rows after a key (no row needs to have it), in the order of their keys: texts byte by byte, numbers by size. At
   * most `limit`, and no more than fit into a page; empty only if there are no more rows. A row has at least the
   * columns of `COLUMNS`. The row of a session also has those of its `nextHead`, all null if no task is queued.
   */
  rows(table: TableName, after: RowKey, limit: number): Promise<readonly Row[]>;
  /** The greatest key; null: the table is empty. */
  lastKey(table: TableName): Promise<RowKey>;
  count(table: TableName): Promise<number>;
  /** The greatest event id given so far: it may be greater than any in the log. */
  lastEventId(): Promise<number>;
  /** The stored clock state. */
  clock(): Promise<ClockState>;
  /** The authority's time in whole milliseconds. */
  now(): Promise<number>;
}

export interface RowStore extends RowReader, AsyncDisposable {
  /** Runs reads that all see the same state, however long they take, while other processes write. */
  snapshot<R>(use: (reader: RowReader) => Promise<R>): Promise<R>;
  /**
   * Changes the store state (null: open), durably. When it returns, no unit of work that began before is still running,
   * and every later one sees the new state. A store can only become `filling` while it has no row.
   *
   * @throws `STORE_BUSY` if the stored state is not `expected`; `STORE_NOT_EMPTY`
   */
  changeStoreState(expected: StoreState | null, next: StoreState | null): Promise<void>;
  /**
   * Adds rows, in the order of their keys and all or none. The store must be in this state, and `after` must be the
   * greatest key of the table. Heads and numbers are derived from the rows.
   *
   * @throws `STORE_BUSY` if not: another process writes here
   */
  add(state: StoreState, table: TableName, after: RowKey, rows: readonly Row[]): Promise<void>;
  /**
   * Sets where the next unit of work continues, while the store is in this state: the clock state, and the event id
   * after which the log continues. Called after the last row was added, and before the store is open or used.
   */
  continueFrom(state: StoreState, from: { readonly clock: ClockState; readonly lastEventId: number }): Promise<void>;
}
