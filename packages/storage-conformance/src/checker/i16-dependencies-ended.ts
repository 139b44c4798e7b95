import type { Event } from '@agent-orchestrator/core';
import { name, payloadOf, type History } from './history.ts';
import { violation, type Violation } from './violation.ts';

/** What is known of a task that others may wait for. */
interface Ends {
  /** By the number of the event, in the stream of its session. */
  readonly bySeq: Map<number, string>;
  readonly statuses: Set<string>;
}

/** The tasks that one waits for, and whether any end of one is enough. */
interface Waiting {
  readonly dependencies: readonly string[];
  readonly anyEnd: boolean;
}

/**
 * I16. Every dependency of a granted task had ended as its policy asks, and a task is told only of ends that happened.
 * (That a blocked task is never granted is part of I8.)
 */
export function dependenciesEnded({ events }: History): Violation[] {
  const found: Violation[] = [];
  const ends = new Map<string, Ends>();
  const waiting = new Map<string, Waiting>();
  for (const event of events) {
    const { namespace, taskId } = event;
    if (taskId === null) continue;
    const keyOf = (id: string): string => `${namespace}\n${id}`;
    const status = endOf(event);
    if (status !== null) {
      const known = ends.get(keyOf(taskId)) ?? { bySeq: new Map(), statuses: new Set() };
      known.bySeq.set(event.seq, status);
      known.statuses.add(status);
      ends.set(keyOf(taskId), known);
    }
    if (event.type === 'task.queued' || event.type === 'task.asked' || event.type === 'task.waiting') {
      // A holder that waits for others had been granted: what its task waited for before has ended.
      const { depends_on: dependencies, on_dependency_failure: policy } = payloadOf(event, event.type);
      if (dependencies !== undefined) waiting.set(keyOf(taskId), { dependencies, anyEnd: policy === 'run' });
    } else if (event.type === 'task.dependency_ended') {
      const { dependency, seq, status: told } = payloadOf(event, 'task.dependency_ended');
      if (ends.get(keyOf(dependency))?.bySeq.get(seq) !== told)
        found.push(
          violation('I16', [event], `${name(event)} names an end of ${dependency} that did not happen before.`),
        );
    } else if (event.type === 'task.claimed') {
      const { dependencies = [], anyEnd = false } = waiting.get(keyOf(taskId)) ?? {};
      for (const id of dependencies) {
        const statuses = ends.get(keyOf(id))?.statuses;
        if (statuses === undefined || !(anyEnd || statuses.has('succeeded')))
          found.push(violation('I16', [event], `${name(event)} grants a task that waits for ${id}.`));
      }
    }
  }
  return found;
}

function endOf(event: Event): string | null {
  switch (event.type) {
    case 'task.succeeded':
      return 'succeeded';
    case 'task.cancelled':
      return 'cancelled';
    case 'task.failed':
      return payloadOf(event, 'task.failed').run_at === null ? 'failed' : null;
    case 'task.approved':
      return payloadOf(event, 'task.approved').done ? 'succeeded' : null;
    case 'task.changes_requested':
      return payloadOf(event, 'task.changes_requested').final ? 'failed' : null;
    default:
      return null;
  }
}
