/**
 * The rows of a store in pages, and its state (`RowStore` of the port), over what one connection reads and writes. For
 * an engine that answers within the call, as SQLite does in this process.
 */
import {
  anotherProcessCopies,
  assertMayFollow,
  assertSameState,
  charactersOf,
  OrchestratorError,
  PAGE_CHARACTERS,
  TABLE_NAMES,
  type ClockState,
  type Row,
  type RowKey,
  type RowReader,
  type RowStore,
  type StoreState,
  type TableName,
} from '@agent-orchestrator/core';

/** The rows as a connection sees them. */
export interface StoredRows {
  storeState(): StoreState | null;
  /** In the order of their keys, one at a time: a page may be full before the limit. */
  rowsAfter(table: TableName, after: RowKey, limit: number): Iterable<Row>;
  lastKey(table: TableName): RowKey;
  count(table: TableName): number;
  /** The greatest event id given so far, also in the store that the rows came from. */
  lastEventId(): number;
  clock(): ClockState;
}

/** The same within a transaction that has the write lock. */
export interface WritableRows extends StoredRows {
  setStoreState(next: StoreState | null): void;
  insert(table: TableName, rows: readonly Row[]): void;
  continueFrom(clock: ClockState, lastEventId: number): void;
}

/** The connections of a storage to the rows of one store. */
export interface RowConnections {
  read<R>(use: (rows: StoredRows) => R): Promise<R>;
  /** One transaction, all or nothing, and durable. @throws `STORE_READ_ONLY` if the store was opened so */
  write(use: (rows: WritableRows) => void): Promise<void>;
  /** Reads that all see one state. */
  snapshot<R>(use: (rows: StoredRows) => Promise<R>): Promise<R>;
  now(): Promise<number>;
  close(): Promise<void>;
}

export function rowStoreOver(on: RowConnections): RowStore {
  return {
    ...readerOver((use) => on.read(use), on),
    snapshot: (use) => on.snapshot((rows) => use(readerOver(async (read) => read(rows), on))),
    changeStoreState: (expected, next) =>
      on.write((rows) => {
        assertSameState(rows.storeState(), expected);
        assertMayFollow(expected, next);
        if (next?.status === 'filling' && TABLE_NAMES.some((table) => rows.lastKey(table) !== null))
          throw new OrchestratorError('STORE_NOT_EMPTY');
        rows.setStoreState(next);
      }),
    add: (state, table, after, added) =>
      on.write((rows) => {
        assertSameState(rows.storeState(), state);
        if (JSON.stringify(rows.lastKey(table)) !== JSON.stringify(after)) throw anotherProcessCopies();
        rows.insert(table, added);
      }),
    continueFrom: (state, { clock, lastEventId }) =>
      on.write((rows) => {
        assertSameState(rows.storeState(), state);
        rows.continueFrom(clock, lastEventId);
      }),
    [Symbol.asyncDispose]: () => on.close(),
  };
}

function readerOver(read: RowConnections['read'], { now }: Pick<RowConnections, 'now'>): RowReader {
  return {
    storeState: () => read((rows) => rows.storeState()),
    rows: (table, after, limit) => read((rows) => pageOfRows(rows.rowsAfter(table, after, limit))),
    lastKey: (table) => read((rows) => rows.lastKey(table)),
    count: (table) => read((rows) => rows.count(table)),
    lastEventId: () => read((rows) => rows.lastEventId()),
    clock: () => read((rows) => rows.clock()),
    now,
  };
}

/** The first comes in any case: one row may be larger than a page. */
function pageOfRows(found: Iterable<Row>): readonly Row[] {
  const rows: Row[] = [];
  let characters = 0;
  for (const row of found) {
    characters += charactersOf(row);
    if (characters > PAGE_CHARACTERS && rows.length > 0) break;
    rows.push(row);
  }
  return rows;
}
