import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const IPV4 = '127.0.0.1';
const IPV6 = '::1';
/** What the system says where there is no IPv6 at all. */
const WITHOUT_IPV6 = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];
/** A port that is free at one address may be taken at the other. */
const TRIES_MAX = 20;

/**
 * One port at both addresses of this machine. A browser asks for a name below `localhost` at either, so a program of
 * another user that had the port at one of them would get links, cookies and data.
 */
export class Loopback implements Disposable {
  readonly port: number;
  readonly #servers: readonly Server[];

  private constructor(port: number, servers: readonly Server[]) {
    this.port = port;
    this.#servers = servers;
  }

  /**
   * @param port 0: any that is free at both
   * @throws `EADDRINUSE` if another program has the port at either address
   */
  static async listen(port: number, answer: RequestListener): Promise<Loopback> {
    for (let left = TRIES_MAX; ; left -= 1)
      try {
        const servers = await listenAtBoth(port, answer);
        return new Loopback(portOf(servers[0]), servers);
      } catch (error) {
        if (port !== 0 || left === 0 || codeOf(error) !== 'EADDRINUSE') throw error;
      }
  }

  /** From now on, requests are answered by another function. */
  answerWith(answer: RequestListener): void {
    for (const server of this.#servers) server.removeAllListeners('request').on('request', answer);
  }

  [Symbol.dispose](): void {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}

async function listenAtBoth(port: number, answer: RequestListener): Promise<readonly [Server, ...Server[]]> {
  const first = await listenAt(IPV4, port, answer);
  try {
    return [first, await listenAt(IPV6, portOf(first), answer)];
  } catch (error) {
    if (WITHOUT_IPV6.includes(codeOf(error))) return [first];
    first.close();
    throw error;
  }
}

async function listenAt(host: string, port: number, answer: RequestListener): Promise<Server> {
  const server = createServer(answer);
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
