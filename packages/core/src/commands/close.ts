import { z } from 'zod';
import { internalError } from '../model/errors.ts';
import type { EventDraft } from '../log/events.ts';
import * as field from '../model/fields.ts';
import { isHeld } from '../model/lease.ts';
import { reviewOf } from '../model/review.ts';
import { LIMITS } from '../model/limits.ts';
import { counted } from '../model/quantities.ts';
import { type Command, needMore, refusalReason, refuse } from './command.ts';
import { plainReply } from './receipt-reply.ts';
import { cancelReviewsOf, reviewsToLoad } from './review.ts';

/** The input of `closeSession`. */
export const closeInput = z.lazy(() =>
  z.strictObject({
    namespace: field.name,
    commandId: field.commandId,
    sessionId: field.id,
    /** Cancels the waiting tasks, instead of refusing. */
    cancelTasks: z.boolean().default(false),
  }),
);

/** The input, checked and filled in. */
export type CloseInput = z.output<typeof closeInput>;

/** The session was closed; or the reason why it was refused. */
export type CloseReply =
  | {
      readonly ok: true;
      /** How many waiting tasks this call cancelled. */
      readonly cancelled: number;
      /** More tasks wait than one transaction cancels: the session is still open. Call again. */
      readonly more: boolean;
    }
  | {
      readonly ok: false;
      readonly reason: 'busy';
      readonly heldBy: { readonly agent: string; readonly instance: string | null };
      readonly until: number;
    }
  /** Its only tasks are reviews: they get their verdicts, or the tasks that they review can be cancelled. */
  | { readonly ok: false; readonly reason: 'open_review'; readonly reviewed: string }
  /** `waiting`: the number of tasks that wait in it. */
  | { readonly ok: false; readonly reason: 'not_empty'; readonly waiting: number }
  | { readonly ok: false; readonly reason: 'not_found' };

/** Closes a session that no agent holds and in which no task waits. */
export const close: Command<CloseInput, CloseReply> = {
  name: 'close',
  input: closeInput,
  refusalReason,
  events: ['task.cancelled', 'task.cancel_requested', 'session.closed'],
  receipt: plainReply(),

  scope: ({ namespace, commandId, sessionId, cancelTasks }, { needs } = {}) => ({
    by: 'sessions',
    namespace,
    commandId,
    sessions: [{ sessionId }],
    ...(cancelTasks && { openTasksLimit: LIMITS.sweep_page_max }),
    ...needs,
  }),

  decide(input, loaded) {
    const session = loaded.sessions[0]?.session;
    if (session === undefined) return refuse({ ok: false, reason: 'not_found' });
    if (isHeld(session)) {
      const { agent, instance, leaseExpiresAt: until } = session;
      return refuse({ ok: false, reason: 'busy', heldBy: { agent, instance }, until });
    }
    if (session.status === 'closed') return refuse({ ok: true, cancelled: 0, more: false });
    if (session.tasksOpen > 0 && !input.cancelTasks)
      return refuse({ ok: false, reason: 'not_empty', waiting: session.tasksOpen });

    const own = loaded.tasks.filter(({ sessionId }) => sessionId === session.id);
    const [of] = own.flatMap((task) => reviewOf(task) ?? []);
    if (of !== undefined) return refuse({ ok: false, reason: 'open_review', reviewed: of.task_id });
    const extraTaskIds = reviewsToLoad(own, loaded);
    if (extraTaskIds.length > 0) return needMore({ extraTaskIds });
    const reviews = own.flatMap((task) => cancelReviewsOf(task, loaded));
    const cancelled = own.map((task): EventDraft => ({
      type: 'task.cancelled',
      sessionId: session.id,
      taskId: task.id,
      payload: { outcome: null, error: null },
    }));
    const more = session.tasksOpen > cancelled.length;
    if (more && cancelled.length === 0)
      throw internalError(`Session ${session.id} counts ${counted(session.tasksOpen, 'open task')}, but none waits.`);
    const closed: EventDraft[] = more
      ? []
      : [{ type: 'session.closed', sessionId: session.id, payload: { reason: 'requested' } }];
    return {
      events: [...cancelled, ...closed, ...reviews],
      reply: () => ({ ok: true, cancelled: cancelled.length, more }),
    };
  },
};
