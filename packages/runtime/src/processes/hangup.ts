import { basename } from 'node:path';
import { readText } from './process-table.ts';
import type { Environment } from '../system/environment.ts';

/** Signal 1 in the mask of ignored signals that the system shows of a process. */
const IGNORES_HANGUP = /^SigIgn:\s+[0-9a-f]*[13579bdf]$/mu;

/**
 * Whether this process was started so that it survives a hang-up of its terminal, as by `nohup`. Node sets all signals
 * back when it starts, so what `nohup` did is gone, and only its traces are left: a shell names the command that it
 * executes in the variable `_` (bash, zsh), and a script that runs under `nohup` ignores the signal itself (Linux).
 */
export function survivesHangup(env: Environment = process.env): boolean {
  if (basename(env['_'] ?? '') === 'nohup') return true;
  return IGNORES_HANGUP.test(readText(`/proc/${process.ppid}/status`) ?? '');
}
