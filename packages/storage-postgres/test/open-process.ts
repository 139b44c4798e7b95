import { Socket } from 'node:net';
import type { OpenProcess } from '@agent-orchestrator/storage-conformance/processes';
import { openPostgresStorage } from '../src/index.ts';

/** Two silences in a row last as long as a storage tries by default, and a crash may follow. */
const RETRY_MS = 60_000;

/** How the processes of a run open the store: as any program does, with the server's clock. The address is its URL. */
export const open: OpenProcess['open'] = (address) => openPostgresStorage({ url: address, retryMs: RETRY_MS });

/** Of each transaction, when its rows and its COMMIT have gone to the server, and no answer has come. */
export const onCommitting: OpenProcess['onCommitting'] = (listener) => {
  // oxlint-disable-next-line typescript/unbound-method -- called on the socket it was taken from
  const { write } = Socket.prototype;
  Socket.prototype.write = function (this: Socket, ...args: Parameters<Socket['write']>) {
    const written = write.apply(this, args);
    if (Buffer.from(args[0]).includes('COMMIT\0')) listener();
    return written;
  } as Socket['write'];
};
