import type { EventDraft } from '../log/events.ts';
import { dueAfterJump, isDelayedTooLong } from '../model/delay.ts';
import { LIMITS } from '../model/limits.ts';
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
 * wait no longer than the delay that was asked for. It works in pages: a task that was done is no longer among them.
 */
export const reschedule: Command<RescheduleInput, RescheduleReply> = {
  name: 'reschedule',
  input: null,
  events: ['task.rescheduled'],
  receipt: null,

  scope: ({ namespace }) => ({ by: 'delayed', namespace, limit: LIMITS.sweep_page_max }),

  decide(_input, { sessions, tasks, clock, now }) {
    const byMs = clock.jump?.byMs ?? 0;
    const delayed = tasks
      .filter((task) => isDelayedTooLong(task, now))
      .toSorted((a, b) => compareCodePoints(a.namespace, b.namespace) || compareCodePoints(a.id, b.id));
    const events = delayed.map((task): EventDraft => ({
      type: 'task.rescheduled',
      namespace: task.namespace,
      sessionId: task.sessionId,
      taskId: task.id,
      payload: { by_ms: byMs, run_at: dueAfterJump(task, byMs, now), delay_ms: task.runAt - task.delayedAt },
    }));
    // A page whose tasks another process did meanwhile says nothing of the tasks after it.
    return { events, reply: () => ({ done: sessions.length === 0 }) };
  },
};
