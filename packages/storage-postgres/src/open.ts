import { setTimeout as pause } from 'node:timers/promises';
import {
  assertComplete,
  assertOpenForWork,
  decodeStoreState,
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
import { assertCurrent, assertNotNewer } from '@agent-orchestrator/storage-sql';
import { isConnectionLost, translateError } from './errors.ts';
import { settledEventId } from './read/followers.ts';
import { Group } from './group.ts';
import { Connection, type Answer, type Query } from './connection.ts';
import { ConnectionPool } from './server/connection-pool.ts';
import { firstLook, lookAt, type Look } from './schema/catalogue.ts';
import { applyMigrations } from './schema/migrate.ts';
import { PostgresReader, type ReadSource } from './read/reader.ts';
import { DATABASE, knownMigrations, SCHEMA_VERSION } from './migrations.ts';
import { query } from './server/statement-batch.ts';
import { parseServerUrl, type ServerAddress } from './server/server-address.ts';
import { BEGIN, reading, TIMEOUTS } from './server/transactions.ts';
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
  /**
   * How many transactions for groups of commands are under way at once. Default: 2, so that one can be decided while
   * the other waits for the disk. With 1, units of work take effect in the order in which they came.
   */
  readonly groupsMax?: number;
  /** How long a command is tried again when the server is away or busy, in milliseconds. */
  readonly retryMs?: number;
  /** How long `close()` waits for the reads of a server that does not answer, in milliseconds. Default: 75 seconds. */
  readonly closeMs?: number;
  /** See `OpenStorageOptions`. */
  readonly forOneCommand?: boolean;
}

const RETRY_MS = 30_000;
const NOTHING_APPLIED: MigrationReport = { created: false, applied: [] };
const GROUPS_MAX = 2;
const WAITING_CONNECTIONS = 4;
const READING_CONNECTIONS = 4;
/** A timer that is longer would be over at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;
/** The server gives up on a read before this client does. */
const READ_MS = TIMEOUTS.read_ms + TIMEOUTS.answer_ms;

