import { existsSync, realpathSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import {
  assertComplete,
  OrchestratorError,
  RunningCalls,
  type Capabilities,
  type Clock,
  type Loaded,
  type MigrationReport,
  type OpenStorageOptions,
  type Reader,
  type Scope,
  type Storage,
  type WriteSet,
} from '@agent-orchestrator/core';
import { assertCurrent, noStore, systemClock } from '@agent-orchestrator/storage-sql';
import { breaksConnection, retryWhileBusy, translateError, type Database } from './database.ts';
import { readerOn, type ReadSource } from './reader.ts';
import { SCHEMA_VERSION } from './schema.ts';
import { createFile, migrate, openForMigration, openStore, readStoreState } from './store-file.ts';
import { work, writing } from './unit-of-work.ts';

export interface NodeSqliteOptions extends Pick<OpenStorageOptions, 'mode' | 'filling' | 'busyTimeoutMs'> {
  readonly path: string;
  /** The clock; default: the clock of the machine. */
  readonly clock?: Clock;
}

const BUSY_TIMEOUT_MS = 30_000;
/** How often a watch looks for commits, of this process and of others: promised is a second. */
const LOOK_MS = 100;

/**
 * Opens a store in one file. Creates no tables: `migrate()` does. The store state is not looked at here but where it
 * counts: under the lock of each unit of work, and by each connection that reads.
 */
export async function openNodeSqliteStorage(options: NodeSqliteOptions): Promise<Storage> {
  const { path, mode = 'create', busyTimeoutMs = BUSY_TIMEOUT_MS } = options;
  try {
    if (mode === 'create') createFile(path);
    if (!existsSync(path)) throw noStore(path);
    // SQLite names the files beside the database after the path that it is given, so one file has one path.
    const settings = { ...options, path: realpathSync(path), mode, busyTimeoutMs };
    const db = await retryWhileBusy(performance.now() + busyTimeoutMs, () =>
      mode === 'create' ? openForMigration(settings.path) : openStore(settings.path, mode === 'read-only'),
    );
    return new NodeSqliteStorage(settings, db);
  } catch (error) {
    throw translateError(error);
  }
}

type Settings = NodeSqliteOptions & Required<Pick<NodeSqliteOptions, 'mode' | 'busyTimeoutMs'>>;

class NodeSqliteStorage implements Storage {
  readonly read: Reader;
  readonly capabilities: Capabilities;
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #calls = new RunningCalls(() => new OrchestratorError('STORE_CLOSED'));
  readonly #listeners = new Set<() => void>();
  #writer: Database | null = null;
  #reader: Database | null = null;
  /** The writes of this process run one after the other, in the order in which they came. */
  #lastWrite: Promise<unknown> = Promise.resolve();
  #looking: NodeJS.Timeout | null = null;
  #seen: unknown = null;
  #closing: Promise<void> | null = null;

  constructor(settings: Settings, opened: Database) {
    this.#settings = settings;
    this.#clock = settings.clock ?? systemClock;
    if (settings.mode === 'read-only') opened.close();
    else this.#writer = opened;
    this.read = this.#calls.reader(readerOn(this.#source, this.#clock));
    this.capabilities = {
      shared: false,
      multiProcess: true,
      durable: true,
      wakeUp: 'poll',
      // Only Linux has a steady clock that stops while the machine sleeps.
      sleepGrace: settings.clock !== undefined || process.platform === 'linux',
      timePrecisionMs: 1,
    };
  }

  migrate(): Promise<MigrationReport> {
    return this.#write((db) => {
      const created = migrate(db, this.#settings.path);
      return { created, applied: created ? ['0000_create_tables'] : [] };
    });
  }

  async transact<R>(scope: Scope, decide: (loaded: Loaded) => WriteSet<R>): Promise<R> {
    const { filling, path } = this.#settings;
    const answer = await this.#write((db) =>
      writing(db, () => {
        assertCurrent(path, Number(db.pragma('user_version')), SCHEMA_VERSION);
        return work(db, { clock: this.#clock, filling }, scope, decide);
      }),
    );
    return answer();
  }

  watch(onChange: () => void): Promise<() => Promise<void>> {
    return this.#calls.run(async () => {
      const listener = () => {
        if (this.#listeners.has(listener)) onChange();
      };
      if (this.#listeners.size === 0) {
        this.#seen = this.#dataVersion();
        this.#looking = setInterval(() => this.#look(), LOOK_MS);
      }
      this.#listeners.add(listener);
      return async () => {
        this.#listeners.delete(listener);
        if (this.#listeners.size === 0) this.#stopLooking();
      };
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#letGo();
    return this.#closing;
  }

  async #letGo(): Promise<void> {
    await this.#calls.end();
    this.#listeners.clear();
    this.#stopLooking();
    // The writer last: only it can copy the write-ahead log into the file when it closes.
    this.#reader?.close();
    this.#writer?.close();
  }

  #write<R>(use: (db: Database) => R): Promise<R> {
    const { mode, path, busyTimeoutMs } = this.#settings;
    return this.#calls.run(() => {
      if (mode === 'read-only') throw new OrchestratorError('STORE_READ_ONLY', `${path} was opened for reading only.`);
      const giveUpAt = performance.now() + busyTimeoutMs;
      const before = this.#lastWrite;
      const running = (async () => {
        await before;
        return retryWhileBusy(giveUpAt, () => this.#onWriter(use));
      })();
      this.#lastWrite = running.catch(() => {});
      return running;
    });
  }

  #onWriter<R>(use: (db: Database) => R): R {
    this.#writer ??= openForMigration(this.#settings.path);
    try {
      return use(this.#writer);
    } catch (error) {
      if (breaksConnection(error)) {
        this.#writer.close();
        this.#writer = null;
      }
      throw error;
    }
  }

  readonly #source: ReadSource = {
    read: (use) =>
      this.#reading(() => {
        try {
          return use(this.#openReader());
        } catch (error) {
          if (breaksConnection(error)) this.#dropReader();
          throw error;
        }
      }),
    snapshot: async (use) => {
      const db = await this.#reading(() => this.#opened());
      try {
        // BEGIN alone fixes nothing: the first read does.
        await this.#reading(() => {
          if (!db.isInTransaction) db.exec('BEGIN');
          readStoreState(db);
        });
        const inside: ReadSource = {
          read: (read) => this.#reading(() => read(db)),
          snapshot: (further) => further(inside),
        };
        return await use(inside);
      } finally {
        db.close();
      }
    },
  };

  /** Reads block the event loop, and promises alone never end its turn: between two of them, others have theirs. */
  async #reading<R>(attempt: () => R): Promise<R> {
    await setImmediate();
    return retryWhileBusy(performance.now() + this.#settings.busyTimeoutMs, attempt);
  }

  #openReader(): Database {
    this.#reader ??= this.#opened();
    return this.#reader;
  }

  #dropReader(): void {
    this.#reader?.close();
    this.#reader = null;
    // The next connection counts from another number.
    this.#seen = null;
  }

  #opened(): Database {
    const { path, filling } = this.#settings;
    const db = openStore(path, true);
    try {
      assertComplete(readStoreState(db), filling);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** SQLite's count of the commits that this connection did not make: of other processes, and of our writer. */
  #dataVersion(): unknown {
    return this.#openReader().pragma('data_version');
  }

  /** A file that cannot be read counts as changed: the next read of the caller throws the reason. */
  #look(): void {
    try {
      const version = this.#dataVersion();
      if (version === this.#seen) return;
      this.#seen = version;
    } catch {
      this.#dropReader();
    }
    for (const listener of this.#listeners) listener();
  }

  #stopLooking(): void {
    if (this.#looking !== null) clearInterval(this.#looking);
    this.#looking = null;
  }
}
