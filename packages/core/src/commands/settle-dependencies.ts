import type { EventDraft } from '../log/events.ts';
import { dueAfterJump } from '../model/delay.ts';
import { isFulfilledBy, type DependencyEnd } from '../model/dependency.ts';
import { LIMITS } from '../model/limits.ts';
import { isAsking } from '../model/question.ts';
import type { Task } from '../model/task.ts';
import type { Loaded, LoadedEnd } from '../storage/loaded.ts';
import { cancelledBy } from './dependencies.ts';
import { closeOwnSession } from './own-session.ts';

/** What tasks have to be told of the ends of their dependencies. */
export interface SettledDependencies {
  readonly events: readonly EventDraft[];
  /** All that were looked at: each has had its effect, or has none. */
  readonly settledEnds: readonly DependencyEnd[];
  /** Whether there may be more: the page was full, or tasks were cancelled on which others depend. */
  readonly more: boolean;
}

/**
 * Applies the ends of dependencies to the tasks that wait, in the sessions that are loaded. A cancelled task is told as
 * well: if it is retried, it waits only for what is still open.
 */
export function settleDependencies(loaded: Loaded): SettledDependencies {
  const events: EventDraft[] = [];
  const settledEnds: DependencyEnd[] = [];
  const ends = Map.groupBy(loaded.dependencyEnds ?? [], ({ taskId }) => taskId);
  for (const task of loaded.tasks) {
    const own = ends.get(task.id) ?? [];
    if (own.length > 0) events.push(...told(task, own, loaded));
    settledEnds.push(...own.map(({ isOpen: _isOpen, ...end }) => end));
  }
  const { dependedOn = [] } = loaded;
  const isFull = ends.size >= LIMITS.sweep_page_max || settledEnds.length >= LIMITS.settled_ends_max;
  const cascades = events.some(({ type, taskId = '' }) => type === 'task.cancelled' && dependedOn.includes(taskId));
  return { events, settledEnds, more: isFull || cascades };
}

function told(task: Task, ends: readonly LoadedEnd[], { sessions, now }: Loaded): EventDraft[] {
  const { id: taskId, sessionId, onDependencyFailure: policy } = task;
  if (policy === null) return [];
  const events: EventDraft[] = [];
  let open = task.openDependencies ?? 0;
  let waits = task.status === 'blocked' || task.status === 'waiting';
  // One that was retried after an end that was not told has ended again: its last end is what it is now.
  const last = new Map(ends.filter(({ isOpen }) => isOpen).map((end) => [end.dependencyId, end]));
  for (const { dependencyId, seq, status } of last.values()) {
    if (isFulfilledBy(status, policy)) {
      open -= 1;
      const payload = { dependency: dependencyId, status, seq, open_dependencies: open, run_at: dueAt(task, now) };
      const about = { type: 'task.dependency_ended', sessionId, taskId } as const;
      const asks = isAsking(task) ? { still_asks: true as const } : {};
      events.push({ ...about, payload: waits ? { ...payload, ...asks } : { ...payload, after_end: true } });
    } else if (policy === 'cancel' && waits) {
      waits = false;
      events.push({ type: 'task.cancelled', sessionId, taskId, payload: cancelledBy(dependencyId, status) });
      const session = sessions.find((one) => one.session.id === sessionId)?.session;
      if (session !== undefined) events.push(...closeOwnSession(session, taskId));
    }
  }
  return events;
}

/**
 * A delay is never longer from now on than the delay that was asked for, whatever the clock was when it began. That of
 * a task that was running is over.
 */
function dueAt({ status, runAt, delayedAt }: Task, now: number): number | null {
  if (status === 'waiting') return null;
  return runAt !== null && delayedAt !== null && delayedAt > now ? dueAfterJump({ runAt, delayedAt }, 0, now) : runAt;
}
