import { name, payloadOf, type History } from './history.ts';
import { violation, type Violation } from './violation.ts';

/** I15. No agent reviews work that it held itself: by the grants of the reviewed task, not by what the review says. */
export function noOwnReview({ events }: History): Violation[] {
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
