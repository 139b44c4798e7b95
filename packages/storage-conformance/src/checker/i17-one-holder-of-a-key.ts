import type { Event } from '@agent-orchestrator/core';
import { name, payloadOf, type History } from './history.ts';
import { isEnd } from './i05-ends-once.ts';
import { violation, type Violation } from './violation.ts';

/** A task that has a dedupe key, and whether it holds it until it ends, or as long as it is kept. */
interface Keyed {
  readonly key: string;
  readonly untilEnd: boolean;
}

/** I17. A dedupe key is held by one task at a time. */
export function oneHolderOfAKey({ events }: History): Violation[] {
  const found: Violation[] = [];
  const tasks = new Map<string, Keyed>();
  const holders = new Map<string, Event>();
  for (const event of events) {
    const id = `${event.namespace}\n${event.taskId}`;
    if (event.type === 'task.queued') {
      const { dedupe_key: key, dedupe_while: time } = payloadOf(event, 'task.queued');
      if (key !== null) tasks.set(id, { key: `${event.namespace}\n${key}`, untilEnd: time === 'open' });
    }
    const task = tasks.get(id);
    if (task === undefined) continue;
    const holder = holders.get(task.key);
    const isHolder = holder?.taskId === event.taskId;
    if (event.type === 'task.queued' || event.type === 'task.retried') {
      if (holder === undefined) holders.set(task.key, event);
      else if (!isHolder)
        found.push(violation('I17', [holder, event], `${name(event)} takes a key that ${holder.taskId} holds.`));
    } else if (task.untilEnd && isHolder && isEnd(event)) holders.delete(task.key);
  }
  return found;
}
