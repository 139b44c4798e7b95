import type { JsonText } from '../model/json.ts';
import { deadlines, type HeldSession } from '../model/lease.ts';
import type { Session } from '../model/session.ts';

/** A proof of life: it extends the deadlines of a lease and is not logged. */
export interface Renewal {
  readonly sessionId: string;
  readonly progress?: JsonText | undefined;
  readonly processGroup?: number | undefined;
}

/** Extends the deadlines of a lease. It is not logged, because heartbeats would fill the log. */
export function renew(
  session: HeldSession,
  now: number,
  { progress, processGroup }: Pick<Renewal, 'progress' | 'processGroup'>,
): Session {
  const nearMiss = now > session.leaseExpiresAt - session.ttlMs / 5;
  return {
    ...session,
    ...deadlines(now, session),
    progress: progress ?? session.progress,
    processGroup: processGroup ?? session.processGroup,
    renewals: session.renewals + 1,
    nearMisses: session.nearMisses + (nearMiss ? 1 : 0),
    lastNearMissAt: nearMiss ? now : session.lastNearMissAt,
    updatedAt: Math.max(now, session.updatedAt),
  };
}

/**
 * Corrects the deadlines that a wrong clock set too far ahead. The last proof of life was in the future as well, so it
 * becomes now. Nothing is logged.
 */
export function pullBack(session: HeldSession, now: number): Session {
  return { ...session, ...deadlines(now, session), updatedAt: Math.max(now, session.updatedAt) };
}
