import { z } from 'zod';
import type { EventDraft } from '../log/events.ts';
import * as field from '../model/fields.ts';
import { isOpenReview, reviewOf } from '../model/review.ts';
import { holdsDedupeKey, type Task } from '../model/task.ts';
import { isEnded, type TaskStatus } from '../model/statuses.ts';
import { type Command, needMore, refusalReason, refuse } from './command.ts';
import { receiptTask, type ReceiptTask } from './receipt-reply.ts';

/** The input of `retryTask`. */
export const retryInput = z.lazy(() =>
  z.strictObject({ namespace: field.name, commandId: field.commandId, taskId: field.id }),
);

/** The input, checked and filled in. */
export type RetryInput = z.output<typeof retryInput>;

/** The task, queued again; or the reason why not. */
export type RetryReply =
  | { readonly ok: true; readonly task: Task }
  /** Only a dead letter or a cancelled task can be retried. */
  | { readonly ok: false; readonly reason: 'not_ended' | 'succeeded'; readonly status: TaskStatus }
  | { readonly ok: false; readonly reason: 'not_found' }
  /** It is a review, and the task is not reviewed any more in that round. */
  | { readonly ok: false; readonly reason: 'review_over'; readonly reviewed: string }
  /** Another task has taken its dedupe key since it ended: `task` is that one. */
  | { readonly ok: false; readonly reason: 'duplicate'; readonly task: Task };

/**
 * Queues a failed or cancelled task again by hand: its counters start from zero, and a closed session is opened again.
 */
export const retry: Command<RetryInput, RetryReply> = {
  name: 'retry',
  input: retryInput,
  refusalReason,
  events: ['session.opened', 'task.retried'],
  receipt: {
    store: ({ task }) => ({ reply: receiptTask(task), tasks: [task.id] }),
    restore: (stored, rows) => ({ ok: true, task: rows.task(0, stored as ReceiptTask) }),
  },

  scope: ({ namespace, commandId, taskId }, { needs } = {}) => ({
    by: 'task',
    namespace,
    commandId,
    taskId,
    keyHolder: true,
    ...(needs && { extraTaskIds: needs.extraTaskIds ?? [] }),
  }),

  decide(_input, loaded) {
    const task = loaded.tasks[0];
    const session = loaded.sessions[0]?.session;
    if (task === undefined || session === undefined) return refuse({ ok: false, reason: 'not_found' });
    if (task.status === 'succeeded') return refuse({ ok: false, reason: 'succeeded', status: task.status });
    if (!isEnded(task.status)) return refuse({ ok: false, reason: 'not_ended', status: task.status });
    const holder = keyHolder(task, loaded.tasks);
    if (holder !== null) return refuse({ ok: false, reason: 'duplicate', task: holder });

    const of = reviewOf(task);
    const reviewed = loaded.tasks.find(({ id }) => id === of?.task_id);
    if (of !== null && reviewed === undefined) return needMore({ extraTaskIds: [of.task_id] });
    if (of !== null && reviewed !== undefined && !isOpenReview(task, reviewed))
      return refuse({ ok: false, reason: 'review_over', reviewed: of.task_id });
    const reopened: EventDraft[] =
      session.status === 'closed'
        ? [{ type: 'session.opened', sessionId: session.id, payload: { number: session.number } }]
        : [];
    const waits = task.openDependencies !== null && task.openDependencies > 0;
    const payload = waits ? { open_dependencies: task.openDependencies } : {};
    return {
      events: [...reopened, { type: 'task.retried', sessionId: session.id, taskId: task.id, payload }],
      reply: (after) => ({ ok: true, task: after.task(task.id) }),
    };
  },
};

/** The other task that holds its dedupe key. A task that holds its own key has no rival. */
function keyHolder({ id, dedupeKey }: Task, tasks: readonly Task[]): Task | null {
  return tasks.find((other) => other.id !== id && other.dedupeKey === dedupeKey && holdsDedupeKey(other)) ?? null;
}
