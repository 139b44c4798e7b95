import type { ClaimRecord, LeaseRefusal, Orchestrator, OrchestratorError } from '@agent-orchestrator/core';
import type { StoreForOthers } from '../stores/hand-over.ts';
import type { Instant } from '../system/time.ts';
import type { ExitSignal } from '../processes/exit-signals.ts';

/** What to run, under which lease, and what to do when the lease is lost. */
export interface RunOptions {
  /** Sends the calls: an orchestrator, or `JournaledCalls`. */
  readonly orchestrator: Pick<Orchestrator, 'heartbeat' | 'checkpoint' | 'releaseTask' | 'getTask'>;
  readonly claim: ClaimRecord;
  /** The clocks before the claim was sent. */
  readonly since: Instant;
  /** The namespace of the claim. */
  readonly namespace: string;
  /** The command and its arguments, without a shell. */
  readonly command: readonly string[];
  /** Descriptors beyond 2 that the command gets, under the same numbers. */
  readonly descriptors?: readonly number[];
  /** For `ORCHESTRATOR_STORE`, and for the private file with its secret. */
  readonly store: Pick<StoreForOthers, 'address' | 'secret'>;
  /** The task's payload, the session's context and the last answer, for the command's files. */
  readonly files: { readonly payload: unknown; readonly context: unknown; readonly answer: unknown };
  /** Files that the command leaves if it succeeds: the result names them, with their sizes and digests. */
  readonly artifacts?: readonly string[] | undefined;
  /** The command is ended after this time, and the attempt has failed. */
  readonly timeoutMs?: number | undefined;
  readonly onLost: OnLost;
  /** Hold back the command's output, and show it only if it fails. */
  readonly quietUnlessFailed?: boolean | undefined;
  /** A signal that arrived during the claim. */
  readonly interruptedBy?: ExitSignal | undefined;
  /** Called at once for everything that happens. Must not throw. */
  readonly onNews: (news: RunNews) => void;
}

/**
 * What happens to the command once its lease is no longer held:
 *
 * - `term`: it is ended
 * - `warn`: it is left alone, also while it is in doubt whether the lease is held
 * - `exec`: it is paused while another command runs for at most ten seconds; then it is ended
 */
export type OnLost = 'term' | 'warn' | { readonly exec: readonly string[] };

export type RunNews =
  | { readonly is: 'paused' | 'resumed' | 'cancel_requested' | 'timed_out' }
  /** `error`: the store's answer, if it has moved. */
  | { readonly is: 'expired'; readonly error: OrchestratorError | null }
  | { readonly is: 'lost'; readonly reply: LeaseRefusal }
  | { readonly is: 'signalled'; readonly signal: ExitSignal }
  | { readonly is: 'hook_failed'; readonly message: string };
