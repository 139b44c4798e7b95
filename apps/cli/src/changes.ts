import type { Orchestrator } from '@agent-orchestrator/core';
import { EXIT_OF, type ExitCode } from './exit-codes.ts';
import { outputEnded } from './output/readers.ts';

/** Even without a word from the store, look again so often: what falls due makes no event. */
const LOOK_AGAIN_MS = 1_000;
/** Changes that come thicker than this are answered together. */
const BREATH_MS = 50;

/** Tells when the store may have changed: without polling, and without missing a change between two looks. */
export class Changes implements AsyncDisposable {
  #changed = false;
  #wake: () => void = () => {};
  #stop: () => Promise<void> = async () => {};

  static async of(orchestrator: Orchestrator): Promise<Changes> {
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

/** Which exit code tells that a signal ended it. */
const EXIT_AFTER = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const satisfies Record<string, ExitCode>;

/**
 * Aborts at the first SIGINT or SIGTERM, so that what is under way can end properly; the second one kills as usual. Aborts,
 * too, when nobody reads any more. The reason of the former is the exit code.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => controller.abort(EXIT_AFTER[signal]));
  return AbortSignal.any([controller.signal, outputEnded]);
}

export function interruptedBy(interrupted: AbortSignal): ExitCode {
  const signal = signalOf(interrupted);
  return signal === undefined ? EXIT_OF.INTERRUPTED : EXIT_AFTER[signal];
}

/** The signal that interrupted, if it was one. */
export function signalOf({ reason }: AbortSignal): keyof typeof EXIT_AFTER | undefined {
  return (Object.keys(EXIT_AFTER) as (keyof typeof EXIT_AFTER)[]).find((signal) => EXIT_AFTER[signal] === reason);
}
