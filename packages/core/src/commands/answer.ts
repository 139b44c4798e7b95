import { z } from 'zod';
import { waitsForTasks } from '../model/dependency.ts';
import * as field from '../model/fields.ts';
import { isAsking } from '../model/question.ts';
import type { TaskStatus } from '../model/statuses.ts';
import type { Task } from '../model/task.ts';
import { type Command, refusalReason, refuse } from './command.ts';
import { receiptTask, type ReceiptTask } from './receipt-reply.ts';

/** The input of `answerTask`. */
export const answerInput = z.lazy(() =>
  z.strictObject({
    namespace: field.name,
    commandId: field.commandId,
    taskId: field.id,
    answer: field.message,
    /** The author of the answer. */
    agent: field.name.optional(),
    /** Answers the question that was asked at this time (ms), and no later one. */
    askedAt: z.int().min(0).optional(),
  }),
);

/** The input, checked and filled in. */
export type AnswerInput = z.output<typeof answerInput>;

/** The task with the answer, queued again unless it waits for other tasks; or the reason why not. */
export type AnswerReply =
  | { readonly ok: true; readonly task: Task }
  /** The task has asked nothing; or it ended before an answer came. */
  | { readonly ok: false; readonly reason: 'no_question'; readonly status: TaskStatus }
  /** Another answer came before. */
  | {
      readonly ok: false;
      readonly reason: 'answered';
      readonly status: TaskStatus;
      readonly answer: string;
      readonly answeredBy: string | null;
    }
  /** The task asks another question now: it was asked at `askedAt`, in milliseconds. */
  | { readonly ok: false; readonly reason: 'other_question'; readonly askedAt: number }
  | { readonly ok: false; readonly reason: 'not_found' };

/** Answers the question of a waiting task: the task is queued again in its old place. */
export const answer: Command<AnswerInput, AnswerReply> = {
  name: 'answer',
  input: answerInput,
  refusalReason,
  events: ['task.answered'],
  receipt: {
    store: ({ task }) => ({ reply: receiptTask(task), tasks: [task.id] }),
    restore: (stored, rows) => ({ ok: true, task: rows.task(0, stored as ReceiptTask) }),
  },

  scope: ({ namespace, commandId, taskId }) => ({ by: 'task', namespace, commandId, taskId }),

  decide(input, loaded) {
    const task = loaded.tasks[0];
    if (task === undefined) return refuse({ ok: false, reason: 'not_found' });
    const { id, sessionId, status, askedAt, openDependencies } = task;
    const isOther = input.askedAt !== undefined && input.askedAt !== askedAt;
    if (askedAt === null) return refuse({ ok: false, reason: 'no_question', status });
    if (isOther) return refuse({ ok: false, reason: 'other_question', askedAt });
    if (task.answer !== null)
      return refuse({ ok: false, reason: 'answered', status, answer: task.answer, answeredBy: task.answeredBy });
    if (!isAsking(task)) return refuse({ ok: false, reason: 'no_question', status });
    // It waits for other tasks, too.
    const waits = waitsForTasks(task) ? { open_dependencies: openDependencies ?? 0 } : {};

    return {
      events: [
        {
          type: 'task.answered',
          sessionId,
          taskId: id,
          agent: input.agent ?? null,
          payload: { answer: input.answer, asked_at: askedAt, ...waits },
        },
      ],
      reply: (after) => ({ ok: true, task: after.task(id) }),
    };
  },
};
