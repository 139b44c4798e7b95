import type { LeaseRefusal, TaskStatus } from '@agent-orchestrator/core';
import type { CommandEnd, StartError } from './command-process.ts';
import type { EndingSignal } from './wrapper-signals.ts';

/** Why a run came to its end. */
export type RunReason =
  /** The command ended by itself. */
  | 'ended'
  /** The command ended by itself, and had released the lease before, or another in its name had. */
  | 'released_by_command'
  /** The command never started; nothing was charged. */
  | StartError['why']
  /** A signal to this process ended it; nothing was charged. */
  | 'interrupted'
  | 'timed_out'
  | 'cancelled'
  | 'lease_lost'
  /** The store could not be reached until the TTL was over. */
  | 'store_unreachable'
  /** The store has moved: the lease is kept at its new address, which this run does not know. */
  | 'store_moved'
  /** The command ended, and how it came out could not be written into the journal. The store most likely has it. */
  | 'journal_unwritable';

export interface RunResult extends CommandEnd {
  readonly reason: RunReason;
  /** The signal to this process that was passed on. */
  readonly interruptedBy: EndingSignal | null;
  /** What was reported of the task, if that was for this run to do and could be done. */
  readonly outcome: 'succeeded' | 'failed' | 'released' | 'cancelled' | null;
  /** What became of the task by that. */
  readonly status: TaskStatus | null;
  /** Who ended the lease, if it was not this run. */
  readonly lost: LeaseRefusal | null;
  /** When a failed attempt is tried again, in milliseconds. */
  readonly runAt: number | null;
  /** Why it did not start, why the store did not answer, or why the journal was not written: for people. */
  readonly message: string | null;
  /** Of the command, in milliseconds; null: it never started. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}
