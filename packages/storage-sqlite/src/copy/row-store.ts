import {
  authorityTime,
  decodeClockState,
  keyOfRow,
  NO_CLOCK,
  OrchestratorError,
  type ClockState,
  type Row,
  type RowKey,
  type RowStore,
  type StoreState,
  type TableName,
} from '@agent-orchestrator/core';
import {
  assertCurrent,
  rowStoreOver,
  systemClock,
  type RowConnections,
  type StoredRows,
  type WritableRows,
} from '@agent-orchestrator/storage-sql';
import { retryWhileBusy } from '../file/busy.ts';
import { openReader, openWriter, type Connection } from '../connection.ts';
import { explainError } from '../file/explain-error.ts';
import { SCHEMA_VERSION } from '../migrations.ts';
import { NAMESPACE_AFTER, ROW_TEXTS } from './row-texts.ts';
import { SQL } from '../statements.ts';
import { assertLogNotLost } from '../file/log-files.ts';
import { OpenFile } from '../file/open-file.ts';
import { isThere } from '../file/is-there.ts';
import { inspectFile, resolvePath, schemaVersionOf } from '../file/store-file.ts';
import { readStoreState, writeStoreState } from './store-state.ts';

export interface SqliteRowsOptions {
  /** The file; it must hold a store of this version. */
  readonly path: string;
  /** `read-only`: never writes; methods that would write throw `STORE_READ_ONLY`. */
  readonly mode?: 'existing' | 'read-only';
  /** How long to wait for a lock of another process before `STORE_BUSY`, in milliseconds. */
  readonly busyTimeoutMs?: number;
}

const BUSY_TIMEOUT_MS = 30_000;

/**
 * Differs: an id that was drawn and not used is drawn again, so the greatest one is in the log. But in a moved or
 * restored store greater ids were drawn before, and followers may continue from them.
 */
const LAST_EVENT_ID = `SELECT max(coalesce((SELECT max(id) FROM event_log), 0),
  coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'last_event_id'), 0))`;
const SAVE_LAST_EVENT_ID = `INSERT INTO meta (key, value) VALUES ('last_event_id', ?)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value`;

/**
 * Opens the rows of a store, whatever its state.
 *
 * @throws what `openSqliteStorage` throws in the same mode
 */
export async function openSqliteRows({
  path,
  mode = 'existing',
  busyTimeoutMs = BUSY_TIMEOUT_MS,
}: SqliteRowsOptions): Promise<RowStore> {
  try {
    const file = resolvePath(path);
    if (!isThere(file)) throw new OrchestratorError('STORE_NOT_FOUND', `There is no store at ${file}.`);
    await assertLogNotLost(file, busyTimeoutMs);
    return await retryWhileBusy(busyTimeoutMs, () => {
      inspectFile(file);
      return rowStoreOver(new SqliteRows(new OpenFile(file), mode, busyTimeoutMs));
    });
  } catch (error) {
    throw explainError(error, path);
  }
}

class SqliteRows implements RowConnections {
  readonly #file: OpenFile;
  readonly #mode: 'existing' | 'read-only';
  readonly #busyTimeoutMs: number;
  readonly #reader: Connection;
  #writer: Connection | null = null;

