import type { Artifact, LeaseRefusal, TaskStatus } from '@agent-orchestrator/core';
import type { CommandExit } from '../processes/keeper.ts';
import type { StartError } from '../processes/command-process.ts';
import type { MissingArtifact } from './artifacts.ts';
import type { ExitSignal } from '../processes/exit-signals.ts';

/** Why a run ended. */
export type RunReason =
  /** The command ended by itself. */
  | 'ended'
  /** The command ended by itself. It, or another process with its token, had released the lease before. */
  | 'released_by_command'
  /** The command never started; no attempt was charged. */
  | StartError['why']
  /** A signal to this process ended it; no attempt was charged. */
  | 'interrupted'
  | 'timed_out'
  | 'cancelled'
  | 'lease_lost'
  /**
   * What the command started may still be alive: its keeper was killed, or a process cannot be killed. So no outcome
   * was reported, and the lease ends by its time.
   */
  | 'may_be_alive'
  /** The store could not be reached until the TTL was over. */
  | 'store_unreachable'
  /**
   * The store has moved to an address that this run does not know. The lease is kept there; with `outcomeUnknown`, the
   * outcome may have ended it before.
   */
  | 'store_moved'
  /** The command ended, but its outcome could not be written into the journal. The store has answered it. */
  | 'journal_unwritable';

export interface RunResult extends CommandExit {
  readonly reason: RunReason;
  /** The signal to this process that was passed on. */
  readonly interruptedBy: ExitSignal | null;
  /** The outcome that this run reported; null: it reported none. */
  readonly outcome: 'succeeded' | 'failed' | 'released' | 'cancelled' | null;
  /** The status of the task after that. */
  readonly status: TaskStatus | null;
  /** What ended the lease, if it was not this run. */
  readonly lost: LeaseRefusal | null;
  /** When a failed attempt is tried again, in milliseconds. */
  readonly runAt: number | null;
  /** For people: why it did not start, why the store did not answer, or why the journal was not written. */
  readonly message: string | null;
  /**
   * The outcome was sent, and it is not known whether it arrived. One try without an answer is enough, even if a later
   * try was refused; `reason` and `message` then tell of the refusal. False if the reason is `journal_unwritable`: an
   * answer came.
   */
  readonly outcomeUnknown: boolean;
  /** The files that the command left, as its result names them; and those that could not be read. */
  readonly artifacts: readonly Artifact[];
  readonly artifactsMissing: readonly MissingArtifact[];
  /** When the command started and ended, in milliseconds; null: it never started. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}
