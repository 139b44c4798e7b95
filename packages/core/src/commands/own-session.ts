import type { EventDraft } from '../log/events.ts';
import type { Session } from '../model/session.ts';

/**
 * A session that was made for one task closes when that task ends for good, unless it has other open tasks.
 *
 * @returns the event, or none
 */
export function closeOwnSession(session: Session, taskId: string): EventDraft[] {
  if (session.id !== taskId || session.tasksOpen > 1) return [];
  return [{ type: 'session.closed', sessionId: session.id, payload: { reason: 'task_ended' } }];
}

/** The same for a task that ends in the unit of work that adds it. `session`: as it was before; null: it is new. */
export function closeNewOwnSession(session: Session | null, sessionId: string): EventDraft[] {
  if (session !== null && session.tasksOpen > 0) return [];
  return [{ type: 'session.closed', sessionId, payload: { reason: 'task_ended' } }];
}
