import type { Socket } from 'node:net';
import { OrchestratorError } from '@agent-orchestrator/core';

/**
 * How a server may ask for the password. `scram-sha-256` proves it without telling it. The others tell it to the
 * program that answers at the address, or let it be guessed: `password` is the password itself, `md5` a hash of it. The
 * names are those of libpq's `require_auth`.
 */
export const AUTH_METHODS = ['scram-sha-256', 'md5', 'password'] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];

/** The server's requests that the driver answers with the password, by their numbers in the protocol. */
const ASKED: ReadonlyMap<number, AuthMethod> = new Map([
  [3, 'password'],
  [5, 'md5'],
  [10, 'scram-sha-256'],
]);
/** By SCRAM the server proves at last that it knows the password, too. The driver would also do without. */
const PROOF = 12;
const LET_IN = 0;

const AUTHENTICATION = 'R'.charCodeAt(0);
/** The type, the length, and the number of a request. */
const HEAD_BYTES = 9;

export interface AuthenticationRules {
  readonly allowed: readonly AuthMethod[];
  /** Called when the server asks by a method that is allowed, before the driver answers. May throw. */
  readonly onAsked: () => void;
}

/**
 * Reads along what the server asks for, until it lets the client in. What is not allowed ends the connection before the
 * driver has read it, so nothing more is sent. To be called before the driver listens.
 */
export function guardAuthentication(socket: Socket, { allowed, onAsked }: AuthenticationRules): void {
  let unread: Buffer = Buffer.alloc(0);
  let asked: AuthMethod | null = null;
  let isProven = false;

  const judge = (request: number) => {
    const method = ASKED.get(request) ?? null;
    if (method !== null) {
      if (!allowed.includes(method)) throw refused(method);
      onAsked();
      asked = method;
    }
    isProven ||= request === PROOF;
    if (request === LET_IN && asked === 'scram-sha-256' && !isProven) throw unproven();
  };
  const read = (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk]);
    while (unread.length >= HEAD_BYTES) {
      const request = unread[0] === AUTHENTICATION ? unread.readUInt32BE(HEAD_BYTES - 4) : null;
      const length = 1 + unread.readUInt32BE(1);
      if (unread.length < length) return;
      try {
        if (request !== null) judge(request);
      } catch (error) {
        socket.off('data', read).destroy(error as Error);
        return;
      }
      if (request === LET_IN) return void socket.off('data', read);
      unread = unread.subarray(length);
    }
  };
  socket.on('data', read);
}

function refused(method: AuthMethod): OrchestratorError {
  const what = method === 'password' ? 'the password itself' : 'an MD5 hash of the password';
  return new OrchestratorError('STORE_AUTHENTICATION', `The server asks for ${what}, which was not sent.`, {
    hint:
      "Let the server ask by scram-sha-256, and set the login's password again. " +
      `If you trust the server and the network, add ?require_auth=${method} to the store URL.`,
  });
}

function unproven(): OrchestratorError {
  return new OrchestratorError(
    'STORE_AUTHENTICATION',
    'The server has not proven that it knows the password, as scram-sha-256 demands. Another program may answer there.',
    { hint: 'Check the address in the store URL, and what listens there.' },
  );
}
