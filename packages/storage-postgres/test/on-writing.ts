import { Socket } from 'node:net';

/**
 * Tells of all that goes to a server, when it has gone and no answer has come.
 *
 * @param listener told what it was, as far as its text tells, the same for the like
 */
export function onWriting(listener: (what: string) => void): void {
  // oxlint-disable-next-line typescript/unbound-method -- called on the socket it was taken from
  const { write } = Socket.prototype;
  Socket.prototype.write = function (this: Socket, ...args: Parameters<Socket['write']>) {
    const written = write.apply(this, args);
    // Not the pipes to a parent, which are sockets, too.
    if (this.remoteAddress !== undefined) listener(wordsOf(args[0]));
    return written;
  } as Socket['write'];
}

/** The first words of a statement; what is only sent again by its number has none. */
function wordsOf(sent: string | Uint8Array): string {
  return (
    /INSERT INTO [\w.]+|[A-Z]{4,}( [A-Z]+)?/.exec(Buffer.from(sent as Uint8Array).toString('latin1'))?.[0] ??
    'a message'
  );
}
