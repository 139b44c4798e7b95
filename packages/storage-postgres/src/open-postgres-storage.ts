import {
  assertComplete,
  assertOpenForWork,
  OrchestratorError,
  type Capabilities,
  type Clock,
  type WriteSet,
  type Loaded,
  type MigrationReport,
  type Reader,
  type Scope,
  type Storage,
} from '@agent-orchestrator/core';
import { isConnectionLost, translateError } from './errors.ts';
import { settledEventId } from './followers.ts';
import { Group } from './group.ts';
import type { Answer, Query } from './connection.ts';
import { ConnectionPool, openConnection } from './connection-pool.ts';
import { applyMigrations, readMigrations, schemaVersionOf } from './migrate.ts';
import { PostgresReader, type ReadSource } from './reader.ts';
import { assertCurrent, newer, SCHEMA_VERSION } from './schema-version.ts';
import { query } from './statement-batch.ts';
import { parseServerUrl, type ServerAddress } from './server-address.ts';
import { readStoreState } from './store-state.ts';
import { SQL } from './statements.ts';
import { ChangeWatcher } from './watch.ts';

export interface PostgresStorageOptions {
  /**
   * `postgres://user:password@host:5432/database`, with `sslmode`, `sslrootcert`, `prepare` and `application_name` as
   * options.
   */
  readonly url: string;
  /**
   * `create` (default): the schema is made by `migrate()` if there is none. `existing`: refuses a database without one.
   * `read-only`: the same, and never writes; `transact` and `migrate` throw `STORE_READ_ONLY`.
   */
  readonly mode?: 'create' | 'existing' | 'read-only';
  /** The clock; default: the clock of the server. Tests set their own. */
  readonly clock?: Clock;
  /** The id of the move or restore that fills the store. Until it is done, all other processes are refused. */
  readonly filling?: string;
  /** How long a command is tried again when the server is away or busy, in milliseconds. */
  readonly retryMs?: number;
}

const RETRY_MS = 30_000;
/** Two groups, so that one can be decided while the other waits for the disk. */
const GROUP_CONNECTIONS = 2;
const WAITING_CONNECTIONS = 4;
const READING_CONNECTIONS = 4;
/** A read may be of 500 large events. */
const READ_MS = 60_000;

/**
 * Opens a store in a database that several machines share. Creates no tables: `migrate()` does. Until then every other
 * call throws `STORE_NOT_FOUND` (or `STORE_OLDER`, if an older version made them).
 *
 * @throws `STORE_URL_INVALID`, `STORE_UNREACHABLE`, `STORE_LOGIN_REFUSED`, `STORE_DATABASE_MISSING`, `STORE_TLS`,
 * `STORE_SERVER_TOO_OLD`, `STORE_STANDBY`, `STORE_PERMISSION`, `STORE_NEWER`, `STORE_MOVED`, `STORE_INCOMPLETE`; the
 * password is in none of them
 */
export async function openPostgresStorage(options: PostgresStorageOptions): Promise<Storage> {
  const storage = new PostgresStorage(parseServerUrl(options.url), options);
  try {
    await storage.assertUsable();
    return storage;
  } catch (error) {
    await storage.close();
    throw translateError(error);
  }
}

class PostgresStorage implements Storage {
  readonly capabilities: Capabilities = {
    shared: true,
    multiProcess: true,
    durable: true,
    wakeUp: 'push',
    // The clock of the server continued while a client slept, and so did the other machines.
    sleepGrace: false,
    timePrecisionMs: 1,
  };
  readonly read: Reader;
  readonly #mode: NonNullable<PostgresStorageOptions['mode']>;
  readonly #filling: string | undefined;
  readonly #connections: ConnectionPool;
  readonly #waitingConnections: ConnectionPool;
  readonly #readingConnections: ConnectionPool;
  readonly #group: Group;
  readonly #watcher: ChangeWatcher;
  #closed: Promise<void> | null = null;

