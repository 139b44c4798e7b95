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
