import type { StopOptions } from './worker-shutdown.ts';
import type { Worker } from './worker.ts';

/**
 * Stops the worker: at the first SIGTERM or SIGINT with time for its handlers, at the second without. Then the process
 * ends, unless something else keeps it alive.
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
    // A caller that awaits `done` gets the failure; here it must not count as unhandled.
    worker.stop(signals === 1 ? options : { graceMs: 0 }).catch(() => {});
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  const forget = () => {
    for (const signal of SIGNALS) process.off(signal, stop);
  };
  worker.done.then(forget, forget);
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