/**
 * Opens a store in a database that several machines share. Creates no tables: `migrate()` does. Until then every other
 * call throws `STORE_NOT_FOUND` (or `STORE_OLDER`, if an older version made them).
 *
 * @throws `STORE_URL_INVALID`, `STORE_UNREACHABLE`, `STORE_LOGIN_REFUSED`, `STORE_DATABASE_MISSING`, `STORE_TLS`,
 * `STORE_SERVER_TOO_OLD`, `STORE_STANDBY`, `STORE_ENCODING`, `STORE_PERMISSION`, `STORE_NEWER`, `STORE_MOVED`,
 * `STORE_INCOMPLETE`; the password is in none of them
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
  /** `transact` and `migrate`: closing waits for them as long as they take. */
  readonly #changes = new RunningCalls(closed);
  /** All others: closing waits for them for `closeMs`. */
  readonly #reads = new RunningCalls(closed);
  readonly #retryMs: number;
  readonly #closeMs: number;
  /** A store never goes back to an earlier version. */
  #isMigrated = false;
  readonly #forOneCommand: boolean;
  /** For the first that asks, if the storage was opened for one command. */
  #settledAtOpening: number | null = null;
  #closing: Promise<void> | null = null;
  /** The connections are closed. */
  #isClosed = false;

  constructor(
    address: ServerAddress,
    {
      mode = 'create',
      clock: ownClock,
      filling,
      groupsMax = GROUPS_MAX,
      retryMs = RETRY_MS,
      closeMs = READ_MS,
      ...others
    }: PostgresStorageOptions,
  ) {
    const clock = ownClock ?? null;
    this.#forOneCommand = others.forOneCommand ?? false;
    this.#mode = mode;
    this.#filling = filling;
    this.#connections = new ConnectionPool(address, groupsMax);
    this.#waitingConnections = new ConnectionPool(address, WAITING_CONNECTIONS, this.#connections);
    this.#readingConnections = new ConnectionPool(address, READING_CONNECTIONS, this.#connections);
    this.#retryMs = retryMs;
    this.#closeMs = Math.min(closeMs, TIMER_MAX_MS);
    this.#watcher = new ChangeWatcher({
      read: (queries, timeoutMs) => this.#flush(queries, timeoutMs),
      tell: async (one) => {
        // The next use of the connection need not wait for the answer: it is a message by itself. Giving up on the
        // answer ends the connection, so a hint waits as long for it as work does, which may be under way behind it.
        const sent = await this.#readingConnections.use(async (connection) => ({
          answer: connection.flush([one], TIMEOUTS.answer_ms),
        }));
        await sent.answer;
      },
      isDirect: (timeoutMs) => this.#readingConnections.use((connection) => connection.isDirect(timeoutMs)),
      newConnection: () => new Connection(address),
    });
    this.#group = new Group({
      connections: this.#connections,
      waitingConnections: this.#waitingConnections,
      clock,
      filling,
      retryMs,
      onChange: (change) => this.#watcher.announce(change === 'more'),
    });
    this.read = this.#reads.reader(new PostgresReader(this.#source(), clock));
  }

  /** Connects, so that errors appear now. */
  async assertUsable(): Promise<void> {
    let found: Look | undefined;
    const {
      version,
      state: text,
      settled,
    } = await this.#connections.use(
      async (connection) => found ?? lookAt(connection, SCHEMA_VERSION),
      async (connection) => {
        found = await firstLook(connection, SCHEMA_VERSION);
      },
    );
    assertNotNewer(DATABASE, version, SCHEMA_VERSION);
    if (this.#mode !== 'create') assertCurrent(DATABASE, version, SCHEMA_VERSION);
    if (version < SCHEMA_VERSION) return;
    this.#isMigrated = true;
    if (this.#forOneCommand) this.#settledAtOpening = settled;
    const state = decodeStoreState(text);
    if (this.#mode === 'read-only') assertComplete(state, this.#filling);
    else assertOpenForWork(state, this.#filling);
  }

  migrate(): Promise<MigrationReport> {
    return this.#change(() => this.#migrate());
  }

  transact<R>(scope: Scope, decide: (loaded: Loaded) => WriteSet<R>): Promise<R> {
    return this.#change(() => this.#group.transact(scope, decide));
  }

  watch(onChange: () => void): Promise<() => Promise<void>> {
    return this.#reads.run(() => this.#watcher.add(onChange));
  }

  close(): Promise<void> {
    this.#closing ??= this.#letGo();
    return this.#closing;
  }

  async #letGo(): Promise<void> {
    await Promise.all([this.#changes.end(), this.#readsEnded()]);
    await this.#watcher.close();
    this.#isClosed = true;
    await Promise.all([this.#connections.close(), this.#waitingConnections.close(), this.#readingConnections.close()]);
  }

  /** Those that wait for a silent server end one after another: closing does not wait for all of them. */
  async #readsEnded(): Promise<void> {
    const limit = new AbortController();
    const tooLate = pause(this.#closeMs, undefined, { ref: false, signal: limit.signal }).catch(() => {});
    await Promise.race([this.#reads.end(), tooLate]);
    limit.abort();
  }

  #change<R>(change: () => Promise<R>): Promise<R> {
    return this.#changes.run(async () => {
      if (this.#mode === 'read-only')
        throw new OrchestratorError('STORE_READ_ONLY', 'The store was opened for reading only.');
      return change();
    });
  }

  async #migrate(): Promise<MigrationReport> {
    if (this.#isMigrated) return NOTHING_APPLIED;
    try {
      const report = await this.#waitingConnections.use(async (connection) => {
        if ((await lookAt(connection, SCHEMA_VERSION)).version === SCHEMA_VERSION) return NOTHING_APPLIED;
        return applyMigrations(connection, knownMigrations());
      });
      this.#isMigrated = true;
      return report;
    } catch (error) {
      throw translateError(error);
    }
  }

  #source(): ReadSource {
    return {
      read: async (one) => (await this.#flush([one]))[0] as Answer,
      snapshot: (use) => this.#snapshot(use),
      settledEventId: () => this.#settledEventId(),
    };
  }

  /** A read whose connection was lost is repeated on a new connection: it changes nothing. */
  async #flush(queries: readonly Query[], timeoutMs = READ_MS): Promise<readonly Answer[]> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.#readingConnections.use((connection) => reading(connection, queries, timeoutMs));
      } catch (error) {
        if (!isConnectionLost(error) || tries > READING_CONNECTIONS) throw this.#translated(error);
      }
    }
  }

  async #settledEventId(): Promise<number> {
    const settled = this.#settledAtOpening;
    this.#settledAtOpening = null;
    return settled ?? settledEventId((queries) => this.#flush(queries), this.#retryMs);
  }

  async #snapshot<R>(use: (source: ReadSource) => Promise<R>): Promise<R> {
    // Before the snapshot is taken, so that all it tells can be seen in it.
    const settled = await this.#settledEventId();
    return this.#readingConnections.use(async (connection) => {
      const flush = async (queries: readonly Query[]): Promise<readonly Answer[]> => {
        try {
          return await connection.flush(queries, READ_MS);
        } catch (error) {
          throw this.#translated(error);
        }
      };
      await flush([query(BEGIN.snapshot)]);
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

  /** A read that closing has not waited for loses its connection. */
  #translated(error: unknown): unknown {
    return this.#isClosed && isConnectionLost(error) ? closed() : translateError(error);
  }
}

function closed(): Error {
  return new OrchestratorError('STORE_CLOSED');
}
