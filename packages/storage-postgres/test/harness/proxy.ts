import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** COMMIT as a simple query goes over the wire, and as the server says that it has committed: both end so. */
const COMMIT = Buffer.from('COMMIT\0');
/** How a transaction ends that had failed before its COMMIT. */
const ROLLBACK = Buffer.from('ROLLBACK\0');

/** How the message begins that names the process, and the secret by which it can be told to stop. */
const NAMES_PROCESS = Buffer.from([0x4b, 0, 0, 0, 12]);

function renameProcess(data: Buffer): void {
  const at = data.indexOf(NAMES_PROCESS);
  if (at !== -1) data.writeInt32BE(0x7fffffff, at + NAMES_PROCESS.length);
}

interface Target {
  readonly host: string;
  readonly port: number;
}

/** Stands between a storage and its server, and lets connections fail. */
export class Proxy {
  /** How many connections are yet to be cut after COMMIT, before its answer arrives. */
  cutsLeft = 0;
  /** How many were: the server had said that it has committed, and no client heard it. */
  cuts = 0;
  /**
   * The next connection over which this text goes falls silent once it was passed on: the server never hears the rest.
   */
  silenceAfter: string | null = null;
  /** Names another process of the server to each client, as a pooler does. */
  isPooler = false;
  /** How many connections were accepted, ever. */
  accepted = 0;
  /** How much later than it came everything is passed on, each way, in milliseconds. */
  delayMs = 0;
  readonly #server: Server;
  #target: Target;
  readonly #sockets = new Set<Socket>();
  readonly #clients = new Set<Socket>();
  readonly #silent = new Set<Socket>();
  #acceptsInSilence = false;

  private constructor(target: Target) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** @param host the address of this machine that it listens at */
  static async before(url: string, host = '127.0.0.1'): Promise<Proxy> {
    const proxy = new Proxy(targetOf(url));
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject).listen(0, host, resolve);
    });
    return proxy;
  }

  /** The same URL, by way of the proxy. */
  through(url: string): string {
    const changed = new URL(url);
    const { address, port } = this.#server.address() as AddressInfo;
    changed.hostname = address;
    changed.port = String(port);
    return changed.href;
  }

  /** New connections go to the server of this URL, as when a name or an address moves on. */
  redirect(url: string): void {
    this.#target = targetOf(url);
  }

  /** Nothing passes any more on the connections of now, which stay open: a cable that was pulled. */
  silence(): void {
    for (const socket of this.#sockets) this.#silent.add(socket);
  }

  /** The same, and on new connections nothing passes either: a server whose machine accepts, and that says nothing. */
  silenceForGood(): void {
    this.#acceptsInSilence = true;
    this.silence();
  }

  /** After the silence: new connections work again, and those of now end. */
  comeBack(): void {
    this.#acceptsInSilence = false;
    this.drop();
  }

  /** How many clients have a connection open. */
  get clients(): number {
    return this.#clients.size;
  }

  /** Ends the connections of now. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    this.accepted += 1;
    this.#clients.add(client);
    client.on('close', () => this.#clients.delete(client));
    const server = connect(this.#target);
    const toServer = this.#passOn(client, server);
    const toClient = this.#passOn(server, client);
    /** What the server has answered to a COMMIT whose answer is not to arrive. */
    let held: Buffer | null = null;
    if (this.#acceptsInSilence) this.#silent.add(client).add(server);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        // Over a cable that was pulled, neither end hears that the other is gone.
        if (this.#silent.delete(socket)) return;
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (data) => {
      if (this.cutsLeft > 0 && held === null && !this.#silent.has(client) && data.includes(COMMIT)) {
        this.cutsLeft -= 1;
        held = Buffer.alloc(0);
      }
      toServer(data);
      if (this.silenceAfter !== null && data.includes(this.silenceAfter)) {
        this.silenceAfter = null;
        this.#silent.add(client).add(server);
      }
    });
    server.on('data', (data) => {
      if (this.isPooler) renameProcess(data);
      if (held === null) {
        toClient(data);
        return;
      }
      held = Buffer.concat([held, data]);
      if (held.includes(COMMIT)) {
        this.cuts += 1;
        client.destroy();
      } else if (held.includes(ROLLBACK)) {
        // There was nothing to lose: another one has to be cut instead.
        this.cutsLeft += 1;
        toClient(held);
        held = null;
      }
    });
  }

  /** Passes on in order what comes from one socket to the other, for as long as it has not fallen silent. */
  #passOn(from: Socket, to: Socket): (data: Buffer) => void {
    const waiting: { readonly data: Buffer; readonly dueAt: number }[] = [];
    const write = (data: Buffer) => {
      if (!this.#silent.has(from)) to.write(data);
    };
    const writeLater = async () => {
      for (let [first] = waiting; first !== undefined; [first] = waiting) {
        await pause(Math.max(0, first.dueAt - performance.now()));
        write(first.data);
        waiting.shift();
      }
    };
    return (data) => {
      if (this.delayMs === 0 && waiting.length === 0) {
        write(data);
        return;
      }
      waiting.push({ data, dueAt: performance.now() + this.delayMs });
      if (waiting.length === 1) void writeLater();
    };
  }
}

function targetOf(url: string): Target {
  const { hostname: host, port } = new URL(url);
  return { host, port: Number(port) };
}
