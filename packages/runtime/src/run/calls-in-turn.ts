import type { RunOptions } from './run-options.ts';
import { within } from './within.ts';

type Calls = RunOptions['orchestrator'];

/** What a holder sends waits no longer than this for a look, and no longer than this part of the TTL. */
const TURN_MS = 1_000;
const TURN_SHARE = 1 / 16;

/**
 * The calls of a run. A look at its task and what the holder sends are not under way at once: so a run, of which there
 * may be hundreds, needs one connection of the store. A look that gets no answer delays the holder by little, and once.
 */
export class CallsInTurn implements Calls {
  readonly #calls: Calls;
  readonly #turnMs: number;
  readonly #sent = new Set<Promise<unknown>>();
  #look: Promise<unknown> | null = null;

  constructor(calls: Calls, ttlMs: number) {
    this.#calls = calls;
    this.#turnMs = Math.min(TURN_MS, ttlMs * TURN_SHARE);
  }

  heartbeat(call: Parameters<Calls['heartbeat']>[0]) {
    return this.#send(() => this.#calls.heartbeat(call));
  }

  checkpoint(call: Parameters<Calls['checkpoint']>[0]) {
    return this.#send(() => this.#calls.checkpoint(call));
  }

  releaseTask(call: Parameters<Calls['releaseTask']>[0]) {
    return this.#send(() => this.#calls.releaseTask(call));
  }

  async getTask(...asked: Parameters<Calls['getTask']>) {
    while (this.#sent.size > 0) await Promise.allSettled(this.#sent);
    const look = this.#calls.getTask(...asked);
    this.#look = look;
    try {
      return await look;
    } finally {
      if (this.#look === look) this.#look = null;
    }
  }

  async #send<Reply>(send: () => Promise<Reply>): Promise<Reply> {
    const sent = this.#afterLook().then(send);
    this.#sent.add(sent);
    try {
      return await sent;
    } finally {
      this.#sent.delete(sent);
    }
  }

  async #afterLook(): Promise<void> {
    const look = this.#look;
    if (look === null) return;
    // A look that fails reports it itself.
    await within(this.#turnMs, look).catch(() => {});
    // If it got no answer, nothing else waits for it.
    if (this.#look === look) this.#look = null;
  }
}
