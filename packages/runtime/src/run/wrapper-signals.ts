import { readText } from '../processes/process-table.ts';

/** Signals that mean: end. The work is given back. */
const ENDING_SIGNALS = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const;
/** Signals that are the command's own business. */
const PASSED_ON = ['SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const;

export type EndingSignal = (typeof ENDING_SIGNALS)[number];

export interface WrapperSignalHandlers {
  readonly onEnd: (signal: EndingSignal) => void;
  readonly onPassed: (signal: (typeof PASSED_ON)[number]) => void;
  /** Asked to stop for a while (Ctrl-Z): to be done by whoever handles it. Only where the command does not hear it itself. */
  readonly onSuspend: (() => void) | null;
  /** Goes on after a stop, whoever stopped it. */
  readonly onContinue: () => void;
}

/** Hears the signals that are sent to this process. @returns hears them no more */
export function hearSignals({ onEnd, onPassed, onSuspend, onContinue }: WrapperSignalHandlers): () => void {
  const heard: [NodeJS.Signals, (signal: NodeJS.Signals) => void][] = [
    ...ENDING_SIGNALS.map((name): [NodeJS.Signals, () => void] => [name, () => onEnd(name)]),
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

/** Whether keys of the terminal reach this process: it is in the terminal's foreground group. Where that cannot be told, yes. */
export function isInForeground(): boolean {
  const stat = readText('/proc/self/stat');
  if (stat === null) return true;
  const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [group, foreground] = [words[2], words[5]];
  return group === foreground;
}
