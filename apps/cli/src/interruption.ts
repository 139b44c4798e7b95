import { EXIT_OF, type ExitCode } from './exit-codes.ts';
import { outputEnded } from './output/readers.ts';

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
