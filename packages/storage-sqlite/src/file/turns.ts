import { setImmediate } from 'node:timers';

/** A caller that reads on and on lets others run this often. */
const TURN_MS = 10;

/**
 * Reads of a file block the event loop, and promises alone never end its turn. So a long series of reads, such as
 * `verify` makes, would keep heartbeats, signals and other callers waiting until its end. This measures how long the
 * current turn has lasted.
 */
export class Turns {
  /** When the first read of this turn began; null: none has. */
  #since: number | null = null;

  /** @returns whether the reads of this turn have lasted long enough */
  get isOver(): boolean {
    if (this.#since !== null) return performance.now() - this.#since >= TURN_MS;
    this.#since = performance.now();
    setImmediate(() => (this.#since = null));
    return false;
  }

  /** Waits until all others that wait for the event loop have run. */
  async next(): Promise<void> {
    while (this.isOver) await new Promise((resume) => setImmediate(resume));
  }
}
