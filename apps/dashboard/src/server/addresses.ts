import type { IncomingMessage } from 'node:http';

/** Under which addresses the pages are served. */
export interface Addresses {
  /** The host of the pages: `orch-….localhost:PORT`. */
  readonly host: string;
  /** What a `Host` header may say. */
  readonly hosts: ReadonlySet<string>;
  /** What an `Origin` header may say. */
  readonly origins: ReadonlySet<string>;
  /** The address behind a proxy; null: there is none. */
  readonly publicUrl: URL | null;
}

/**
 * The pages have a host name of their own. Cookies ignore ports: a browser would send a cookie of `127.0.0.1` to every
 * other server on this machine, but it sends that of a name below `localhost` to this name alone.
 */
export function addressesOf(name: string, port: number, publicUrl: URL | null): Addresses {
  const host = `${name}.localhost:${port}`;
  const hosts = [host, `127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
  const origins = hosts.map((one) => `http://${one}`);
  return {
    host,
    hosts: new Set(publicUrl === null ? hosts : [...hosts, publicUrl.host]),
    origins: new Set(publicUrl === null ? origins : [...origins, publicUrl.origin]),
    publicUrl,
  };
}

/** Why an address cannot be the public one; null: it can. Links are made of it, and the path of the cookie. */
export function problemOfPublicUrl({ protocol, pathname, search, hash, username, password }: URL): string | null {
  if (protocol !== 'http:' && protocol !== 'https:') return 'It is an http or https address.';
  if (search !== '' || hash !== '') return 'It has no part after ? or #.';
  if (username !== '' || password !== '') return 'It has no user name and no password.';
  return pathname.includes(';') ? 'Its path has no semicolon.' : null;
}

/** One header, or an empty text. */
export function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}
