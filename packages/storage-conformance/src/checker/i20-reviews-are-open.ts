import type { Event } from '@agent-orchestrator/core';
import { byTask, payloadOf, taskKey, type History } from './history.ts';
import { violation, type Violation } from './violation.ts';

/**
 * I20. A task in review has as many open reviews as approvals that it lacks: as the log leaves it. A review whose
 * reviewers failed is a dead letter, and counts as open: a retry by hand brings it back.
 */
export function reviewsAreOpen({ events }: History): Violation[] {
  const tasks = byTask(events);
  return [...tasks.values()].flatMap((own) => {
    const lacking = lackingOf(own);
    if (lacking === null) return [];
    const open = lacking.reviews.filter((id) => isOpen(tasks.get(taskKey(own[0]?.namespace, id)) ?? []));
    if (open.length === lacking.approvals) return [];
    const why = `${own[0]?.taskId} lacks ${lacking.approvals} approvals and has ${open.length} open reviews.`;
    return [violation('I20', own.slice(-1), why)];
  });
}

/** What a task in review lacks; null: it is not in review. */
function lackingOf(
  events: readonly Event[],
): { readonly approvals: number; readonly reviews: readonly string[] } | null {
  const [first] = events;
  const asked = first?.type === 'task.queued' ? payloadOf(first, 'task.queued').review : undefined;
  const from = events.findLastIndex(({ type }) => type === 'task.review_requested');
  const begun = events[from];
  if (asked === undefined || begun === undefined) return null;
  let approvals = asked.approvals;
  for (const event of events.slice(from + 1)) {
    if (event.type !== 'task.approved') return null;
    approvals -= 1;
  }
  return approvals === 0 ? null : { approvals, reviews: payloadOf(begun, 'task.review_requested').reviews };
}

function isOpen(events: readonly Event[]): boolean {
  return (
    events[0]?.type === 'task.queued' &&
    !events.some(({ type }) => type === 'task.succeeded' || type === 'task.cancelled')
  );
}
