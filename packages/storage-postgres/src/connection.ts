import { clearTimeout, setTimeout } from 'node:timers';
import type { Socket } from 'node:net';
import postgres from 'postgres';
import { guardAuthentication } from './server/authentication.ts';
import { arrayText, isList, type Value } from './server/values.ts';
import { connectionLost, firstCause } from './errors.ts';
import { passwordOf } from './server/password-file.ts';
import type { ServerAddress } from './server/server-address.ts';
import { openSocket } from './server/socket.ts';

/** A statement with its parameters. Without parameters it may hold several statements, and is sent as it is. */
export interface Query {
  readonly text: string;
  readonly values: readonly Value[];
}

/**
 * The rows of one answer, each an array in the order of its columns; `command` is what the server says it did, `state`
 * which process of the server it named when the connection was opened.
 */
export type Answer = readonly (readonly unknown[])[] & {
  readonly command: string;
  readonly state: { readonly pid: number };
};

const WORKING: Query = { text: 'SELECT pg_catalog.pg_backend_pid()', values: [] };
const CONNECT_TIMEOUT_MS = 10_000;
/** Never reached: the driver sends one by one what goes beyond it. */
const PIPELINE_MAX = 100_000;

/**
 * One connection, used until it breaks and never opened again: the driver would send what is left of a broken
 * transaction on a new connection, outside of any. So each connection is a client of its own whose socket is made once.
 */
export class Connection {
  /** As servers number themselves; 0 until it was asked. */
  serverVersion = 0;
  readonly #sql: postgres.Sql<{ bigint: number }>;
  readonly #prepare: boolean;
  #socket: Socket | null = null;
  #broken = false;
  #destroyed = false;

  constructor(address: ServerAddress, onNotify?: () => void) {
    let opened = false;
    let password = '';
    this.#prepare = address.prepare;
    const options: postgres.Options<{ bigint: postgres.PostgresType<number> }> & Further = {
      host: address.host,
      port: address.port,
      user: address.user,
      pass: () => password,
      database: address.database,
      max: 1,
      max_pipeline: PIPELINE_MAX,
      prepare: address.prepare,
      fetch_types: false,
      no_subscribe: true,
      max_lifetime: null,
      connect_timeout: CONNECT_TIMEOUT_MS / 1_000,
      ssl: false,
      connection: { application_name: address.applicationName },
      types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
      onnotice: () => {},
      onclose: () => this.destroy(),
      onnotify: () => onNotify?.(),
      socket: async () => {
        if (opened) throw connectionLost();
        opened = true;
        const socket = await openSocket(address, CONNECT_TIMEOUT_MS, (opening) => {
          this.#socket = opening;
          if (this.#destroyed) opening.destroy();
        });
        this.#socket = socket;
        if (this.#destroyed) {
          socket.destroy();
          throw connectionLost();
        }
        guardAuthentication(socket, {
          allowed: address.authMethods,
          onAsked: () => void (password = passwordOf(address)),
          onLetIn: () => void (password = ''),
        });
        return socket;
      },
    };
    this.#sql = postgres(options as postgres.Options<{ bigint: postgres.PostgresType<number> }>);
  }

  /** Whether it can be used again. */
  get usable(): boolean {
    return !this.#broken;
  }

  /**
   * Sends all statements at once and waits for all answers.
   *
   * @throws the first statement's error that is not a mere consequence of an earlier one; the connection is broken if
   * they did not all answer in time
   */
  async flush(queries: readonly Query[], timeoutMs: number): Promise<readonly Answer[]> {
    if (this.#broken) throw connectionLost();
    const timer = setTimeout(() => this.destroy(), timeoutMs);
    this.#holdBack();
    const answers = await Promise.allSettled(queries.map((query) => this.#send(query)));
    clearTimeout(timer);
    const failed = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
    if (failed.length > 0) throw firstCause(failed);
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  }

  /**
   * Whether the server process that works for this connection is the one that was named when it was opened. A pooler
   * names another one, and may let another work each time.
   */
  async isDirect(timeoutMs: number): Promise<boolean> {
    const [answer] = await this.flush([WORKING], timeoutMs);
    return answer?.[0]?.[0] === answer?.state.pid;
  }

  /** Ends it at once; running statements fail. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#broken = true;
    this.#socket?.destroy();
    // Rejects whatever the driver still keeps back.
    void this.#sql.end({ timeout: 0 });
  }

  /** Closes it in an orderly way. The statement of a hint may be running: it gets a second, and fails after that. */
  async close(): Promise<void> {
    this.#broken = true;
    await this.#sql.end({ timeout: 1 });
  }

  /**
   * The driver writes a kilobyte at a time, and what is left in the next turn: so that all goes out together, in one
   * system call.
   */
  #holdBack(): void {
    const socket = this.#socket;
    if (socket === null) return;
    socket.cork();
    // Runs after the driver's own, which it asks for before this turn ends; hence the second turn.
    setImmediate(() => setImmediate(() => socket.uncork()));
  }

  #send({ text, values }: Query): Promise<Answer> {
    const prepare = this.#prepare && values.length > 0;
    const parameters = values.map((value) => (isList(value) ? arrayText(value) : value));
    return this.#sql.unsafe(text, parameters, { prepare }).values().execute();
  }
}

/** Options of the driver that its types do not declare. */
interface Further {
  readonly pass: () => string;
  readonly no_subscribe: boolean;
  readonly max_pipeline: number;
  readonly onnotify: () => void;
  readonly socket: () => Promise<Socket>;
}