  constructor(
    address: ServerAddress,
    { mode = 'create', clock: ownClock, filling, retryMs = RETRY_MS }: PostgresStorageOptions,
  ) {
    const clock = ownClock ?? null;
    this.#mode = mode;
    this.#filling = filling;
    this.#connections = new ConnectionPool(address, GROUP_CONNECTIONS);
    this.#waitingConnections = new ConnectionPool(address, WAITING_CONNECTIONS);
    this.#readingConnections = new ConnectionPool(address, READING_CONNECTIONS);
    this.#watcher = new ChangeWatcher({
      read: (queries, timeoutMs) => this.#flush(queries, timeoutMs),
      connect: (onNotify) => openConnection(address, onNotify),
    });
    this.#group = new Group({
      connections: this.#connections,
      waitingConnections: this.#waitingConnections,
      clock,
      filling,
      retryMs,
      onChange: () => this.#watcher.announce(),
    });
    this.read = new PostgresReader(this.#source(), clock);
  }

  /** Connects, so that errors appear now. */
  async assertUsable(): Promise<void> {
    const version = await this.#connections.use(schemaVersionOf);
    if (version > SCHEMA_VERSION) throw newer(version);
    if (this.#mode !== 'create') assertCurrent(version);
    if (version < SCHEMA_VERSION) return;
    const state = await this.#connections.use(readStoreState);
    if (this.#mode === 'read-only') assertComplete(state, this.#filling);
    else assertOpenForWork(state, this.#filling);
  }

  async migrate(): Promise<MigrationReport> {
    this.#assertWriting();
    try {
      return await this.#waitingConnections.use(async (connection) => {
        if ((await schemaVersionOf(connection)) === SCHEMA_VERSION) return { created: false, applied: [] };
        return applyMigrations(connection, await readMigrations());
      });
    } catch (error) {
      throw translateError(error);
    }
  }

  async transact<R>(scope: Scope, decide: (loaded: Loaded) => WriteSet<R>): Promise<R> {
    this.#assertWriting();
    return this.#group.transact(scope, decide);
  }

  async watch(onChange: () => void): Promise<() => Promise<void>> {
    this.#assertOpen();
    return this.#watcher.add(onChange);
  }

  close(): Promise<void> {
    this.#closed ??= this.#letGo();
    return this.#closed;
  }

  async #letGo(): Promise<void> {
    await this.#group.settled();
    await this.#watcher.close();
    await Promise.all([this.#connections.close(), this.#waitingConnections.close(), this.#readingConnections.close()]);
  }

  #source(): ReadSource {
    return {
      read: async (one) => {
        this.#assertOpen();
        const [answer] = await this.#flush([one]);
        return answer as Answer;
      },
      snapshot: async (use) => {
        this.#assertOpen();
        return this.#snapshot(use);
      },
      settledEventId: async () => {
        this.#assertOpen();
        return settledEventId((queries) => this.#flush(queries));
      },
    };
  }

  /** A read whose connection was lost is repeated on a new connection: it changes nothing. */
  async #flush(queries: readonly Query[], timeoutMs = READ_MS): Promise<readonly Answer[]> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.#readingConnections.use((connection) => connection.flush(queries, timeoutMs));
      } catch (error) {
        if (!isConnectionLost(error) || tries > READING_CONNECTIONS || this.#closed !== null)
          throw translateError(error);
      }
    }
  }

  async #snapshot<R>(use: (source: ReadSource) => Promise<R>): Promise<R> {
    // Before the snapshot is taken, so that all it tells can be seen in it.
    const settled = await settledEventId((queries) => this.#flush(queries));
    return this.#readingConnections.use(async (connection) => {
      const flush = async (queries: readonly Query[]): Promise<readonly Answer[]> => {
        try {
          return await connection.flush(queries, READ_MS);
        } catch (error) {
          throw translateError(error);
        }
      };
      await flush([query(SQL.beginSnapshot)]);
      const source: ReadSource = {
        read: async (one) => (await flush([one]))[0] as Answer,
        // All that is read in a snapshot sees the same state already.
        snapshot: (useInside) => useInside(source),
        settledEventId: async () => settled,
      };
      try {
        return await use(source);
      } finally {
        if (connection.usable) await flush([query('ROLLBACK')]);
      }
    });
  }

  #assertOpen(): void {
    if (this.#closed !== null) throw new OrchestratorError('STORE_CLOSED');
  }

  #assertWriting(): void {
    this.#assertOpen();
    if (this.#mode === 'read-only')
      throw new OrchestratorError('STORE_READ_ONLY', 'The store was opened for reading only.');
  }
}