  constructor(file: OpenFile, mode: 'existing' | 'read-only', busyTimeoutMs: number) {
    this.#file = file;
    this.#mode = mode;
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#reader = openedReader(file.path);
    try {
      file.hold();
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  read<R>(use: (rows: StoredRows) => R): Promise<R> {
    return retryWhileBusy(this.#busyTimeoutMs, () => {
      this.#file.assertInPlace();
      return use(new Rows(this.#reader));
    });
  }

  async snapshot<R>(use: (rows: StoredRows) => Promise<R>): Promise<R> {
    this.#file.assertInPlace();
    const db = await retryWhileBusy(this.#busyTimeoutMs, () => openedReader(this.#file.path));
    try {
      db.exec('BEGIN');
      return await use(new Rows(db));
    } finally {
      db.close();
    }
  }

  async write(use: (rows: WritableRows) => void): Promise<void> {
    if (this.#mode === 'read-only')
      throw new OrchestratorError('STORE_READ_ONLY', `${this.#file.path} was opened for reading only.`);
    return retryWhileBusy(this.#busyTimeoutMs, () => {
      this.#file.assertInPlace();
      const db = (this.#writer ??= openWriter(this.#file.path));
      db.exec('BEGIN IMMEDIATE');
      try {
        use(new Rows(db));
        db.exec('COMMIT');
        this.#file.assertStillInPlace();
      } finally {
        if (db.inTransaction) db.exec('ROLLBACK');
      }
    });
  }

  async close(): Promise<void> {
    this.#close();
  }

  #close(): void {
    this.#file.closeAfter(() => {
      this.#reader.close();
      // The writer last: only it can copy the write-ahead log into the file when it closes.
      this.#writer?.close();
    });
  }
}

/** The rows as one connection sees them. */
class Rows implements WritableRows {
  readonly #db: Connection;

  constructor(db: Connection) {
    this.#db = db;
  }

  storeState(): StoreState | null {
    return readStoreState(this.#db);
  }

  /** Namespace by namespace, since rows do not know the name of theirs. */
  *rowsAfter(table: TableName, after: RowKey, limit: number): Generator<Row> {
    const { first, following } = ROW_TEXTS[table];
    if (table === 'event_log') {
      yield* this.#rows(following, ...(after ?? [0]), limit);
      return;
    }
    let left = limit;
    for (let namespace = after === null ? null : String(after[0]), key = after?.slice(1); left > 0; key = undefined) {
      if (key === undefined) namespace = this.#namespaceAfter(namespace);
      if (namespace === null) return;
      const rows =
        key === undefined ? this.#rows(first, namespace, left) : this.#rows(following, namespace, ...key, left);
      for (const row of rows) {
        yield row;
        left -= 1;
      }
    }
  }

  #rows(sql: string, ...values: readonly unknown[]): IterableIterator<Row> {
    return this.#db.prepare<unknown[], Row>(sql).iterate(...values);
  }

  #namespaceAfter(name: string | null): string | null {
    const found = this.#db.prepare<[string | null], string>(NAMESPACE_AFTER).pluck().get(name);
    return found ?? null;
  }

  lastKey(table: TableName): RowKey {
    const row = this.#db.prepare<[], Row>(ROW_TEXTS[table].last).get();
    return row === undefined ? null : keyOfRow(table, row);
  }

  count(table: TableName): number {
    return this.#db.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get() ?? 0;
  }

  lastEventId(): number {
    return this.#db.prepare<[], number>(LAST_EVENT_ID).pluck().get() ?? 0;
  }

  clock(): ClockState {
    const text = this.#db.prepare<[], string>(SQL.clock).pluck().get();
    return text === undefined ? NO_CLOCK : decodeClockState(text);
  }

  now(): number {
    return Math.floor(authorityTime(this.clock(), systemClock.read()));
  }

  setStoreState(next: StoreState | null): void {
    writeStoreState(this.#db, next);
  }

  insert(table: TableName, rows: readonly Row[]): void {
    const addNamespace = this.#db.prepare(SQL.addNamespace);
    for (const namespace of new Set(rows.map((row) => row['namespace']))) addNamespace.run(namespace);
    const insert = this.#db.prepare(ROW_TEXTS[table].insert);
    for (const row of rows) insert.run(row);
  }

  continueFrom(clock: ClockState, lastEventId: number): void {
    this.#db.prepare(SQL.saveClock).run(JSON.stringify(clock));
    this.#db.prepare(SAVE_LAST_EVENT_ID).run(String(lastEventId));
  }
}

function openedReader(path: string): Connection {
  const db = openReader(path);
  try {
    assertCurrent(path, schemaVersionOf(db, path), SCHEMA_VERSION);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
