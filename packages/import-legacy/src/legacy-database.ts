import {
  NO_CLOCK,
  type ClockState,
  type Row,
  type RowKey,
  type RowReader,
  type TableName,
} from '@agent-orchestrator/core';
import { translateError } from './errors.ts';
import type { LegacyChange } from './changes.ts';
import { ImportRun, type LegacyCounts } from './import-run.ts';
import { NewIds } from './new-ids.ts';
import { OldFile } from './old-file.ts';
import { OldRows, type SessionRows } from './old-rows.ts';
import { generationOf, type OldTable } from './old-tables.ts';
import { SessionImport, type Batch } from './session-import.ts';
import { SortedRows } from './sorted-rows.ts';
import { openTemporaryDatabase } from './temporary-database.ts';

export interface LegacyReadOptions {
  /** The time of the import by the new store's clock, in milliseconds: nothing that happened is later. */
  readonly at: number;
  /** Called while rows are read, with the progress; the import waits for it. */
  readonly onProgress?: (done: number, of: number) => void | Promise<void>;
}

/** The rows of an old database, and what they become. */
export interface LegacyReport {
  /** 1 to 4: the newest generation that wrote to the file. */
  readonly generation: number;
  /** An older generation made the file, and it lacks some of the newer columns. */
  readonly grown: boolean;
  /** Rows by old table. */
  readonly found: Readonly<Partial<Record<OldTable, number>>>;
  readonly imported: LegacyCounts;
  readonly changes: readonly LegacyChange[];
}

/**
 * A database of the proof of concept as it was at one moment, as the rows of a store. The same file read for the same
 * time has the same rows, so an interrupted import can continue.
 */
export interface LegacyDatabase extends RowReader, Disposable {
  readonly report: LegacyReport;
  /** SHA-256 over all rows. It differs if the file or the time of the import differs. */
  readonly digest: string;
  /** Whether another process has written to the file since. */
  isChanged(): boolean;
}

/**
 * Reads a database of the proof of concept. The file is not changed.
 *
 * @throws `STORE_NOT_LEGACY`, `STORE_NOT_FOUND`, `STORE_NOT_A_DATABASE`, `STORE_CORRUPT`, and the other `STORE_` codes
 */
export async function openLegacyDatabase(path: string, options: LegacyReadOptions): Promise<LegacyDatabase> {
  const file = new OldFile(path);
  const temporary = openTemporaryDatabase();
  const close = () => {
    temporary.close();
    file[Symbol.dispose]();
  };
  try {
    const rows = new SortedRows(temporary);
    const report = await read(file, rows, new NewIds(temporary), options);
    return new ReadDatabase({ rows, report, at: options.at, isChanged: () => file.isChanged(), close });
  } catch (error) {
    close();
    throw translateError(error, path);
  }
}

/** The events of a session are stored in batches of this size. */
const BATCH_EVENTS = 1_000;

async function read(file: OldFile, rows: SortedRows, ids: NewIds, options: LegacyReadOptions): Promise<LegacyReport> {
  const { at, onProgress = () => {} } = options;
  const old = new OldRows(file.db, file.columns);
  const found = old.counts();
  const of = (found.session_state ?? 0) + (found.task_queue ?? 0) + (found.event_log ?? 0);
  ids.assign('session', old.sessionIds());
  ids.assign('task', old.taskIds());
  const run = new ImportRun(at, ids);
  let done = 0;
  for (const session of old.sessions())
    for (const count of readSession(run, session, rows)) {
      done += count;
      await onProgress(done, of);
    }
  for (const { table, id, record } of old.leftOut()) run.leftOut(table, id, record);
  return { ...generationOf(file.columns), found, imported: run.imported, changes: run.changes };
}

/** Stores the rows of one session in batches; yields for each the number of its old rows. */
function* readSession(run: ImportRun, old: SessionRows, rows: SortedRows): Generator<number> {
  const session = new SessionImport(run, old);
  let count = old.cells === null ? 0 : 1;
  function* full() {
    count += 1;
    if (session.waiting < BATCH_EVENTS) return;
    store(rows, session.take());
    yield count;
    count = 0;
  }
  for (const event of old.events) {
    session.event(event);
    yield* full();
  }
  for (const letter of old.deadLetters) session.deadLetter(letter);
  for (const task of old.tasks) {
    session.task(task);
    yield* full();
  }
  rows.addSession(session.finish());
  store(rows, session.take());
  yield count;
}

function store(rows: SortedRows, { tasks, events }: Batch): void {
  for (const event of events) rows.addEvent(event);
  for (const task of tasks) rows.addTask(task);
}

interface ReadParts {
  readonly rows: SortedRows;
  readonly report: LegacyReport;
  readonly at: number;
  readonly isChanged: () => boolean;
  readonly close: () => void;
}

class ReadDatabase implements LegacyDatabase {
  readonly report: LegacyReport;
  readonly digest: string;
  readonly isChanged: () => boolean;
  readonly #rows: SortedRows;
  readonly #at: number;
  readonly #close: () => void;

  constructor({ rows, report, at, isChanged, close }: ReadParts) {
    this.report = report;
    this.digest = rows.digest();
    this.isChanged = isChanged;
    this.#rows = rows;
    this.#at = at;
    this.#close = close;
  }

  /** The old database has no store state. */
  async storeState(): Promise<null> {
    return null;
  }

  async rows(table: TableName, after: RowKey, limit: number): Promise<readonly Row[]> {
    return this.#rows.page(table, after, limit);
  }

  async lastKey(table: TableName): Promise<RowKey> {
    return this.#rows.lastKey(table);
  }

  async count(table: TableName): Promise<number> {
    return this.#rows.count(table);
  }

  async lastEventId(): Promise<number> {
    return this.#rows.lastEventId;
  }

  async clock(): Promise<ClockState> {
    return NO_CLOCK;
  }

  async now(): Promise<number> {
    return this.#at;
  }

  [Symbol.dispose](): void {
    this.#close();
  }
}
