import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import {
  assertComplete,
  assertOpenForWork,
  OrchestratorError,
  RunningCalls,
  type Capabilities,
  type Clock,
  type WriteSet,
  type Loaded,
  type MigrationReport,
  type Reader,
  type Scope,
  type Storage,
} from '@agent-orchestrator/core';
import { assertCurrent, systemClock } from '@agent-orchestrator/storage-sql';
import { retryWhileBusy } from './file/busy.ts';
import { openReader, openWriter, type Connection, type Synchronous } from './connection.ts';
import { explainError } from './file/explain-error.ts';
import { assertLogNotLost } from './file/log-files.ts';
import { Group } from './group.ts';
import { applyMigrations } from './schema/migrate.ts';
import { knownMigrations, SCHEMA_VERSION } from './migrations.ts';
import { Readers } from './read/readers.ts';
import { OpenFile } from './file/open-file.ts';
import { assertOwnFiles } from './file/own-file.ts';
import { SqliteReader } from './read/reader.ts';
import { isThere } from './file/is-there.ts';
import { assertLocal, createFile, lookAtFile, resolvePath, schemaVersionOf } from './file/store-file.ts';
import { readStoreState } from './copy/store-state.ts';
import { ChangeWatcher } from './watch.ts';
import { Writer } from './work/writer.ts';

export interface SqliteStorageOptions {
  /** The file; its folder is created with it. */
  readonly path: string;
  /**
   * `create` (default): makes the file if there is none. `existing`: refuses a path without a store. `read-only`: the
   * same, and never writes; `transact` and `migrate` throw `STORE_READ_ONLY`.
   */
  readonly mode?: 'create' | 'existing' | 'read-only';
  /** `FULL` (default): a commit survives a power cut. `NORMAL`: it survives a crash of the process. */
  readonly synchronous?: Synchronous;
  /** The clock; default: the clock of the machine. */
  readonly clock?: Clock;
  /** The id of the move or restore that fills the store. Until it is done, all other processes are refused. */
  readonly filling?: string;
  /** How long to wait for a lock of another process before `STORE_BUSY`, in milliseconds. */
  readonly busyTimeoutMs?: number;
}

const BUSY_TIMEOUT_MS = 30_000;

/**
 * Opens a store in one SQLite file. Creates no tables: `migrate()` does. Until then every other call throws
 * `STORE_NOT_FOUND` (or `STORE_OLDER`, if an older version made them). `close()` closes all, and then throws
 * `STORE_REPLACED` or `STORE_SECOND_NAME` if it finds that, and no other call was told of it.
 *
 * @throws `STORE_NOT_FOUND`, `STORE_NEWER`, `STORE_NOT_A_DATABASE`, `STORE_PERMISSION`,
 * `STORE_READ_ONLY`, `STORE_UNSUITABLE` (a network file system, an unsafe SQLite), `STORE_MOVED`, `STORE_INCOMPLETE`,
 * `STORE_SECOND_NAME`, `STORE_PARTIAL_NAME`, `STORE_REPLACED`; the file is left as it was
 */
export async function openSqliteStorage(options: SqliteStorageOptions): Promise<Storage> {
  const { mode = 'create', busyTimeoutMs = BUSY_TIMEOUT_MS } = options;
  try {
    const path = resolvePath(options.path);
    prepareFile(path, mode);
    await assertLogNotLost(path, busyTimeoutMs);
    const assertState = mode === 'read-only' ? assertComplete : assertOpenForWork;
    const looking = await retryWhileBusy(
      busyTimeoutMs,
      () => lookAtFile(path, (db) => assertState(readStoreState(db), options.filling)),
      path,
    );
    try {
      return await openForUse({ ...options, path, mode, busyTimeoutMs });
    } finally {
      looking.close();
    }
  } catch (error) {
    throw explainError(error, options.path);
  }
}

type Settings = SqliteStorageOptions & Required<Pick<SqliteStorageOptions, 'mode' | 'busyTimeoutMs'>>;

async function openForUse(settings: Settings): Promise<Storage> {
  const { path, mode, busyTimeoutMs, synchronous } = settings;
  if (mode !== 'read-only') assertWritable(path);
  const file = new OpenFile(path);
  const db = await retryWhileBusy(busyTimeoutMs, () => connect(path, mode, synchronous), path);
  try {
    await retryWhileBusy(busyTimeoutMs, () => file.hold(), path);
  } catch (error) {
    file.closeAfter(() => db?.close());
    throw error;
  }
  return new SqliteStorage(settings, file, db);
}

