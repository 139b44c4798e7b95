/**
 * The rows of a store in pages, and its state (`RowStore` of the port), over what one connection reads and writes: for
 * an engine that answers within the call, as SQLite does in this process, and for one that is asked, as a server is.
 * When the state may change and rows may be added is stated once, as steps that either of them runs.
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
  /** The time by the store's clock. */
  now(): number;
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
  close(): Promise<void>;
}

export function rowStoreOver(on: RowConnections): RowStore {
  return {
    ...readerOver((use) => on.read(use)),
    snapshot: (use) => on.snapshot((rows) => use(readerOver(async (read) => read(rows)))),
    changeStoreState: (expected, next) => on.write((rows) => runAtOnce(changingState(rows, expected, next))),
    add: (state, table, after, added) => on.write((rows) => runAtOnce(adding(rows, { state, table, after, added }))),
    continueFrom: (state, from) => on.write((rows) => runAtOnce(continuing(rows, state, from))),
    [Symbol.asyncDispose]: () => on.close(),
  };
}

/** The rows as a transaction on a server sees them. */
export interface AskedRows extends Omit<RowReader, 'lastEventId'> {
  setStoreState(next: StoreState | null): Promise<void>;
  insert(table: TableName, rows: readonly Row[]): Promise<void>;
  continueFrom(clock: ClockState, lastEventId: number): Promise<void>;
}

/** The connections of a storage to the rows of one store on a server. */
export interface AskedConnections {
  read<R>(use: (rows: AskedRows) => Promise<R>): Promise<R>;
  /**
   * One transaction, all or nothing, and durable. `state`: no unit of work is running, and none begins before it ends.
   *
   * @throws `STORE_READ_ONLY` if the store was opened so
   */
  write(what: 'state' | 'rows', use: (rows: AskedRows) => Promise<void>): Promise<void>;
  /** Reads that all see one state. What `lastEventId` was before can be seen in it. */
  snapshot<R>(use: (rows: AskedRows, lastEventId: number) => Promise<R>): Promise<R>;
  lastEventId(): Promise<number>;
  close(): Promise<void>;
}

export function rowStoreAsking(on: AskedConnections): RowStore {
  return {
    ...askingReader(
      (use) => on.read(use),
      () => on.lastEventId(),
    ),
    snapshot: (use) =>
      on.snapshot((rows, lastEventId) =>
        use(
          askingReader(
            (read) => read(rows),
            async () => lastEventId,
          ),
        ),
      ),
    changeStoreState: (expected, next) => on.write('state', (rows) => runInTurn(changingState(rows, expected, next))),
    add: (state, table, after, added) =>
      on.write('rows', (rows) => runInTurn(adding(rows, { state, table, after, added }))),
    continueFrom: (state, from) => on.write('rows', (rows) => runInTurn(continuing(rows, state, from))),
    [Symbol.asyncDispose]: () => on.close(),
  };
}

function askingReader(read: AskedConnections['read'], lastEventId: () => Promise<number>): RowReader {
  return {
    storeState: () => read((rows) => rows.storeState()),
    rows: (table, after, limit) => read((rows) => rows.rows(table, after, limit)),
    lastKey: (table) => read((rows) => rows.lastKey(table)),
    count: (table) => read((rows) => rows.count(table)),
    lastEventId,
    clock: () => read((rows) => rows.clock()),
    now: () => read((rows) => rows.now()),
  };
}

/** What is asked in turn; each question is answered at once or later. */
type Steps = Generator<() => unknown, void, unknown>;
type Rows = WritableRows | AskedRows;

function* ask<Answer>(question: () => Answer): Generator<() => unknown, Awaited<Answer>, unknown> {
  return (yield question) as Awaited<Answer>;
}

function runAtOnce(steps: Steps): void {
  for (let step = steps.next(); step.done !== true;) step = steps.next(step.value());
}

async function runInTurn(steps: Steps): Promise<void> {
  for (let step = steps.next(); step.done !== true;) step = steps.next(await step.value());
}

function* changingState(rows: Rows, expected: StoreState | null, next: StoreState | null): Steps {
  assertSameState(yield* ask(() => rows.storeState()), expected);
  assertMayFollow(expected, next);
  if (next?.status === 'filling')
    for (const table of TABLE_NAMES)
      if ((yield* ask(() => rows.lastKey(table))) !== null) throw new OrchestratorError('STORE_NOT_EMPTY');
  yield* ask(() => rows.setStoreState(next));
}

interface Addition {
  readonly state: StoreState;
  readonly table: TableName;
  readonly after: RowKey;
  readonly added: readonly Row[];
}

function* adding(rows: Rows, { state, table, after, added }: Addition): Steps {
  assertSameState(yield* ask(() => rows.storeState()), state);
  const lastKey = yield* ask(() => rows.lastKey(table));
  if (JSON.stringify(lastKey) !== JSON.stringify(after)) throw anotherProcessCopies();
  yield* ask(() => rows.insert(table, added));
}

function* continuing(rows: Rows, state: StoreState, from: Parameters<RowStore['continueFrom']>[1]): Steps {
  assertSameState(yield* ask(() => rows.storeState()), state);
  yield* ask(() => rows.continueFrom(from.clock, from.lastEventId));
}

function readerOver(read: RowConnections['read']): RowReader {
  return {
    storeState: () => read((rows) => rows.storeState()),
    rows: (table, after, limit) => read((rows) => pageOfRows(rows.rowsAfter(table, after, limit))),
    lastKey: (table) => read((rows) => rows.lastKey(table)),
    count: (table) => read((rows) => rows.count(table)),
    lastEventId: () => read((rows) => rows.lastEventId()),
    clock: () => read((rows) => rows.clock()),
    now: () => read((rows) => rows.now()),
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
