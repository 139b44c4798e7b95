import type { Socket } from 'node:net';
import { OrchestratorError } from '@agent-orchestrator/core';

/**
 * How a server may have the client prove that it knows the password. By `scram-sha-256`, the server learns no password
 * that it does not know. By the others, a program that answers in its place learns the `password` itself, or an `md5`
 * hash of it, from which the password can be guessed. The names are those of libpq's `require_auth`.
 */
export const AUTH_METHODS = ['scram-sha-256', 'md5', 'password'] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];

/** The server's requests by their numbers in the protocol, and by which method each asks for the password. */
const ASKED: ReadonlyMap<number, AuthMethod> = new Map([
  [3, 'password'],
  [5, 'md5'],
  [10, 'scram-sha-256'],
]);
const LET_IN = 0;
/** Of SCRAM: how often the password is hashed, among others; and the server's own proof that it knows the password. */
const CHALLENGE = 11;
const PROOF = 12;

/** RFC 7677 asks for at least so many. Fewer make the password easy to guess from the client's proof. */
const ITERATIONS_MIN = 4_096;
/** More would keep this process busy for seconds. */
const ITERATIONS_MAX = 1_000_000;

const AUTHENTICATION = 'R'.charCodeAt(0);
/** A message begins with its type and its length, a request then with its number. */
const TYPE_BYTES = 1;
const HEAD_BYTES = 5;
const NUMBER_BYTES = 4;
/** Far more than a server says before it lets a client in. */
const BYTES_MAX = 65_536;

export interface AuthenticationRules {
  readonly allowed: readonly AuthMethod[];
  /** Whether a server that asks for nothing is refused. */
  readonly mustAsk: boolean;
  /** Called when the server asks by a method that is allowed, before the driver answers. May throw. */
  readonly onAsked: () => void;
  /** Called when the server has let the client in. The password is not needed any more, and must not be told later. */
  readonly onLetIn: () => void;
}

/**
 * Stands between the server and the driver until the server lets the client in. What is not allowed ends the connection
 * before the driver hears of it, so nothing more is sent. To be called before the driver listens.
 */
export function guardAuthentication(socket: Socket, rules: AuthenticationRules): void {
  const handshake = new Handshake(rules);
  const listen = socket.on.bind(socket);
  let driver: ((chunk: Buffer) => void) | null = null;
  let unread: Buffer = Buffer.alloc(0);

  const read = (chunk: Buffer) => {
    try {
      unread = Buffer.concat([unread, chunk]);
      for (let message = firstOf(unread); message !== null && !handshake.isOver; message = firstOf(unread)) {
        unread = unread.subarray(message.length);
        if (message[0] === AUTHENTICATION) handshake.judge(message.subarray(HEAD_BYTES));
      }
      if (!handshake.isOver && unread.length > BYTES_MAX) throw unreadable();
    } catch (error) {
      socket.off('data', read).destroy(error as Error);
      return;
    }
    driver?.(chunk);
    if (!handshake.isOver) return;
    socket.on = listen;
    socket.off('data', read);
    if (driver !== null) socket.on('data', driver);
  };
  socket.on('data', read);
  const send = socket.write.bind(socket) as (...said: unknown[]) => boolean;
  socket.write = (chunk: Uint8Array, ...more: unknown[]) => {
    if (!handshake.isOver) handshake.hear(chunk);
    return send(chunk, ...more);
  };
  // Of two listeners, the second would hear what the first one refuses: so there is one.
  socket.on = ((event: string, listener: (chunk: Buffer) => void) => {
    if (event !== 'data') return listen(event, listener);
    driver = listener;
    return socket;
  }) as typeof socket.on;
}

/** The first message, once it is whole. */
function firstOf(bytes: Buffer): Buffer | null {
  if (bytes.length < HEAD_BYTES) return null;
  const length = TYPE_BYTES + bytes.readUInt32BE(TYPE_BYTES);
  if (length < HEAD_BYTES) throw unreadable();
  return bytes.length < length ? null : bytes.subarray(0, length);
}

