import { readFileSync } from 'node:fs';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { OrchestratorError } from '@agent-orchestrator/core';
import { isConnectionLost } from '../errors.ts';
import { serverName, type ServerAddress } from './server-address.ts';

/** "Do you speak TLS?", before anything else is said. */
const TLS_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const YES = 'S'.charCodeAt(0);
/** So long may a connection be idle before the system asks whether the other end is still there. */
const KEEP_ALIVE_MS = 10_000;

/**
 * Connects to the server, by TLS where the address asks for it.
 *
 * @param onSocket gets the socket at once, before it is connected; to destroy it ends the attempt
 * @throws what the system says; `STORE_TLS` if no secure connection can be made
 */
export async function openSocket(
  address: ServerAddress,
  timeoutMs: number,
  onSocket: (socket: Socket) => void,
): Promise<Socket> {
  const { host, port, socketFolder } = address;
  const socket = socketFolder === null ? connectPlain({ host, port }) : connectPlain(serverName(address));
  onSocket(socket);
  const timer = setTimeout(() => socket.destroy(timedOut(timeoutMs)), timeoutMs);
  try {
    await happened(socket, 'connect');
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return address.tls === 'off' ? socket : await secured(socket, address);
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function secured(socket: Socket, { host, tls, rootCertificate }: ServerAddress): Promise<Socket> {
  socket.write(TLS_REQUEST);
  const [answer] = await happened<Buffer>(socket, 'data');
  if (answer?.[0] !== YES) throw tlsRefused('The server does not offer TLS.');
  const secure = connectSecure({
    socket,
    rejectUnauthorized: tls === 'verified',
    ...(isIP(host) === 0 && { servername: host }),
    ...(isIP(host) !== 0 && { host }),
    ...(rootCertificate !== null && { ca: readCertificates(rootCertificate) }),
  });
  try {
    await happened(secure, 'secureConnect');
    return secure;
  } catch (error) {
    // The connection went meanwhile: that says nothing of certificates, and the next attempt may succeed.
    if (isConnectionLost(error)) throw error;
    throw tlsRefused(`The server's certificate was not accepted: ${(error as Error).message}.`, error);
  }
}

function readCertificates(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw tlsRefused(`The file of sslrootcert cannot be read: ${path}.`, error);
  }
}

/** Waits for an event of a socket, or for its end. */
function happened<Value>(socket: Socket, event: string): Promise<Value[]> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      socket.off(event, onEvent).off('error', onError).off('close', onClose);
      act();
    };
    const onEvent = (...values: Value[]) => settle(() => resolve(values));
    const onError = (error: Error) => settle(() => reject(error));
    const onClose = () => settle(() => reject(Object.assign(new Error('connection closed'), { code: 'ECONNRESET' })));
    socket.once(event, onEvent).once('error', onError).once('close', onClose);
  });
}

function timedOut(ms: number): Error {
  return Object.assign(new Error(`no answer within ${ms} ms`), { code: 'ETIMEDOUT' });
}

function tlsRefused(message: string, cause?: unknown): OrchestratorError {
  return new OrchestratorError('STORE_TLS', message, { cause });
}