class SqliteStorage implements Storage {
  readonly capabilities: Capabilities;
  readonly read: Reader;
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #file: OpenFile;
  readonly #group: Group;
  readonly #readers: Readers;
  readonly #watcher: ChangeWatcher;
  /** Open, and not yet in use by the group. */
  #opened: Connection | null;
  readonly #calls = new RunningCalls(() => new OrchestratorError('STORE_CLOSED'));
  #closing: Promise<void> | null = null;

  constructor(settings: Settings, file: OpenFile, opened: Connection | null) {
    const { path, clock = systemClock, busyTimeoutMs, filling } = settings;
    this.#settings = settings;
    this.#clock = clock;
    this.#file = file;
    this.#opened = opened;
    this.#readers = new Readers(file, busyTimeoutMs, filling);
    this.#watcher = new ChangeWatcher(path, () => this.#readers.dataVersion());
    this.#group = new Group({
      file,
      busyTimeoutMs,
      connect: () => this.#connect(),
      onChange: () => this.#watcher.announce(),
    });
    this.read = this.#calls.reader(new SqliteReader(this.#readers, clock));
    this.capabilities = {
      shared: false,
      multiProcess: true,
      durable: true,
      wakeUp: 'push',
      // Only on Linux is it known that the clock stops while the machine sleeps. A clock given by the caller is
      // trusted.
      sleepGrace: settings.clock !== undefined || process.platform === 'linux',
      timePrecisionMs: 1,
    };
  }

  migrate(): Promise<MigrationReport> {
    return this.#change(() => this.#migrate());
  }

  transact<R>(scope: Scope, decide: (loaded: Loaded) => WriteSet<R>): Promise<R> {
    return this.#change(() => this.#group.transact(scope, decide));
  }

  watch(onChange: () => void): Promise<() => Promise<void>> {
    return this.#calls.run(async () => this.#watcher.add(onChange));
  }

  close(): Promise<void> {
    this.#closing ??= this.#letGo();
    return this.#closing;
  }

  async #letGo(): Promise<void> {
    await this.#calls.end();
    this.#watcher.close();
    this.#readers.close();
    await this.#group.finish();
    // The writer last: only it can copy the write-ahead log into the file when it closes.
    this.#file.closeAfter(() => {
      this.#group.close();
      this.#opened?.close();
    });
  }

  #change<R>(change: () => Promise<R>): Promise<R> {
    return this.#calls.run(() => {
      if (this.#settings.mode === 'read-only')
        throw new OrchestratorError('STORE_READ_ONLY', `${this.#settings.path} was opened for reading only.`);
      return change();
    });
  }

  async #migrate(): Promise<MigrationReport> {
    const { path, busyTimeoutMs, synchronous } = this.#settings;
    const db = (this.#opened ??= await retryWhileBusy(busyTimeoutMs, () => openWriter(path, synchronous), path));
    if (schemaVersionOf(db, path) === SCHEMA_VERSION) return { created: false, applied: [] };
    const migrations = knownMigrations();
    return retryWhileBusy(busyTimeoutMs, () => applyMigrations(db, path, migrations), path);
  }

  #connect(): Writer {
    const { path, synchronous, filling } = this.#settings;
    const db = this.#opened ?? openWriter(path, synchronous);
    this.#opened = db;
    assertCurrent(path, schemaVersionOf(db, path), SCHEMA_VERSION);
    const writer = new Writer(db, path, this.#clock, filling);
    this.#opened = null;
    return writer;
  }
}

function prepareFile(path: string, mode: Settings['mode']): void {
  if (isThere(path)) assertLocal(dirname(path));
  else if (mode === 'create') {
    // Those beside it may be there already.
    assertOwnFiles(path);
    createFile(path);
  } else throw new OrchestratorError('STORE_NOT_FOUND', `There is no store at ${path}.`);
}

function assertWritable(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    throw new OrchestratorError('STORE_READ_ONLY', `${path} or its folder cannot be written.`, { cause: error });
  }
}

/**
 * Opens the file as it will be used, so that errors appear now. A read-only storage opens it with the first read.
 */
function connect(path: string, mode: Settings['mode'], synchronous?: Synchronous): Connection | null {
  const db = mode === 'read-only' ? openReader(path) : openWriter(path, synchronous);
  try {
    const version = schemaVersionOf(db, path);
    if (mode === 'read-only' || (mode === 'existing' && version === 0)) assertCurrent(path, version, SCHEMA_VERSION);
    if (mode !== 'read-only') return db;
  } catch (error) {
    db.close();
    throw error;
  }
  db.close();
  return null;
}
