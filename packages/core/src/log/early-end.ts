import { fromJsonText } from '../model/json.ts';
import { UNLOGGED_CLOCK_STEP_MS } from '../model/clock-authority.ts';
import { deadlines, isHeld } from '../model/lease.ts';
import type { Session } from '../model/session.ts';
import type { Event, EventPayloads } from './events.ts';

type Lost = EventPayloads['task.recovered' | 'lease.taken_over'];

/**
 * Finds leases of one session that were ended before their time. A claim, a checkpoint and a jump of the clock are
 * logged, and each implies a deadline: before it, no other process may end the lease for silence. Heartbeats are not
 * logged, so an end after that deadline and before the one that a heartbeat set cannot be told from the log.
 */
export class EarlyEnd {
  #lastAt = 0;
  /** The last checkpoint since the deadlines were logged; null: none. */
  #checkpoint: Event | null = null;

  /**
   * @param session as it was before the event
   * @returns what is wrong with the end of a lease, if the event is one and came too early
   */
  judge(session: Session | null, event: Event): string | null {
    const problem = session === null ? null : this.#problem(session, event);
    // One that says the time of an earlier event was written while the clock stood behind it.
    if (event.type === 'session.checkpointed' && event.at > this.#lastAt) this.#checkpoint = event;
    else if (event.type === 'clock.jumped' || event.leaseEffect === 'granted') this.#checkpoint = null;
    this.#lastAt = event.at;
    return problem;
  }

  #problem(session: Session, event: Event): string | null {
    if (!isHeld(session) || (event.type !== 'task.recovered' && event.type !== 'lease.taken_over')) return null;
    const { reason, heartbeat_at: heartbeatAt, expires_at: expiresAt } = fromJsonText(event.payload) as Lost;
    if (reason !== 'stale' && reason !== 'expired') return null;
    if (expiresAt !== heartbeatAt + session.ttlMs)
      return (
        `event ${event.seq} ends a lease for silence, but the times that it names are none that a claim or a ` +
        'heartbeat sets.'
      );
    const implied = deadlines(Math.max(session.heartbeatAt, this.#checkpoint?.at ?? 0), session);
    const earlyMs = (reason === 'stale' ? implied.staleAt : implied.leaseExpiresAt) - event.at;
    if (earlyMs <= UNLOGGED_CLOCK_STEP_MS) return null;
    return (
      `event ${event.seq} ends a lease for silence ${earlyMs} ms before the deadline that its last logged event ` +
      'implies. Heartbeats are not logged: an end after that deadline cannot be judged so.'
    );
  }
}
