import type { Task } from '../model/task.ts';
import type { EventPayloads, NewEvent } from './events.ts';

/*
 * What questions and answers do to a task.
 */

/** The question replaces the last one, and its answer. Each question of a task has a time of its own: it names it. */
export function asked(task: Task, payload: EventPayloads['task.asked'], { agent, at }: NewEvent): Task {
  return {
    ...task,
    question: payload.question,
    askedAt: Math.max(at, (task.askedAt ?? 0) + 1),
    askedBy: agent,
    askedAgent: payload.asked_agent,
    askedRole: payload.asked_role,
    answer: null,
    answeredBy: null,
  };
}

/** Neither its age nor its due time changes: it is back in its old place. */
export function answered(task: Task, { answer }: EventPayloads['task.answered'], { agent }: NewEvent): Task {
  return { ...task, answer, answeredBy: agent };
}
