import { constants } from 'node:os';
import type { CommandExit } from './keeper.ts';

/** Signals by which people and systems ask a process to end. */
export const EXIT_SIGNALS = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const;

export type ExitSignal = (typeof EXIT_SIGNALS)[number];

/** The signal of this kind that has ended a command, as the system says it or, by an exit code, a shell. */
export function endedBy({ code, signal }: CommandExit): ExitSignal | null {
  return EXIT_SIGNALS.find((name) => signal === name || code === 128 + constants.signals[name]) ?? null;
}
