import type { ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { startProgram } from '../system/start-program.ts';

/** How long the end of the probe may be on its way. */
const SEEN_WITHIN_MS = 1_000;
/** It waits for the end of its input, which comes with the end of this process, and leaves no dump of its memory. */
const PROBE = ['-c', 'ulimit -c 0; exec cat'];

/**
 * Tells a key of the terminal (Ctrl-C) from the same signal that a program sent to this process alone. The terminal
 * sends its key to all of the group in the foreground. So it also reaches a small process of ours there, which ends.
 */
export class KeyProbe implements Disposable {
  #probe = start();

  /** Calls `act` if the signal that just came was no key. Where there can be no probe, it counts as one. */
  async ifNoKey(act: () => void): Promise<void> {
    const asked = this.#probe;
    const wasKey = await Promise.race([asked.ended, pause(SEEN_WITHIN_MS, false, { ref: false })]);
    if (!wasKey) act();
    // For the next key.
    else if (asked === this.#probe && asked.hasStarted()) this.#probe = start();
  }

  [Symbol.dispose](): void {
    this.#probe.child.stdin?.destroy();
  }
}

interface Probe {
  readonly child: ChildProcess;
  readonly hasStarted: () => boolean;
  readonly ended: Promise<true>;
}

function start(): Probe {
  const { PATH } = process.env;
  // It has no use for anything else, which other programs could read there.
  const child = startProgram('/bin/sh', PROBE, { env: { PATH }, stdio: ['pipe', 'ignore', 'ignore'] });
  const { promise, resolve } = Promise.withResolvers<true>();
  child.on('exit', () => resolve(true));
  child.on('error', () => resolve(true));
  child.stdin?.on('error', () => {});
  child.unref();
  return { child, hasStarted: () => child.pid !== undefined, ended: promise };
}
