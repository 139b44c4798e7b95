import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';

/*
 * A command that waits for something to print learns by its next write that nothing reads it any more, and that may be
 * hours later. The system knows it at once, and Node has no call that asks for it without a write. So:
 *
 * - A pipe is opened a second time, through the descriptor's name. This end cannot be read. A handle that waits for
 *   something to read on it hears one thing only: the error when the last reader is gone. Only a handle for TCP accepts
 *   such a descriptor. If the pipe belongs to another user, it cannot be opened; then the next write tells.
 * - A socket cannot be opened again. But a stream socket refuses even an empty write once the system knows that the
 *   other end is gone, and its reader notices no empty write. Of a socket of the machine itself, as a program of Node
 *   gives to another that it starts, the system knows it at once. Of one of the network, it knows it when the other
 *   machine answers the first line that comes too late. That the other end sends no more is no sign: it may still read.
 *
 * - A terminal that was closed refuses an empty write, too. It sends a hang-up only to the programs that it controls:
 *   not to one in a session of its own, as an editor or a multiplexer starts it.
 *
 * A socket of packets stays untouched, and the next write tells: an empty write would send an empty packet, which its
 * reader takes for the end. Files have no reader that can go.
 */

const STDOUT = 1;
const LOOK_MS = 250;

/** Calls `onGone` when nothing can read standard output any more. It does not keep the process alive. */
export function watchReader(onGone: () => void): void {
  try {
    const output = fstatSync(STDOUT);
    if (output.isFIFO()) watchPipe(onGone);
    else if (isatty(STDOUT) || (output.isSocket() && isStream())) watchByWrites(onGone);
  } catch {
    // The next write tells.
  }
}

function watchPipe(onGone: () => void): void {
  const name = process.platform === 'linux' ? '/proc/self/fd/1' : '/dev/fd/1';
  const descriptor = secondEnd(name);
  if (descriptor === null) return void setImmediate(onGone);
  const handle = handleFor(descriptor);
  if (handle === null) return closeSync(descriptor);
  const options: object = { handle, readable: true, writable: false };
  const end = new Socket(options);
  end.on('error', () => end.destroy());
  end.once('close', onGone);
  end.resume();
  end.unref();
}

/** Null: a named pipe has no reader. */
function secondEnd(name: string): number | null {
  try {
    return openSync(name, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') return null;
    throw error;
  }
}

interface Handle {
  open(descriptor: number): number;
}

/** Null: this version of Node has no such handle. The socket that has one never connects. */
function handleFor(descriptor: number): Handle | null {
  const socket = new Socket();
  socket.on('error', () => {});
  socket.connect({ host: '127.0.0.1', port: 9 });
  // oxlint-disable-next-line eslint/no-underscore-dangle -- Node's own name; without it, the next write tells.
  const ofTcp = (socket as { readonly _handle?: Handle })._handle;
  socket.destroy();
  if (ofTcp === undefined) return null;
  const handle = new (ofTcp.constructor as new (type: number) => Handle)(0);
  return handle.open(descriptor) === 0 ? handle : null;
}

/** Node has a socket for streams alone. */
function isStream(): boolean {
  const stdout: unknown = process.stdout;
  return stdout instanceof Socket;
}

function watchByWrites(onGone: () => void): void {
  const timer = setInterval(() => {
    try {
      writeSync(STDOUT, '');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return;
      clearInterval(timer);
      onGone();
    }
  }, LOOK_MS);
  timer.unref();
}
