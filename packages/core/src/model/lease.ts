import type { ClockJump } from './clock.ts';
import { internalError, OrchestratorError } from './errors.ts';
import type { Session } from './session.ts';

/** The session's lock while it is held, without its secret. */
export interface PublicLease {
  readonly sessionId: string;
  readonly agent: string;
  readonly instance: string | null;
  /**
   * The public number of the lease. It only grows, over all sessions of a database, so any outside resource can compare
   * it. It can be guessed, so it proves nothing.
   */
  readonly fence: number;
  /** Milliseconds since 1970, UTC. */
  readonly expiresAt: number;
  readonly ttlMs: number;
  readonly staleAfterMs: number;
}

/** A lease as its holder gets it from the claim. */
export interface Lease extends PublicLease {
  /** The secret of the lease (see `token.ts`): it alone shows that a write is the holder's. */
  readonly token: string;
}

/** The process behind an instance, where it is known. Evidence of its death must match all of it. */
export interface ProcessIdentity {
  /** A stable id of the machine. */
  readonly host: string;
  /** The kernel's boot id. */
  readonly boot: string;
  readonly pid: number;
  /** When the process started, in the unit of the machine's process table: only compared for equality. */
  readonly start: string;
  /** The process group that works for it, if there is one; 0: a later heartbeat will give it. */
  readonly group?: number | undefined;
}

/** A session whose lease columns are set. */
export type HeldSession = Session & {
  readonly status: 'running';
  readonly agent: string;
  readonly fence: number;
  readonly tokenHash: string;
  readonly taskId: string;
  readonly ttlMs: number;
  readonly staleAfterMs: number;
  readonly leaseExpiresAt: number;
  readonly heartbeatAt: number;
  readonly staleAt: number;
};

/** Whether an agent holds the session (the database's CHECKs guarantee the other columns). */
export function isHeld(session: Session): session is HeldSession {
  return session.status === 'running';
}

/** The three times of a lease whose holder proved at `now` that it is alive. */
export function deadlines(
  now: number,
  { ttlMs, staleAfterMs }: Pick<HeldSession, 'ttlMs' | 'staleAfterMs'>,
): Pick<HeldSession, 'leaseExpiresAt' | 'heartbeatAt' | 'staleAt'> {
  const leaseExpiresAt = now + ttlMs;
  return { leaseExpiresAt, heartbeatAt: now, staleAt: Math.max(leaseExpiresAt, now + staleAfterMs) };
}

/**
 * The three times of a lease once a clock jump is processed: a new TTL from now, because the real time without a
 * heartbeat is unknown. It is known if the store took another clock: then the times move with that.
 */
export function deadlinesAfterJump(
  session: HeldSession,
  { byMs, taken }: ClockJump,
  now: number,
): ReturnType<typeof deadlines> {
  // No time is before 1970, and no proof of life is still to come.
  const heartbeatAt = taken ? Math.min(now, Math.max(0, session.heartbeatAt + byMs)) : now;
  return deadlines(heartbeatAt, session);
}

/** Whether a claim that names the session may take it over. */
export function isExpired(session: HeldSession, now: number): boolean {
  return now >= session.leaseExpiresAt;
}

/** Expired and without a heartbeat for `staleAfterMs`: from then on any process may recover it. */
export function isStale({ staleAt }: Pick<Session, 'staleAt'>, now: number): boolean {
  return staleAt !== null && now >= staleAt;
}

/**
 * Whether a deadline is further away than its TTL. It was set by a clock that was ahead, and would keep a dead holder's
 * lease for too long.
 */
export function isTooFarAhead(session: HeldSession, now: number): boolean {
  return session.leaseExpiresAt > now + session.ttlMs;
}

/**
 * The lease of a held session.
 *
 * @throws `INTERNAL` if no agent holds the session
 */
export function leaseOf(session: Session): PublicLease {
  if (!isHeld(session)) throw internalError(`Session ${session.id} is not held.`);
  return {
    sessionId: session.id,
    agent: session.agent,
    instance: session.instance,
    fence: session.fence,
    expiresAt: session.leaseExpiresAt,
    ttlMs: session.ttlMs,
    staleAfterMs: session.staleAfterMs,
  };
}

/** The fence of a new lease: the authority's time in microseconds, or one more than the greatest ever granted. */
export function nextFence(now: number, greatestFence: number): number {
  const fence = Math.max(now * 1000, greatestFence + 1);
  if (Number.isSafeInteger(fence)) return fence;
  throw new OrchestratorError('STORE_UNSUITABLE', "The store's clock is too far ahead: no fence can be granted.", {
    hint: 'Correct the clock.',
  });
}
