import { OrchestratorError } from '@agent-orchestrator/core';
import { Connection } from './connection.ts';
import { query } from './statement-batch.ts';
import type { ServerAddress } from './server-address.ts';
import { TIMEOUTS } from './statements.ts';

/** Oldest supported version, as servers number themselves. */
const OLDEST_VERSION = 140_000;

/** A few connections, opened when they are first needed and used by one at a time. */
export class ConnectionPool {
  readonly #address: ServerAddress;
  /** How many can be in use at once. */
  readonly max: number;
  readonly #idle: Connection[] = [];
  readonly #waiting: ((connection: Connection | null) => void)[] = [];
  /** Those that are open or being opened. */
  #count = 0;
  #closed = false;

  constructor(address: ServerAddress, max: number) {
    this.#address = address;
    this.max = max;
  }

  /** Runs `use` on a connection of its own. One that breaks meanwhile is not used again. */
  async use<R>(use: (connection: Connection) => Promise<R>): Promise<R> {
    const connection = await this.#take();
    try {
      return await use(connection);
    } finally {
      this.#giveBack(connection);
    }
  }

  /** Closes what is not in use. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const resolve of this.#waiting.splice(0)) resolve(null);
    await Promise.all(this.#idle.splice(0).map((connection) => connection.close()));
  }

  async #take(): Promise<Connection> {
    if (this.#closed) throw new OrchestratorError('STORE_CLOSED');
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.usable) return idle;
      this.#count -= 1;
    }
    if (this.#count >= this.max) {
      const passed = await new Promise<Connection | null>((resolve) => this.#waiting.push(resolve));
      return passed ?? this.#take();
    }
    this.#count += 1;
    try {
      return await openConnection(this.#address);
    } catch (error) {
      this.#count -= 1;
      this.#waiting.shift()?.(null);
      throw error;
    }
  }

  #giveBack(connection: Connection): void {
    if (connection.usable && !this.#closed) {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(connection);
      else next(connection);
      return;
    }
    this.#count -= 1;
    if (connection.usable) void connection.close();
    this.#waiting.shift()?.(null);
  }
}

/** A connection to a server that can be used: new enough, and not a standby. */
export async function openConnection(address: ServerAddress, onNotify?: () => void): Promise<Connection> {
  const connection = new Connection(address, onNotify);
  try {
    const [answer] = await connection.flush([query(SERVER)], TIMEOUTS.answer_ms);
    const [version, versionText, isStandby] = (answer?.[0] ?? []) as [version: number, text: string, standby: boolean];
    if (version < OLDEST_VERSION)
      throw new OrchestratorError(
        'STORE_SERVER_TOO_OLD',
        `The server has version ${versionText}; ${OLDEST_VERSION / 10_000} or later is needed.`,
      );
    if (isStandby) throw new OrchestratorError('STORE_STANDBY');
    connection.serverVersion = version;
    return connection;
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

const SERVER = `SELECT current_setting('server_version_num')::int, current_setting('server_version'),
  pg_is_in_recovery()`;
