import type { JsonText } from '../model/json.ts';
import { deadlines, type HeldSession } from '../model/lease.ts';
import type { Session } from '../model/session.ts';

/** A proof of life: it moves a lease's deadlines and is not logged. */
export interface Renewal {
  readonly sessionId: string;
  readonly progress?: JsonText | undefined;
  readonly processGroup?: number | undefined;
}

/** A proof of life. It moves the deadlines and is not logged: the log would be nothing but heartbeats. */
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
 * Brings the times that a wrong clock set too far ahead back: the last proof of life lay in the future as well, so it
 * becomes now. Nothing is logged.
 */
export function pullBack(session: HeldSession, now: number): Session {
  return { ...session, ...deadlines(now, session), updatedAt: Math.max(now, session.updatedAt) };
}
