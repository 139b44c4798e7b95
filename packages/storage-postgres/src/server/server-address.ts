import { isIPv6 } from 'node:net';
import { OrchestratorError } from '@agent-orchestrator/core';
import { AUTH_METHODS, type AuthMethod } from './authentication.ts';

/** How sure the client is of whom it talks to. */
type TlsMode = 'off' | 'unchecked' | 'verified';

/** A store URL of ours, understood. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /** A folder with the server's socket, instead of host and port. */
  readonly socketFolder: string | null;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: TlsMode;
  /** How the server may ask for the password. */
  readonly authMethods: readonly AuthMethod[];
  /** The URL names these methods: as for libpq, a server that asks for nothing is refused, too. */
  readonly mustAsk: boolean;
  /** A file with the certificates of the authorities to trust, instead of the system's. */
  readonly rootCertificate: string | null;
  /**
   * Whether statements are prepared once for each connection. Behind a pooler that hands connections round, they cannot
   * be.
   */
  readonly prepare: boolean;
  readonly applicationName: string;
  /** The URL without its password, for people. */
  readonly shown: string;
}

const OPTIONS = ['sslmode', 'sslrootcert', 'require_auth', 'prepare', 'application_name'];
const TLS_MODES: Readonly<Record<string, TlsMode>> = {
  disable: 'off',
  require: 'unchecked',
  'verify-full': 'verified',
};

/**
 * Reads `postgres://user:password@host:port/database` with the options `sslmode`, `sslrootcert`, `require_auth`,
 * `prepare` and `application_name`.
 *
 * A connection to another machine uses TLS with a checked certificate, unless `sslmode` sets another mode.
 *
 * @throws `STORE_URL_INVALID`; the message never repeats the URL, which may hold a password
 */
export function parseServerUrl(text: string): ServerAddress {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null)
    throw invalid('The store URL is malformed. A password with / ? # @ or % in it must be percent-encoded.');
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:')
    throw invalid('The store URL does not begin with postgres://.');
  const option = (name: string): string | null => {
    const value = url.searchParams.get(name);
    return value === null ? null : withoutBreaks(value);
  };
  const named = [...url.searchParams.keys()];
  const unknown = named.filter((name) => !OPTIONS.includes(name));
  if (unknown.length > 0) throw invalid(`The store URL has an unknown option; the options are ${OPTIONS.join(', ')}.`);
  // The first one counts for some programs, the last one for others.
  if (new Set(named).size < named.length) throw invalid('The store URL has an option twice.');

  const host = decoded(url.hostname).replace(/^\[(.*)\]$/, '$1');
  const database = decoded(url.pathname.slice(1));
  const user = decoded(url.username);
  if (host === '')
    throw invalid(
      /^[a-z]+:\/\//i.test(text) ? 'The store URL names no host.' : 'The store URL lacks two slashes before the host.',
    );
  if (host.includes(',')) throw invalid('The store URL names several hosts; name only the primary server.');
  if (user === '') throw invalid('The store URL names no user.');
  if (url.hash !== '') throw invalid('The store URL has a part behind #. Write %23 for a # in a password.');
  if (database === '' || database.includes('/')) throw invalid('The store URL names no database.');
  const socketFolder = host.startsWith('/') ? host : null;
  assertNoSignIsCoded({ host, user, database }, url.password !== '');
  const port = url.port === '' ? 5432 : Number(url.port);
  return {
    host,
    port,
    socketFolder,
    user,
    password: decoded(url.password),
    database,
    tls: tlsMode(option('sslmode'), socketFolder !== null || isLoopback(host)),
    authMethods: authMethods(option('require_auth')),
    mustAsk: option('require_auth') !== null,
    rootCertificate: option('sslrootcert'),
    prepare: preparing(option('prepare')),
    applicationName: option('application_name') ?? 'agent-orchestrator',
    shown: `postgres://${encodeURIComponent(user)}@${url.host}${url.pathname}`,
  };
}

