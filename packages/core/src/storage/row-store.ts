/**
 * What moving house, backups and restores need of a database: its rows as they stand, page by page, and the state of the store.
 * A storage offers this next to the port, and is as dumb here as there; what is copied when stands in the runtime.
 */
import type { ClockState } from '../model/clock.ts';
import type { StoreState } from './store-state.ts';

/** Text, a whole number or nothing: all that a column of ours can hold, alike in every database. */
export type Cell = string | number | null;

/** A row under the names of its columns. */
export type Row = Readonly<Record<string, Cell>>;

/** Every table with its key, in the order in which they can be filled: what a row refers to comes before it. */
export const TABLE_KEYS = {
  sessions: ['namespace', 'id'],
  tasks: ['namespace', 'id'],
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
 * So many characters a page of rows holds, and then it ends: a page of the largest tasks would fill the memory. A single row
 * may be larger than a page.
 */
export const PAGE_CHARACTERS = 8_000_000;

/** For storages: how many characters a row holds. */
export function charactersOf(row: Row): number {
  return Object.values(row).reduce<number>((sum, cell) => sum + (cell === null ? 0 : String(cell).length), 0);
}

export interface RowReader {
  /** null: the store is open for work. */
  storeState(): Promise<StoreState | null>;
  /**
   * The rows after a key (which no row needs to have), by key: texts byte by byte, numbers by size. At most `limit`, and no
   * more than fit into a page; none only where there are none. A row has at least the columns of `COLUMNS`; that of a
   * session also those of its `nextHead`, all null where no task is queued.
   */
  rows(table: TableName, after: RowKey, limit: number): Promise<readonly Row[]>;
  /** The greatest key; null: the table is empty. */
  lastKey(table: TableName): Promise<RowKey>;
  count(table: TableName): Promise<number>;
  /** The greatest event id drawn so far: it may be greater than any in the log. */
  lastEventId(): Promise<number>;
  /** What the store remembers of the clocks. */
  clock(): Promise<ClockState>;
  /** The authority's time in whole milliseconds. */
  now(): Promise<number>;
}

export interface RowStore extends RowReader, AsyncDisposable {
  /** Runs reads that all see the same state, however long they take, while others write. */
  snapshot<R>(use: (reader: RowReader) => Promise<R>): Promise<R>;
  /**
   * Changes the state of the store (null: open), durably. When it returns, no unit of work that began before is under way,
   * and every later one sees the new state. A store can only become `filling` while it has no row.
   *
   * @throws `STORE_BUSY` if the state found is not `expected`; `STORE_NOT_EMPTY`
   */
  changeStoreState(expected: StoreState | null, next: StoreState | null): Promise<void>;
  /**
   * Adds rows, in the order of their keys and all or none, while the store is in this state and `after` is the greatest key
   * of the table. Heads and numbers follow from the rows that are there.
   *
   * @throws `STORE_BUSY` if it is not: another process writes here
   */
  add(state: StoreState, table: TableName, after: RowKey, rows: readonly Row[]): Promise<void>;
  /**
   * Sets, while the store is in this state, what the next unit of work continues from: the state of the clocks, and the
   * event id after which the log continues. Called after the last row was added, and before the store is open or used.
   */
  continueFrom(state: StoreState, from: { readonly clock: ClockState; readonly lastEventId: number }): Promise<void>;
}