class Handshake {
  readonly #rules: AuthenticationRules;
  #method: AuthMethod | null = null;
  #isProven = false;
  /** What this client chose by chance, until the server has answered with it. */
  #nonce: string | null = null;
  isOver = false;

  constructor(rules: AuthenticationRules) {
    this.#rules = rules;
  }

  /** @param message of the client, whole */
  hear(message: Uint8Array): void {
    this.#nonce = CLIENT_FIRST.exec(Buffer.from(message).toString('latin1'))?.[1] ?? this.#nonce;
  }

  /** @param body a request, without its head */
  judge(body: Buffer): void {
    if (body.length < NUMBER_BYTES) throw unreadable();
    const request = body.readUInt32BE(0);
    const method = ASKED.get(request);
    if (method !== undefined) this.#begin(method);
    else if (request === CHALLENGE) this.#challenge(body.toString('latin1', NUMBER_BYTES));
    else if (request === PROOF) this.#isProven = true;
    else if (request === LET_IN) this.#end();
    else throw refused('The server asks for a proof of identity by a method that is not supported.');
  }

  #begin(method: AuthMethod): void {
    if (this.#method !== null) throw refused('The server asks for the password twice.');
    if (!this.#rules.allowed.includes(method)) throw notAllowed(method);
    this.#method = method;
    this.#rules.onAsked();
  }

  /** The client's nonce makes each exchange a new one. The driver would do without it. */
  #challenge(challenge: string): void {
    const [, nonce = '', iterations] = CHALLENGED.exec(challenge) ?? [];
    assertIterations(Number(iterations));
    const own = this.#nonce;
    // The next challenge would have to continue another one.
    this.#nonce = null;
    if (own === null || !nonce.startsWith(own) || nonce.length === own.length)
      throw refused("The server does not continue this client's nonce, as scram-sha-256 demands. No proof was sent.");
  }

  #end(): void {
    if (this.#method === null && this.#rules.mustAsk)
      throw refused('The server lets every client in, although require_auth in the store URL demands a proof.');
    // The driver would also do without.
    if (this.#method === 'scram-sha-256' && !this.#isProven)
      throw refused('The server has not proven that it knows the password, as scram-sha-256 demands.');
    this.isOver = true;
    this.#rules.onLetIn();
  }
}

/**
 * A challenge as PostgreSQL sends it (RFC 5802, `server-first-message`): a nonce, a salt, and how often to hash. It has
 * to have this form as a whole: the driver takes the last of several values, and it looks at the first letter alone.
 */
const CHALLENGED = /^r=([^,]+),s=[^,]+,i=(\d{1,10})$/u;
/** The message of the client that asks for a challenge (`client-first-message`), with its head. */
const CLIENT_FIRST = /^p[^]{4}SCRAM-SHA-256\0[^]{4}n,,n=[^,]*,r=([^,]+)$/u;

function assertIterations(iterations: number): void {
  if (iterations >= ITERATIONS_MIN && iterations <= ITERATIONS_MAX) return;
  throw refused(
    `The server does not hash the password from ${ITERATIONS_MIN} to ${ITERATIONS_MAX} times, as scram-sha-256 should.`,
  );
}

/** What the server asks for by each method. */
const PROOF_OF: Readonly<Record<AuthMethod, string>> = {
  'scram-sha-256': 'scram-sha-256',
  md5: 'an MD5 hash of the password',
  password: 'the password itself',
};

function notAllowed(method: AuthMethod): OrchestratorError {
  return new OrchestratorError('STORE_AUTHENTICATION', `The server asks for ${PROOF_OF[method]}. It was not sent.`, {
    hint:
      "Let the server use scram-sha-256, and set the login's password again. " +
      `If you trust the server and the network, add ?require_auth=${method} to the store URL.`,
  });
}

function refused(message: string): OrchestratorError {
  return new OrchestratorError('STORE_AUTHENTICATION', message, {
    hint: 'Check the address in the store URL, and which program listens there.',
  });
}

function unreadable(): OrchestratorError {
  return refused('What answers at this address does not speak the protocol of PostgreSQL.');
}
