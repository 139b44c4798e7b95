import { OrchestratorError } from '@agent-orchestrator/core';
import { Connection } from '../connection.ts';
import { query } from './statement-batch.ts';
import type { ServerAddress } from './server-address.ts';
import { TIMEOUTS } from './transactions.ts';

/** Oldest supported version, as servers number themselves. */
const OLDEST_VERSION = 140_000;

/**
 * Connections, opened when they are first needed and used by one at a time. Several pools of one storage share those
 * that are not in use, and each limits only how many it uses at once: so a program that sends one command needs one
 * connection.
 */
export class ConnectionPool {
  readonly #address: ServerAddress;
  /** How many can be in use at once. */
  readonly max: number;
  readonly #idle: Connection[];
  readonly #waiting: ((connection: Connection | null) => void)[] = [];
  /** Those that are in use or being opened. */
  readonly #busy = new Set<Connection>();
  /** How many they are, with those that are between one use and the next. */
  #count = 0;
  #closed = false;

  constructor(address: ServerAddress, max: number, sharing?: ConnectionPool) {
    this.#address = address;
    this.max = max;
    this.#idle = sharing === undefined ? [] : sharing.#idle;
  }

  /**
   * Runs `use` on a connection of its own. One that breaks meanwhile is not used again.
   *
   * @param first what a new connection begins with
   */
  async use<R>(
    use: (connection: Connection) => Promise<R>,
    first?: (connection: Connection) => Promise<void>,
  ): Promise<R> {
    const connection = await this.#take(first);
    this.#busy.add(connection);
    try {
      // It was handed over while the pool was being closed, which did not see it.
      this.#assertOpen();
      return await use(connection);
    } finally {
      this.#busy.delete(connection);
      this.#giveBack(connection);
    }
  }

  /**
   * Refuses what waits for a connection, and ends at once what uses one: it is called when all has ended, or when it
   * has lasted too long. Idle connections are closed in an orderly way.
   */
  async close(): Promise<void> {
    this.#closed = true;
    for (const wake of this.#waiting.splice(0)) wake(null);
    for (const connection of this.#busy) connection.destroy();
    await Promise.all(this.#idle.splice(0).map((connection) => connection.close()));
  }

  async #take(first?: (connection: Connection) => Promise<void>): Promise<Connection> {
    this.#assertOpen();
    if (this.#count >= this.max) {
      const passed = await new Promise<Connection | null>((resolve) => this.#waiting.push(resolve));
      return passed ?? this.#take(first);
    }
    this.#count += 1;
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) if (idle.usable) return idle;
    const connection = new Connection(this.#address);
    this.#busy.add(connection);
    try {
      return await begun(connection, first);
    } catch (error) {
      this.#busy.delete(connection);
      this.#count -= 1;
      this.#waiting.shift()?.(null);
      throw error;
    }
  }

  #giveBack(connection: Connection): void {
    const next = connection.usable ? this.#waiting.shift() : undefined;
    if (next !== undefined) return next(connection);
    this.#count -= 1;
    if (!connection.usable) this.#waiting.shift()?.(null);
    else if (this.#closed) void connection.close();
    else this.#idle.push(connection);
  }

  #assertOpen(): void {
    if (this.#closed) throw new OrchestratorError('STORE_CLOSED');
  }
}

/** @param first what the connection begins with: that the server is new enough and no standby, unless told */
async function begun(
  connection: Connection,
  first: (connection: Connection) => Promise<void> = greet,
): Promise<Connection> {
  try {
    await first(connection);
    return connection;
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

/** What a server says of itself. Before any setting is made: each name says where it is to be found. */
export const SERVER = [
  `pg_catalog.current_setting('server_version_num')::int`,
  `pg_catalog.current_setting('server_version')`,
  `pg_catalog.pg_is_in_recovery()`,
  `pg_catalog.current_setting('server_encoding')`,
];

/** Opens a connection by asking the server what it is. */
export async function greet(connection: Connection): Promise<void> {
  const [answer] = await connection.flush([query(`SELECT ${SERVER.join(', ')}`)], TIMEOUTS.answer_ms);
  assertServer(connection, answer?.[0]);
}

/** @throws `STORE_SERVER_TOO_OLD`, `STORE_STANDBY`, `STORE_ENCODING` */
export function assertServer(connection: Connection, row: readonly unknown[] = []): void {
  const [version, versionText, isStandby, encoding] = row as [number, string, boolean, string];
  if (version < OLDEST_VERSION)
    throw new OrchestratorError(
      'STORE_SERVER_TOO_OLD',
      `The server has version ${versionText}; ${OLDEST_VERSION / 10_000} or later is needed.`,
    );
  if (isStandby) throw new OrchestratorError('STORE_STANDBY');
  // In another encoding some characters cannot be stored, and text is not ordered by code point.
  if (encoding !== 'UTF8')
    throw new OrchestratorError('STORE_ENCODING', `The database has the encoding ${encoding}; UTF8 is needed.`);
  connection.serverVersion = version;
}
