import { constants } from 'node:os';
import type { CommandExit } from '../processes/keeper.ts';
import { readText } from '../processes/process-table.ts';
import { survivesHangup } from '../processes/hangup.ts';

/** Signals that ask this process to end. The task is given back. */
const EXIT_SIGNALS = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const;
/** Signals that are only passed on to the command. */
const PASSED_ON = ['SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const;

export type ExitSignal = (typeof EXIT_SIGNALS)[number];

export interface WrapperSignalHandlers {
  readonly onEnd: (signal: ExitSignal) => void;
  readonly onPassed: (signal: (typeof PASSED_ON)[number]) => void;
  /** Asked to suspend (Ctrl-Z): the handler has to do it. null: the command gets the signal itself. */
  readonly onSuspend: (() => void) | null;
  /** This process continues after it was stopped. */
  readonly onContinue: () => void;
}

/** Handles the signals that are sent to this process. @returns a function that removes the handlers */
export function hearSignals({ onEnd, onPassed, onSuspend, onContinue }: WrapperSignalHandlers): () => void {
  const survives = survivesHangup();
  const heard: [NodeJS.Signals, (signal: NodeJS.Signals) => void][] = [
    ...EXIT_SIGNALS.map((name): [NodeJS.Signals, () => void] => [
      name,
      () => {
        // Without a handler, Node would end at it.
        if (name !== 'SIGHUP' || !survives) onEnd(name);
      },
    ]),
    ...PASSED_ON.map((name): [NodeJS.Signals, () => void] => [name, () => onPassed(name)]),
    ['SIGCONT', onContinue],
  ];
  if (onSuspend !== null) heard.push(['SIGTSTP', onSuspend]);
  const onThisSystem = heard.filter(([name]) => process.platform !== 'win32' || ON_WINDOWS.has(name));
  for (const [name, handle] of onThisSystem) process.on(name, handle);
  return () => {
    for (const [name, handle] of onThisSystem) process.off(name, handle);
  };
}

const ON_WINDOWS: ReadonlySet<string> = new Set(['SIGHUP', 'SIGINT', 'SIGTERM']);

/**
 * How long a signal of our own may be on its way, by how the command ended: by such a signal, as it says itself or as a
 * shell says it; in another way that may be its answer to one; well.
 */
export function lateSignalMs({ code, signal }: CommandExit): number {
  if (EXIT_SIGNALS.some((name) => signal === name || code === 128 + constants.signals[name])) return 1_000;
  return code === 0 ? 20 : 100;
}

/** Whether the terminal may have sent the signal, for a key. */
export function mayBeKey(signal: ExitSignal): boolean {
  return (signal === 'SIGINT' || signal === 'SIGQUIT') && isInForeground();
}

/** Whether this process is in the terminal's foreground group, so that its keys reach it. If it is unknown: true. */
function isInForeground(): boolean {
  const stat = readText('/proc/self/stat');
  if (stat === null) return true;
  const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [group, foreground] = [words[2], words[5]];
  return group === foreground;
}
