import type { ClaimRecord, LeaseRefusal, Orchestrator, OrchestratorError } from '@agent-orchestrator/core';
import type { Instant } from '../system/time.ts';
import type { EndingSignal } from './wrapper-signals.ts';

/** What to run, under which lease, and what to do when things go wrong. */
export interface RunOptions {
  /** What sends the calls: an orchestrator, or `JournaledCalls`. */
  readonly orchestrator: Pick<Orchestrator, 'heartbeat' | 'checkpoint' | 'releaseTask'>;
  readonly claim: ClaimRecord;
  /** The clocks before the claim was sent. */
  readonly since: Instant;
  /** The namespace of the claim. */
  readonly namespace: string;
  /** The command and its arguments. No shell reads them. */
  readonly command: readonly string[];
  /** The store as the command can open it, from wherever it is then: for `ORCHESTRATOR_STORE`. */
  readonly store: string;
  /** The task's payload and the session's context as the command finds them in its files. */
  readonly files: { readonly payload: unknown; readonly context: unknown };
  /** The command is ended after so long, and has failed. */
  readonly timeoutMs?: number | undefined;
  readonly onLost: OnLost;
  /** Keep back what the command writes, and show it only if it fails. */
  readonly quietUnlessFailed?: boolean | undefined;
  /** A signal that came before, while the claim was under way. */
  readonly interruptedBy?: EndingSignal | undefined;
  /** Told of what happens, at once. Must not throw. */
  readonly onNews: (news: RunNews) => void;
}

/**
 * What becomes of the command once its lease is not held any more: `term` ends it · `warn` leaves it alone, from the first doubt
 * on · the words of another command: that one is run first, the first one being paused, and may take ten seconds.
 */
export type OnLost = 'term' | 'warn' | { readonly exec: readonly string[] };

export type RunNews =
  | { readonly is: 'paused' | 'resumed' | 'cancel_requested' | 'timed_out' }
  /** With what the store said, if it was that it has moved. */
  | { readonly is: 'expired'; readonly error: OrchestratorError | null }
  | { readonly is: 'lost'; readonly reply: LeaseRefusal }
  | { readonly is: 'signalled'; readonly signal: EndingSignal }
  | { readonly is: 'hook_failed'; readonly message: string };
