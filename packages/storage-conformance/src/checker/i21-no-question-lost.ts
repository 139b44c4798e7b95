import type { Event, EventType } from '@agent-orchestrator/core';
import { byTask, name, payloadOf, type History } from './history.ts';
import { violation, type Violation } from './violation.ts';

/** What may happen to a task while its question is open: none of it lets the task continue. */
const BESIDE_A_QUESTION: ReadonlySet<EventType> = new Set([
  'lease.refused',
  'task.dependency_ended',
  'task.reviewer_excluded',
]);

/**
 * I21. No question is lost: a task that asked something has an open question until it is answered or cancelled, and an
 * answer belongs to the open question. (That a waiting task has an open question or an open dependency is part of I8.)
 */
export function noQuestionLost({ events }: History): Violation[] {
  return [...byTask(events).values()].flatMap(checkTask);
}

function checkTask(events: readonly Event[]): Violation[] {
  const found: Violation[] = [];
  let asked: Event | null = null;
  let askedAt = -1;
  for (const event of events) {
    const open: Event | null = asked;
    if (event.type === 'task.answered') {
      if (open === null) found.push(violation('I21', [event], `${name(event)} answers no open question.`));
      else if (payloadOf(event, 'task.answered').asked_at !== askedAt)
        found.push(violation('I21', [open, event], `${name(event)} answers another question than ${name(open)}.`));
      asked = null;
    } else if (event.type === 'task.asked') {
      // Each question of a task has a time of its own.
      askedAt = Math.max(event.at, askedAt + 1);
      asked = event;
      if (payloadOf(event, 'task.asked').question === '')
        found.push(violation('I21', [event], `${name(event)} asks nothing.`));
    } else if (event.type === 'task.cancelled') asked = null;
    else if (open !== null && !BESIDE_A_QUESTION.has(event.type))
      found.push(violation('I21', [open, event], `${name(event)} comes while the question is open.`));
  }
  return found;
}