/** The server for people: host and port, or the file of its socket. */
export function serverName({ host, port, socketFolder }: ServerAddress): string {
  if (socketFolder !== null) return `${socketFolder}/.s.PGSQL.${port}`;
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Each also in its wide form, or the bytes of that. */
const COLON = /[:;\uFF1A\uFF1B]|\u00EF\u00BC[\u009A\u009B]/u;
const AT = /[@\uFF20]|\u00EF\u00BC\u00A0/u;
const OPTION = /[?&;=\uFF1F\uFF06\uFF1B\uFF1D]|\u00EF\u00BC[\u009F\u0086\u009B\u009D]/u;

/**
 * A sign of the URL that is coded, once or more often, is none: what should be the password would be a part of the
 * user, the host or the database, which are shown.
 */
function assertNoSignIsCoded(
  { host, user, database }: Pick<ServerAddress, 'host' | 'user' | 'database'>,
  hasPassword: boolean,
): void {
  if (COLON.test(uncoded(user)) && !hasPassword)
    throw invalid(
      'The user in the store URL has a colon or a semicolon. Write a plain : between the user and the password.',
    );
  const isName = !host.startsWith('/') && !isIPv6(host);
  if (isName && (AT.test(uncoded(host)) || COLON.test(uncoded(host))))
    throw invalid(
      'The host in the store URL has a colon, a semicolon or an @. ' +
        'Write a plain : before the password, and an @ after it.',
    );
  if (OPTION.test(uncoded(database)))
    throw invalid(
      'The database in the store URL has one of ? & ; = in it. ' +
        'Write a plain ? before the first option, and an & before each further one.',
    );
}

/** With each byte that is still coded as a sign of its own. */
function uncoded(text: string): string {
  let [coded, read] = ['', text];
  while (read !== coded) {
    coded = read;
    read = coded.replaceAll(/%([\da-f]{2})/giu, (_, byte: string) => String.fromCharCode(Number.parseInt(byte, 16)));
  }
  return read;
}

/** Whether packets to this host stay on this machine. */
function isLoopback(host: string): boolean {
  return host.toLowerCase() === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function tlsMode(asked: string | null, local: boolean): TlsMode {
  if (asked === null) return local ? 'off' : 'verified';
  const mode = TLS_MODES[asked];
  if (mode === undefined)
    throw invalid(`sslmode in the store URL must be one of ${Object.keys(TLS_MODES).join(', ')}.`);
  return mode;
}

function authMethods(asked: string | null): readonly AuthMethod[] {
  const methods = asked?.split(',') ?? ['scram-sha-256'];
  if (methods.every(isAuthMethod)) return methods;
  throw invalid(`require_auth in the store URL must be a list of ${AUTH_METHODS.join(', ')}.`);
}

function isAuthMethod(method: string): method is AuthMethod {
  return (AUTH_METHODS as readonly string[]).includes(method);
}

function preparing(asked: string | null): boolean {
  if (asked !== null && asked !== 'true' && asked !== 'false')
    throw invalid('prepare in the store URL must be true or false.');
  return asked !== 'false';
}

function decoded(text: string): string {
  let value: string;
  try {
    value = decodeURIComponent(text);
  } catch {
    throw invalid('The store URL has a % that encodes no character. Write %25 for a % in a password.');
  }
  return withoutBreaks(value);
}

/**
 * The start-up message is a list of texts that end with U+0000: one inside a text would begin another setting. A line
 * of a password file cannot hold a line break.
 */
function withoutBreaks(value: string): string {
  if (/[\0\r\n]/u.test(value)) throw invalid('The store URL contains U+0000 or a line break.');
  return value;
}

function invalid(message: string): OrchestratorError {
  return new OrchestratorError('STORE_URL_INVALID', message, {
    field: 'store',
    hint: 'Use postgres://user@host:5432/database, with :password behind the user if it needs one.',
  });
}
