import type { EventDraft } from '../log/events.ts';
import type { Session } from '../model/session.ts';

/**
 * A session that was opened for one task alone closes when that task ends for good, unless somebody put more work into it.
 *
 * @returns the event, or none
 */
export function closeOwnSession(session: Session, taskId: string): EventDraft[] {
  if (session.id !== taskId || session.tasksOpen > 1) return [];
  return [{ type: 'session.closed', sessionId: session.id, payload: { reason: 'task_ended' } }];
}
