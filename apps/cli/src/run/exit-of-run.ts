import { constants } from 'node:os';
import type { RunResult } from '@agent-orchestrator/runtime';

/** The command's own exit code, as a shell would report it. If something else decided, it is never 0. */
export function exitOfRun({ reason, code, signal, interruptedBy }: RunResult): number {
  switch (reason) {
    case 'lease_lost':
      return 79;
    case 'store_unreachable':
      return 69;
    case 'store_moved':
      return 78;
    case 'may_be_alive':
      return 71;
    case 'journal_unwritable':
      return 74;
    case 'timed_out':
      return 124;
    case 'not_started':
      return 125;
    case 'not_executable':
      return 126;
    case 'not_found':
      return 127;
    case 'interrupted':
      return ofSignal(interruptedBy ?? 'SIGTERM');
    case 'cancelled':
      // The code of the signal that it was asked to end with, even if it ignored it.
      return ofSignal('SIGTERM');
    case 'ended':
    case 'released_by_command':
      return code ?? (signal === null ? 125 : ofSignal(signal));
  }
}

function ofSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
