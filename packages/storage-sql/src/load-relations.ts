/*
 * What the tasks of a scope have to do with others.
 */
import { LIMITS, type AwaitedTask, type LoadedEnd, type RelatedTask, type Task } from '@agent-orchestrator/core';
import type { ScopeLookups } from './scope-lookups.ts';
import { unique, type Found, type ScopePlan } from './scope-plan.ts';

/** Which of the tasks that may end are waited for, and which of those that may be granted have sub-tasks. */
export function relationsOf(on: ScopeLookups, { sessions, tasks }: Found): Pick<Found, 'dependedOn' | 'withSubtasks'> {
  const dependedOn: string[] = [];
  const withSubtasks: string[] = [];
  for (const { task, head } of sessions) {
    if (task !== null && on.isDependedOn(task)) dependedOn.push(task.id);
    if (head !== null && on.hasSubtasks(head)) withSubtasks.push(head.id);
  }
  for (const task of tasks) if (on.isDependedOn(task)) dependedOn.push(task.id);
  return { dependedOn, withSubtasks };
}

/** At most so many as one unit of work applies. */
export function endsOf(on: ScopeLookups, tasks: readonly Task[]): LoadedEnd[] {
  const found: LoadedEnd[] = [];
  for (const task of tasks) {
    const left = LIMITS.settled_ends_max - found.length;
    if (left === 0) break;
    found.push(...on.dependencyEnds(task, left).map((end) => ({ ...end, isOpen: on.isOpen(end) })));
  }
  return found;
}

export function relatedTasks(on: ScopeLookups, { namespace, related }: ScopePlan): RelatedTask[] {
  return unique(related).flatMap((id) => on.relatedTask(namespace, id) ?? []);
}

/** For what the related tasks wait, directly or through others. */
export function awaitedBy(on: ScopeLookups, { namespace, related }: ScopePlan): AwaitedTask[] {
  const found: AwaitedTask[] = [];
  const reached = new Set(related);
  // What is added to a set while it is walked over is walked over, too.
  for (const taskId of reached) {
    for (const dependencyId of on.awaited(namespace, taskId)) {
      if (found.length === LIMITS.awaited_dependencies_max) return found;
      found.push({ taskId, dependencyId });
      reached.add(dependencyId);
    }
  }
  return found;
}
