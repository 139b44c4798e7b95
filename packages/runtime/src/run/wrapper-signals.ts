import { endedBy, EXIT_SIGNALS, type ExitSignal } from '../processes/exit-signals.ts';
import type { CommandExit } from '../processes/keeper.ts';
import { readText } from '../processes/process-table.ts';
import { survivesHangup } from '../processes/hangup.ts';
import type { Instant } from '../system/time.ts';

/** Signals that are only passed on to the command. */
const PASSED_ON = ['SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const;

/** A signal to end. `counts`: the task is given back, because we passed it on or the terminal's key had an effect. */
export interface Interruption {
  readonly signal: ExitSignal;
  readonly at: Instant;
  counts: boolean;
}

export interface WrapperSignalHandlers {
  /** This process is asked to end. The task is given back. */
  readonly onEnd: (signal: ExitSignal) => void;
  readonly onPassed: (signal: (typeof PASSED_ON)[number]) => void;
  /** Asked to suspend (Ctrl-Z): the handler has to do it. */
  readonly onSuspend: () => void;
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
    ['SIGTSTP', onSuspend],
  ];
  const onThisSystem = heard.filter(([name]) => process.platform !== 'win32' || ON_WINDOWS.has(name));
  for (const [name, handle] of onThisSystem) process.on(name, handle);
  return () => {
    for (const [name, handle] of onThisSystem) process.off(name, handle);
  };
}

const ON_WINDOWS: ReadonlySet<string> = new Set(['SIGHUP', 'SIGINT', 'SIGTERM']);

/**
 * How often to look for a signal of our own that may be on its way, by how the command ended: by such a signal; in
 * another way that may be its answer to one; well. Looks, and no time: a busy machine delays them like the sender.
 */
export function lateLooks(end: CommandExit): number {
  if (endedBy(end) !== null) return 100;
  return end.code === 0 ? 2 : 30;
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
