import type { LeaseRefusal, OrchestratorError } from '@agent-orchestrator/core';

/** `sure`: side effects are safe · `unsure`: not before a heartbeat has succeeded · `lost`, `expired`: never again. */
export type LeaseTrust = 'sure' | 'unsure' | 'lost' | 'expired';

/** What a keeper reports, in the order in which it happens. */
export type LeaseNews =
  | { readonly is: 'renewed'; readonly expiresAt: number; readonly late: boolean }
  /** The store did not answer, or answered with an error. The lease is not lost: the renewal is tried again. */
  | { readonly is: 'renewal_failed'; readonly error: unknown }
  /** The lease is not renewed: the holder is dead or stuck. Reported once, until the lease is renewed again. */
  | { readonly is: 'withheld'; readonly why: 'not_alive' | 'no_progress' }
  /** No more side effects. */
  | { readonly is: 'unsure' }
  /** The lease is held: side effects are safe again. */
  | { readonly is: 'sure' }
  | { readonly is: 'cancel_requested' }
  /** The last news: another process may hold the session. */
  | { readonly is: 'lost'; readonly reply: LeaseRefusal }
  /**
   * The last news: the TTL is over without a renewal. With an error: the store has moved, so that no further renewal is
   * possible here.
   */
  | { readonly is: 'expired'; readonly error: OrchestratorError | null };
