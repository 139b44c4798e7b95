import { setTimeout as pause } from 'node:timers/promises';
import { survivesHangup } from '@agent-orchestrator/runtime/hangup';
import { EXIT_OF, type ExitCode } from './exit-codes.ts';
import { endWithReader, outputEnded, writtenSoFar } from './output/readers.ts';

/** The exit code after each signal. */
const EXIT_AFTER = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const satisfies Record<string, ExitCode>;

/** How long an interrupted program waits for a reader that has not taken the last lines. */
const LAST_LINES_MS = 200;

let interruptedWith: ExitCode | undefined;

/**
 * Aborts at the first SIGHUP, SIGINT or SIGTERM, so that the current work can end properly; its reason is the exit
 * code. The second signal kills as usual. Under `nohup`, SIGHUP is ignored. It also aborts when standard output has no
 * reader any more.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const)
    if (signal === 'SIGHUP' && survivesHangup()) {
      // Without a handler, Node would end at it.
      process.on(signal, () => {});
    } else
      process.once(signal, () => {
        interruptedWith = EXIT_AFTER[signal];
        controller.abort(EXIT_AFTER[signal]);
      });
  return AbortSignal.any([controller.signal, outputEnded]);
}

/**
 * The same for a command that only works for what reads its output: it also aborts as soon as that is gone, even if
 * nothing is printed for long.
 */
export function interruptionOfPrinter(): AbortSignal {
  endWithReader();
  return interruption();
}

export function interruptedBy(interrupted: AbortSignal): ExitCode {
  const signal = signalOf(interrupted);
  return signal === undefined ? EXIT_OF.INTERRUPTED : EXIT_AFTER[signal];
}

/** The signal that interrupted; undefined: it was no signal. */
export function signalOf({ reason }: AbortSignal): keyof typeof EXIT_AFTER | undefined {
  return (Object.keys(EXIT_AFTER) as (keyof typeof EXIT_AFTER)[]).find((signal) => EXIT_AFTER[signal] === reason);
}

/**
 * Ends the process if a signal interrupted the command. Otherwise the process would live until the reader has taken
 * everything that was written, and a reader that has stopped reading never does. Then the last lines are lost, and the
 * command has not succeeded.
 */
export async function endIfInterrupted(): Promise<void> {
  if (interruptedWith === undefined) return;
  const isTaken = await Promise.race([writtenSoFar(), pause(LAST_LINES_MS, null)]);
  if (isTaken === null && process.exitCode === 0) process.exitCode = interruptedWith;
  process.exit();
}
