import { LEASE_END_EVENTS, type EventType, type LeaseRefusal, type ReleaseTask } from '@agent-orchestrator/core';
import type { CommandExit } from '../processes/keeper.ts';
import { resultWith, type LeftFiles } from './artifacts.ts';
import type { RunReason } from './run-result.ts';

/** What is reported to the store about the task. */
export interface Report extends Pick<ReleaseTask, 'error' | 'note' | 'result'> {
  readonly outcome: 'succeeded' | 'failed' | 'released' | 'cancelled';
}

interface Circumstances {
  readonly left: LeftFiles;
  readonly signal: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly message: string | null;
}

/** The outcome by the command's exit code. If something else ended it, the task is given back without charge. */
export function reportOf(
  reason: RunReason,
  end: CommandExit,
  { left, signal, timeoutMs, message }: Circumstances,
): Report {
  switch (reason) {
    case 'timed_out': {
      const said = `The command was ended: it took longer than its limit of ${timeoutMs ?? 0} ms.`;
      return { outcome: 'failed', error: { code: 'timed_out', message: said } };
    }
    case 'cancelled':
      return { outcome: 'cancelled' };
    case 'interrupted':
      return { outcome: 'released', note: `Interrupted by ${signal ?? 'a signal'}.` };
    case 'not_found':
    case 'not_executable':
    case 'not_started':
      return { outcome: 'released', note: shortened(`The command never started: ${message ?? ''}`) };
    case 'lease_lost':
    case 'store_unreachable':
    case 'store_moved':
    case 'may_be_alive':
      return {
        outcome: 'released',
        note: 'The command was ended: it was unknown whether its lease was still held.',
      };
    case 'ended':
    case 'released_by_command':
    case 'journal_unwritable':
      return byEnd(end, left);
  }
}

/** Far below the limit of a note, but enough for an error of the system. */
const NOTE_CHARACTERS_MAX = 1_000;

/** Not with half of a character at its end: the store would refuse it, and the task would not be given back. */
function shortened(text: string): string {
  return text.slice(0, NOTE_CHARACTERS_MAX).toWellFormed();
}

function byEnd({ code, signal }: CommandExit, left: LeftFiles): Report {
  if (code === 0) {
    const result = resultWith(left);
    return { outcome: 'succeeded', ...(result !== undefined && { result }) };
  }
  return signal === null
    ? {
        outcome: 'failed',
        error: { code: 'exit_code', message: `The command ended with exit code ${code}.`, data: { code } },
      }
    : {
        outcome: 'failed',
        error: { code: 'signal', message: `The command was ended by ${signal}.`, data: { signal } },
      };
}

/** Whether the lease was not lost, but released with its token: by the command, or by another process for it. */
export function isHoldersRelease({ endedBy }: LeaseRefusal): boolean {
  return (LEASE_END_EVENTS.holder as readonly (EventType | null)[]).includes(endedBy);
}

/** The reason of a run that has lost its lease, and so has nothing to report. */
export function withoutLease(lost: LeaseRefusal, reason: RunReason): RunReason {
  if (!isHoldersRelease(lost)) return 'lease_lost';
  return reason === 'ended' ? 'released_by_command' : reason;
}
