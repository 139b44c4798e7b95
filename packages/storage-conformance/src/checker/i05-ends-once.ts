import type { Event } from '@agent-orchestrator/core';
import { byTask, name, payloadOf, type History } from './history.ts';
import { violation, type Violation } from './violation.ts';

/** I5. A task is done, dead or cancelled once; only a retry by hand lets it end again. */
export function endsOnce({ events }: History): Violation[] {
  return [...byTask(events).values()].flatMap(checkTask);
}

function checkTask(events: readonly Event[]): Violation[] {
  const found: Violation[] = [];
  let ended: Event | null = null;
  for (const event of events) {
    if (event.type === 'task.retried') ended = null;
    if (!isEnd(event)) continue;
    if (ended !== null)
      found.push(violation('I5', [ended, event], `${name(event)} ends ${event.taskId} a second time.`));
    ended = event;
  }
  return found;
}

/** Whether it ends its task for good. */
export function isEnd(event: Event): boolean {
  if (event.type === 'task.failed') return payloadOf(event, 'task.failed').run_at === null;
  if (event.type === 'task.approved') return payloadOf(event, 'task.approved').done;
  if (event.type === 'task.changes_requested') return payloadOf(event, 'task.changes_requested').final;
  return event.type === 'task.succeeded' || event.type === 'task.cancelled';
}
