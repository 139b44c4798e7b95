import { LIMITS } from '@agent-orchestrator/core';

/** The lease for an old lock: its length and its end. */
export interface OldLease {
  readonly ttlMs: number;
  readonly expiresAt: number;
  /** The lock has expired: the next recovery ends the lease. */
  readonly stale: boolean;
  /** The lock would last longer than the longest lease. */
  readonly shortened: boolean;
}

/**
 * @param expiresAt when the lock ends; null: there is none
 * @param aliveAt the last sign of life, not after `now`
 */
export function oldLease(expiresAt: number | null, aliveAt: number, now: number): OldLease {
  const { ttl_ms_min: min, ttl_ms_max: max } = LIMITS;
  if (expiresAt !== null && expiresAt > now) {
    const ttlMs = Math.min(Math.max(expiresAt - aliveAt, min), max);
    const end = Math.min(expiresAt, now + ttlMs);
    return { ttlMs, expiresAt: end, stale: false, shortened: end < expiresAt };
  }
  const end = Math.max(expiresAt ?? Math.min(now, aliveAt + min), min);
  return { ttlMs: Math.min(Math.max(end - aliveAt, min), max), expiresAt: end, stale: true, shortened: false };
}
