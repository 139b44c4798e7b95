import { basename } from 'node:path';
import { readText } from './process-table.ts';

/** Signal 1 in the mask of ignored signals that the system shows of a process. */
const IGNORES_HANGUP = /^SigIgn:\s+[0-9a-f]*[13579bdf]$/mu;

let survives: boolean | undefined;

/**
 * Whether this process was started so that it survives a hang-up of its terminal, as by `nohup`. Node sets all signals
 * back when it starts, so what `nohup` did is gone, and only its traces are left: a shell names the command that it
 * executes in the variable `_` (bash, zsh), and a script that runs under `nohup` ignores the signal itself (Linux).
 *
 * Decided once: the parent can end while this process works, and all parts of it have to get the same answer.
 */
export function survivesHangup(): boolean {
  return (survives ??= wasStartedToSurvive());
}

function wasStartedToSurvive(): boolean {
  if (basename(process.env['_'] ?? '') === 'nohup') return true;
  return IGNORES_HANGUP.test(readText(`/proc/${process.ppid}/status`) ?? '');
}
