import type { StopOptions } from './worker-shutdown.ts';
import type { Worker } from './worker.ts';

/**
 * Stops the worker at the first SIGTERM or SIGINT, with time for its handlers; at the second, with none. The process then ends when
 * nothing else keeps it.
 *
 * ```ts
 * stopOnSignals(worker, { graceMs: 60_000 });
 * await worker.done;
 * ```
 */
export function stopOnSignals(worker: Worker, options: StopOptions = {}): void {
  let signals = 0;
  const stop = () => {
    signals += 1;
    // Whoever waits for `done` learns of a failure; here it must not count as unhandled.
    worker.stop(signals === 1 ? options : { graceMs: 0 }).catch(() => {});
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  const forget = () => {
    for (const signal of SIGNALS) process.off(signal, stop);
  };
  worker.done.then(forget, forget);
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
