import type { EventDraft } from '../log/events.ts';
import { dueAfterJump, isDelayedTooLong } from '../model/delay.ts';
import { returnAfterJump, returnsTooLate } from '../model/hand-off.ts';
import { LIMITS } from '../model/limits.ts';
import type { Task } from '../model/task.ts';
import { compareCodePoints } from '../model/text.ts';
import type { Command } from './command.ts';

export interface RescheduleInput {
  readonly namespace: string;
}

export interface RescheduleReply {
  /** Whether no such task is left. */
  readonly done: boolean;
}

/**
 * The part of a clock jump that concerns tasks: those, in all namespaces, whose delay began by a clock that was ahead
 * wait no longer than the delay that was asked for, and those that were handed off for a time return no later than
 * after that time. It works in pages: a task that was done is no longer among them.
 */
export const reschedule: Command<RescheduleInput, RescheduleReply> = {
  name: 'reschedule',
  input: null,
  events: ['task.rescheduled', 'task.return_rescheduled'],
  receipt: null,

  scope: ({ namespace }) => ({ by: 'delayed', namespace, limit: LIMITS.sweep_page_max }),

  decide(_input, { sessions, tasks, clock, now }) {
    const byMs = clock.jump?.byMs ?? 0;
    const events = tasks
      .toSorted((a, b) => compareCodePoints(a.namespace, b.namespace) || compareCodePoints(a.id, b.id))
      .flatMap((task) => rescheduledBy(task, byMs, now));
    // A page whose tasks another process did meanwhile says nothing of the tasks after it.
    return { events, reply: () => ({ done: sessions.length === 0 }) };
  },
};

function rescheduledBy(task: Task, byMs: number, now: number): EventDraft[] {
  const { namespace, sessionId, id: taskId } = task;
  const about = { namespace, sessionId, taskId };
  if (isDelayedTooLong(task, now)) {
    const delay = { run_at: dueAfterJump(task, byMs, now), delay_ms: task.runAt - task.delayedAt };
    return [{ type: 'task.rescheduled', ...about, payload: { by_ms: byMs, ...delay } }];
  }
  if (!returnsTooLate(task, now)) return [];
  const delay = { return_at: returnAfterJump(task, byMs, now), delay_ms: task.returnAt - task.handedOffAt };
  return [{ type: 'task.return_rescheduled', ...about, payload: { by_ms: byMs, ...delay } }];
}
