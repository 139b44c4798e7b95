import { z } from 'zod';
import * as field from '../model/fields.ts';
import { reviewOf } from '../model/review.ts';
import { isEnded, phaseOf, type TaskStatus } from '../model/statuses.ts';
import { closeOwnSession } from './own-session.ts';
import { type Command, needMore, refusalReason, refuse } from './command.ts';
import { plainReply } from './receipt-reply.ts';
import { cancelReviewsOf, reviewsToLoad } from './review.ts';

/** The input of `cancelTask`. */
export const cancelInput = z.lazy(() =>
  z.strictObject({ namespace: field.name, commandId: field.commandId, taskId: field.id }),
);

/** The input, checked and filled in. */
export type CancelInput = z.output<typeof cancelInput>;

/** The task's status after the call; or the reason why it was refused. */
export type CancelReply =
  | {
      readonly ok: true;
      /** `cancelled`; or `running`: the next heartbeat tells its holder to stop. */
      readonly status: 'cancelled' | 'running';
    }
  /** It is an open review: the task that it reviews can be cancelled, or gets its verdict. */
  | { readonly ok: false; readonly reason: 'open_review'; readonly reviewed: string }
  /** The task had ended before. */
  | { readonly ok: false; readonly reason: 'ended'; readonly status: TaskStatus }
  | { readonly ok: false; readonly reason: 'not_found' };

/** Cancels a waiting task; asks the holder of a running task to stop. A second request changes nothing. */
export const cancel: Command<CancelInput, CancelReply> = {
  name: 'cancel',
  input: cancelInput,
  refusalReason,
  events: ['task.cancelled', 'task.cancel_requested', 'session.closed'],
  receipt: plainReply(),

  scope: ({ namespace, commandId, taskId }, { needs } = {}) => ({
    by: 'task',
    namespace,
    commandId,
    taskId,
    ...(needs && { extraTaskIds: needs.extraTaskIds ?? [] }),
  }),

  decide(_input, loaded) {
    const task = loaded.tasks[0];
    const session = loaded.sessions[0]?.session;
    if (task === undefined || session === undefined) return refuse({ ok: false, reason: 'not_found' });

    const of = reviewOf(task);
    if (of !== null && !isEnded(task.status)) return refuse({ ok: false, reason: 'open_review', reviewed: of.task_id });
    const extraTaskIds = reviewsToLoad([task], loaded);
    if (extraTaskIds.length > 0) return needMore({ extraTaskIds });
    const about = { sessionId: task.sessionId, taskId: task.id };
    switch (phaseOf(task.status)) {
      case 'pending':
        return {
          events: [
            { ...about, type: 'task.cancelled', payload: { outcome: null, error: null } },
            ...closeOwnSession(session, task.id),
            ...cancelReviewsOf(task, loaded),
          ],
          reply: () => ({ ok: true, status: 'cancelled' }),
        };
      case 'running':
        return {
          events: task.cancelRequestedAt === null ? [{ ...about, type: 'task.cancel_requested', payload: {} }] : [],
          reply: () => ({ ok: true, status: 'running' }),
        };
      case 'ended':
        return refuse(
          task.status === 'cancelled'
            ? { ok: true, status: task.status }
            : { ok: false, reason: 'ended', status: task.status },
        );
    }
  },
};
