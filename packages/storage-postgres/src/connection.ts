import { clearTimeout, setTimeout } from 'node:timers';
import type { Socket } from 'node:net';
import postgres from 'postgres';
import { guardAuthentication } from './server/authentication.ts';
import { arrayText, isList, type Value } from './server/values.ts';
import { connectionLost, firstCause, ofServer } from './errors.ts';
import { passwordOf } from './server/password-file.ts';
import { serverName, type ServerAddress } from './server/server-address.ts';
import { openSocket } from './server/socket.ts';

/**
 * A statement with its parameters. Without parameters it may hold several statements, and is sent as it is. A single
 * one that is repeated is prepared even so.
 */
export interface Query {
  readonly text: string;
  readonly values: readonly Value[];
  /** The text once more, of one that is repeated. The driver keeps something for each template for good. */
  readonly template?: TemplateStringsArray;
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
type Types = { bigint: number };

/**
 * One connection, used until it breaks and never opened again: the driver would send what is left of a broken
 * transaction on a new connection, outside of any. So each connection is a client of its own whose socket is made once.
 */
export class Connection {
  /** As servers number themselves; 0 until it was asked. */
  serverVersion = 0;
  readonly #sql: postgres.Sql<Types>;
  readonly #prepare: boolean;
  /** For errors. */
  readonly #server: string;
  /** On a connection that is reserved, the driver sends each statement without awaiting the one before. */
  #reserving: Promise<postgres.ReservedSql<Types>> | null = null;
  #reserved: postgres.ReservedSql<Types> | null = null;
  #isOpen = false;
  /** Of a connection that listens. */
  #unlisten: (() => Promise<void>) | null = null;
  /** How what is under way is refused when the connection ends: what the driver keeps back then is never answered. */
  readonly #underWay = new Set<(error: Error) => void>();
  #socket: Socket | null = null;
  #broken = false;
  #destroyed = false;

  constructor(address: ServerAddress) {
    let opened = false;
    let password = '';
    this.#prepare = address.prepare;
    this.#server = serverName(address);
    const options: postgres.Options<{ bigint: postgres.PostgresType<number> }> & CustomSocket = {
      host: address.host,
      port: address.port,
      user: address.user,
      password: () => password,
      database: address.database,
      max: 1,
      prepare: address.prepare,
      fetch_types: false,
      max_lifetime: null,
      connect_timeout: CONNECT_TIMEOUT_MS / 1_000,
      ssl: false,
      connection: { application_name: address.applicationName },
      types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
      onnotice: () => {},
      socket: async () => {
        if (opened) throw connectionLost();
        opened = true;
        const socket = await openSocket(address, CONNECT_TIMEOUT_MS, (opening) => {
          this.#socket = opening;
          if (this.#destroyed) opening.destroy();
        });
        this.#socket = socket;
        socket.once('close', () => this.destroy());
        if (this.#destroyed) {
          socket.destroy();
          throw connectionLost();
        }
        guardAuthentication(socket, {
          allowed: address.authMethods,
          mustAsk: address.mustAsk,
          onAsked: () => void (password = passwordOf(address)),
          onLetIn: () => void (password = ''),
        });
        return socket;
      },
    };
    this.#sql = withoutVariables(() => postgres(options));
  }

  /** Whether it can be used again. */
  get usable(): boolean {
    return !this.#broken;
  }

  /**
   * Sends all statements without awaiting any of them, and waits for all answers.
   *
   * @throws the first statement's error that is not a mere consequence of an earlier one; the connection is broken if
   * they did not all answer in time
   */
  async flush(queries: readonly Query[], timeoutMs: number): Promise<readonly Answer[]> {
    return this.#within(timeoutMs, async () => {
      // The driver never hands over a connection that is opened only to be reserved: the first statements open it.
      if (this.#isOpen) {
        this.#reserving ??= this.#sql.reserve();
        this.#reserved = await this.#untilEnd(this.#reserving);
      }
      const sql = this.#reserved ?? this.#sql;
      const failed: unknown[] = [];
      const note = (error: unknown): undefined => void failed.push(error);
      const sent = Promise.all(queries.map((query) => this.#send(sql, query).catch(note)));
      const answers = await this.#untilEnd(sent).catch(note);
      this.#isOpen = true;
      if (failed.length > 0) throw firstCause(failed);
      return answers as readonly Answer[];
    });
  }

  /**
   * Is told what others tell on a channel. Called again, it asks whether the connection still hears: a half-open one
   * cannot answer.
   */
  async listen(channel: string, onNotify: () => void, timeoutMs: number): Promise<void> {
    await this.#within(timeoutMs, async () => {
      if (this.#unlisten !== null) await this.#untilEnd(this.#unlisten());
      const listening = await this.#untilEnd(this.#sql.listen(channel, onNotify));
      this.#unlisten = () => listening.unlisten();
    });
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
    void this.#sql.end({ timeout: 0 });
    for (const refuse of this.#underWay) refuse(connectionLost());
  }

  /** Closes it in an orderly way. The statement of a hint may be running: it gets a second, and fails after that. */
  async close(): Promise<void> {
    this.#broken = true;
    // The driver keeps one that is reserved.
    this.#reserved?.release();
    await this.#sql.end({ timeout: 1 });
  }

  /**
   * What is under way, or the error that the connection ended meanwhile. Not by `Promise.race` with one promise for the
   * end: that would keep every answer until the connection ends.
   */
  #untilEnd<R>(answer: Promise<R>): Promise<R> {
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    if (this.#destroyed) reject(connectionLost());
    this.#underWay.add(reject);
    answer.then(resolve, reject).finally(() => this.#underWay.delete(reject));
    return promise;
  }

  /** Gives up on the connection if something takes longer. */
  async #within<R>(timeoutMs: number, act: () => Promise<R>): Promise<R> {
    const timer = setTimeout(() => this.destroy(), timeoutMs);
    try {
      if (this.#broken) throw connectionLost();
      return await act();
    } catch (error) {
      throw ofServer(error, this.#server);
    } finally {
      clearTimeout(timer);
    }
  }

  #send(sql: postgres.Sql<Types>, { text, values, template }: Query): Promise<Answer> {
    // A template without parameters is prepared and run in one message.
    if (template !== undefined && this.#prepare) return sql(template).values().execute();
    const prepare = this.#prepare && values.length > 0;
    const parameters = values.map((value) => (isList(value) ? arrayText(value) : value));
    return sql.unsafe(text, parameters, { prepare }).values().execute();
  }
}

/** An option that the driver documents, and does not declare: how it gets its socket. */
interface CustomSocket {
  readonly socket: () => Promise<Socket>;
}

/**
 * While it makes a client, the driver takes each option that it is not given from the environment: which servers are
 * wanted (`PGTARGETSESSIONATTRS`), how many statements may be under way (`PGMAX_PIPELINE`), and more. None counts.
 */
function withoutVariables<Made>(make: () => Made): Made {
  const { env } = process;
  process.env = {};
  try {
    return make();
  } finally {
    process.env = env;
  }
}
