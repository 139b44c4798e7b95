import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** COMMIT as a simple query, as it goes over the wire. */
const COMMIT = Buffer.from('COMMIT\0');

/** Stands between a storage and its server, and lets connections fail. */
export class Proxy {
  /** How many connections are yet to be cut after COMMIT, before its answer arrives. */
  cutsLeft = 0;
  /** How many were. */
  cuts = 0;
  readonly #server: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  readonly #silent = new Set<Socket>();

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async before(url: string): Promise<Proxy> {
    const { hostname: host, port } = new URL(url);
    const proxy = new Proxy({ host, port: Number(port) });
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** The same URL, by way of the proxy. */
  through(url: string): string {
    const changed = new URL(url);
    changed.hostname = '127.0.0.1';
    changed.port = String((this.#server.address() as AddressInfo).port);
    return changed.href;
  }

  /** Nothing passes any more on the connections of now, which stay open: a cable that was pulled. */
  silence(): void {
    for (const socket of this.#sockets) this.#silent.add(socket);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    const server = connect(this.#target);
    let cutting = false;
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (data) => {
      if (this.#silent.has(client)) return;
      if (this.cutsLeft > 0 && data.includes(COMMIT)) {
        this.cutsLeft -= 1;
        cutting = true;
      }
      server.write(data);
    });
    server.on('data', (data) => {
      if (this.#silent.has(server)) return;
      if (!cutting) {
        client.write(data);
        return;
      }
      this.cuts += 1;
      client.destroy();
    });
  }
}
