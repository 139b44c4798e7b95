import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** What went over all connections since it was counted last. */
export interface Traffic {
  /** Connections that were opened. */
  readonly connections: number;
  /** How often a client spoke when nothing that it had sent before was unanswered: round trips. */
  readonly flushes: number;
  /** What the server says that it has done, statement by statement: `BEGIN`, `SELECT 1`. */
  readonly statements: readonly string[];
}

/**
 * So long everything is on its way: a client that awaits no answer has said all that it has to say before one comes.
 */
const ON_THE_WAY_MS = 25;
/** Type and length of a message. */
const HEAD_BYTES = 5;
/** Messages of a client that ask for an answer by themselves, or end a series of messages that does. */
const ASKS = ['Q', 'S'];
const ENDS = 'X';
const READY = 'Z';
const DONE = 'C';

/** Stands between a storage and its server, and counts what they say to each other once a connection is open. */
export class Wire {
  readonly #server: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  #connections = 0;
  #flushes = 0;
  #statements: string[] = [];

  private constructor(url: string) {
    const { hostname: host, port } = new URL(url);
    this.#target = { host, port: Number(port) };
    this.#server = createServer((client) => this.#accept(client));
  }

  static async before(url: string): Promise<Wire> {
    const wire = new Wire(url);
    await new Promise<void>((resolve) => wire.#server.listen(0, '127.0.0.1', resolve));
    return wire;
  }

  /** The same URL, by way of the wire. */
  through(url: string): string {
    const changed = new URL(url);
    changed.hostname = '127.0.0.1';
    changed.port = String((this.#server.address() as AddressInfo).port);
    return changed.href;
  }

  /** What went over it since the last time. */
  count(): Traffic {
    const traffic = { connections: this.#connections, flushes: this.#flushes, statements: this.#statements };
    this.#connections = 0;
    this.#flushes = 0;
    this.#statements = [];
    return traffic;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    const server = connect(this.#target);
    this.#connections += 1;
    let isOpen = false;
    let unanswered = 0;
    let isInSeries = false;
    const fromClient = new Messages((type) => {
      if (!isOpen || type === ENDS) return;
      if (unanswered === 0 && !isInSeries) this.#flushes += 1;
      isInSeries = !ASKS.includes(type);
      if (!isInSeries) unanswered += 1;
    }, 'begins without a type');
    const fromServer = new Messages((type, body) => {
      if (type === DONE) this.#statements.push(body.toString('utf8', 0, body.length - 1));
      if (type !== READY) return;
      if (isOpen) unanswered -= 1;
      isOpen = true;
    });
    passOn(client, server, (data) => fromClient.add(data));
    passOn(server, client, (data) => fromServer.add(data));
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    }
  }
}

/** Acts after a while, and after all that was to be done before. */
async function after(last: Promise<void>, act: () => void): Promise<void> {
  const waited = pause(ON_THE_WAY_MS);
  await last;
  await waited;
  act();
}

/** Passes on what comes, in order, after a while. */
function passOn(from: Socket, to: Socket, see: (data: Buffer) => void): void {
  let last = Promise.resolve();
  const later = (act: () => void) => {
    last = after(last, act);
  };
  from.on('data', (data) => {
    see(data);
    later(() => to.write(data));
  });
  from.on('close', () => later(() => to.destroy()));
}

/** The messages of one side. */
class Messages {
  readonly #each: (type: string, body: Buffer) => void;
  #unread: Buffer = Buffer.alloc(0);
  /** The first message of a client has no type. */
  #hasType: boolean;

  constructor(each: (type: string, body: Buffer) => void, first?: 'begins without a type') {
    this.#each = each;
    this.#hasType = first === undefined;
  }

  add(data: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, data]);
    for (;;) {
      const typeBytes = this.#hasType ? 1 : 0;
      if (this.#unread.length < HEAD_BYTES) return;
      const end = typeBytes + this.#unread.readInt32BE(typeBytes);
      if (this.#unread.length < end) return;
      const message = this.#unread.subarray(0, end);
      this.#unread = this.#unread.subarray(end);
      if (this.#hasType) this.#each(message.toString('latin1', 0, 1), message.subarray(HEAD_BYTES));
      this.#hasType = true;
    }
  }
}
