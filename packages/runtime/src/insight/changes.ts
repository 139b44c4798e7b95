import type { Orchestrator } from '@agent-orchestrator/core';

/** Look again this often even without a notice from the store: a task that becomes due makes no event. */
const LOOK_AGAIN_MS = 1_000;
/** Changes that come faster than this are answered together. */
const BREATH_MS = 50;

/** Waits for changes of the store: without polling, and without missing a change between two looks. */
export class Changes implements AsyncDisposable {
  #changed = false;
  #wake: () => void = () => {};
  #stop: () => Promise<void> = async () => {};

  static async of(orchestrator: Pick<Orchestrator, 'watch'>): Promise<Changes> {
    const changes = new Changes();
    changes.#stop = await orchestrator.watch(() => {
      changes.#changed = true;
      changes.#wake();
    });
    return changes;
  }

  /** Returns after a change, also one since the last call; after `timeoutMs` at most; at once when aborted. */
  async wait(timeoutMs = LOOK_AGAIN_MS, signal?: AbortSignal): Promise<void> {
    const ms = Math.min(timeoutMs, LOOK_AGAIN_MS);
    if (!this.#changed) await this.#sleep(ms, signal, true);
    else await this.#sleep(Math.min(ms, BREATH_MS), signal, false);
    this.#changed = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }

  async #sleep(ms: number, signal: AbortSignal | undefined, untilChange: boolean): Promise<void> {
    if (signal?.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => resolve();
    const timer = setTimeout(end, Math.max(0, ms));
    if (untilChange) this.#wake = end;
    signal?.addEventListener('abort', end, { once: true });
    await promise;
    signal?.removeEventListener('abort', end);
    clearTimeout(timer);
  }
}
