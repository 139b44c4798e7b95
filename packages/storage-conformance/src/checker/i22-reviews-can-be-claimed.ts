import type { Event } from '@agent-orchestrator/core';
import { payloadOf, taskKey, type History } from './history.ts';
import { violation, type Violation } from './violation.ts';

/** A review that has no verdict. */
interface OpenReview {
  /** The key of the work. */
  readonly work: string;
  readonly round: number;
  /** The only agent that may claim it; null: any with its role. */
  assignee: string | null;
  /** The agents that held the work, or approved another review of the round. */
  readonly notFor: Set<string>;
  /** The event that said last for whom it is. */
  event: Event;
}

/** I22. An open review is not for one agent alone that may not judge it: as the log leaves it. */
export function reviewsCanBeClaimed({ events }: History): Violation[] {
  const open = new Map<string, OpenReview>();
  const holders = new Map<string, Set<string>>();
  for (const event of events) {
    const key = taskKey(event.namespace, event.taskId);
    if (event.type === 'task.claimed' && event.agent !== null)
      holders.set(key, (holders.get(key) ?? new Set()).add(event.agent));
    else if (event.type === 'task.queued') {
      const { review_of: of, assignee } = payloadOf(event, 'task.queued');
      const work = taskKey(event.namespace, of?.task_id ?? null);
      if (of !== undefined)
        open.set(key, { work, round: of.round, assignee, notFor: new Set(holders.get(work)), event });
    } else if (event.type === 'task.approved')
      for (const review of open.values())
        if (review.work === key && review.round === payloadOf(event, 'task.approved').round)
          review.notFor.add(event.agent ?? '');
    if (event.type === 'task.succeeded' || event.type === 'task.cancelled') open.delete(key);
    const review = open.get(key);
    const assignee = review === undefined ? undefined : newAssignee(event);
    if (review !== undefined && assignee !== undefined) Object.assign(review, { assignee, event });
  }
  return [...open.values()].flatMap(({ assignee, notFor, event }) => {
    if (assignee === null || !notFor.has(assignee)) return [];
    return [violation('I22', [event], `${event.taskId} is a review for ${assignee}, who may not judge it.`)];
  });
}

/** For which agent a task is after an event; undefined: it does not say. */
function newAssignee(event: Event): string | null | undefined {
  if (event.type === 'task.handed_off') return payloadOf(event, 'task.handed_off').assignee;
  if (event.type === 'task.handed_back') return payloadOf(event, 'task.handed_back').assignee;
  if (event.type !== 'task.reviewer_excluded') return undefined;
  return payloadOf(event, 'task.reviewer_excluded').role === undefined ? undefined : null;
}
