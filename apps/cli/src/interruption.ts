import { survivesHangup } from '@agent-orchestrator/runtime/hangup';
import { EXIT_OF, type ExitCode } from './exit-codes.ts';
import { outputEnded } from './output/readers.ts';

/** The exit code after each signal. */
const EXIT_AFTER = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const satisfies Record<string, ExitCode>;

/**
 * Aborts at the first SIGHUP, SIGINT or SIGTERM, so that the current work can end properly; its reason is the exit
 * code. The second signal kills as usual. Under `nohup`, SIGHUP is ignored. It also aborts when standard output has no
 * reader any more.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort(EXIT_AFTER[signal]));
  // Without a handler, Node would end at it.
  if (survivesHangup()) process.on('SIGHUP', () => {});
  else process.once('SIGHUP', () => controller.abort(EXIT_AFTER.SIGHUP));
  return AbortSignal.any([controller.signal, outputEnded]);
}

export function interruptedBy(interrupted: AbortSignal): ExitCode {
  const signal = signalOf(interrupted);
  return signal === undefined ? EXIT_OF.INTERRUPTED : EXIT_AFTER[signal];
}

/** The signal that interrupted; undefined: it was no signal. */
export function signalOf({ reason }: AbortSignal): keyof typeof EXIT_AFTER | undefined {
  return (Object.keys(EXIT_AFTER) as (keyof typeof EXIT_AFTER)[]).find((signal) => EXIT_AFTER[signal] === reason);
}
