import { name, payloadOf, type History } from './history.ts';
import { violation, type Violation } from './violation.ts';

/**
 * I15. No agent reviews work that it held itself: by the grants of the reviewed task, not by what the review says. And
 * each agent approves once in a round.
 */
export function noOwnReview(history: History): Violation[] {
  return [...ownWork(history), ...approvedTwice(history)];
}

function approvedTwice({ events }: History): Violation[] {
  const approvals = new Set<string>();
  const rounds = new Map<string, number>();
  return events.flatMap((event) => {
    const task = `${event.namespace}\n${event.taskId}`;
    if (event.type === 'task.review_requested') rounds.set(task, event.id);
    if (event.type !== 'task.approved') return [];
    const approval = `${task}\n${rounds.get(task)}\n${event.agent}`;
    const isFirst = !approvals.has(approval);
    approvals.add(approval);
    return isFirst ? [] : [violation('I15', [event], `${name(event)} is the second approval of ${event.agent}.`)];
  });
}

function ownWork({ events }: History): Violation[] {
  const reviewed = new Map<string, string>();
  const holders = new Map<string, Set<string>>();
  const found: Violation[] = [];
  for (const event of events) {
    const key = `${event.namespace}\n${event.taskId}`;
    if (event.type === 'task.queued') {
      const { review_of: of } = payloadOf(event, 'task.queued');
      if (of !== undefined) reviewed.set(key, `${event.namespace}\n${of.task_id}`);
    }
    if (event.type !== 'task.claimed' || event.agent === null) continue;
    if (holders.get(reviewed.get(key) ?? '')?.has(event.agent))
      found.push(violation('I15', [event], `${name(event)} lets ${event.agent} review work that it held.`));
    holders.set(key, (holders.get(key) ?? new Set()).add(event.agent));
  }
  return found;
}
