/**
 * What events do to the dependencies of tasks. Like `evolve` for sessions and tasks, it is the only place where they
 * change: the events of one session tell all about the tasks in it.
 */
import { isFulfilledBy, type Dependency } from '../model/dependency.ts';
import type { EndedStatus } from '../model/statuses.ts';
import type { Task } from '../model/task.ts';
import type { AddedDependencies, EventPayloads, EventType } from './events.ts';

type Queued = EventPayloads['task.queued'];
type Ended = EventPayloads['task.dependency_ended'];

/** The events that can add dependencies: a new task has them, or a holder waits for other tasks. */
const ADDS_DEPENDENCIES = ['task.queued', 'task.asked', 'task.waiting'] as const satisfies readonly EventType[];

/** Whether an event of this type can add dependencies to its task. */
export function canAddDependencies(type: EventType): type is (typeof ADDS_DEPENDENCIES)[number] {
  return (ADDS_DEPENDENCIES as readonly EventType[]).includes(type);
}

/** How many of the added dependencies the task waits for; null: none was added. */
export function openDependenciesOf(payload: AddedDependencies): number | null {
  const { depends_on: all, dependencies_ended: ended = {} } = payload;
  return all === undefined ? null : all.length - Object.keys(ended).length;
}

/** The fields of a new task that say what it waits for, and of what it is a part. */
export function relationsOf(payload: Queued): Pick<Task, 'openDependencies' | 'onDependencyFailure' | 'parentId'> {
  return {
    openDependencies: openDependenciesOf(payload),
    onDependencyFailure: payload.on_dependency_failure ?? null,
    parentId: payload.parent_id ?? null,
  };
}

/** The task after its holder has begun to wait for others. Those that it waited for before have ended all. */
export function afterDependenciesAdded(task: Task, payload: AddedDependencies): Task {
  const openDependencies = openDependenciesOf(payload);
  if (openDependencies === null) return task;
  return { ...task, openDependencies, onDependencyFailure: payload.on_dependency_failure ?? null };
}

/** The task after one of its dependencies has ended. A delay that began by a clock that was ahead begins anew. */
export function afterDependencyEnded(task: Task, payload: Ended): Task {
  const moved = payload.run_at === null || task.runAt === null ? 0 : payload.run_at - task.runAt;
  return {
    ...task,
    openDependencies: payload.open_dependencies,
    runAt: payload.run_at,
    delayedAt: task.delayedAt === null || payload.run_at === null ? null : task.delayedAt + moved,
    queuedAt: task.queuedAt + moved,
  };
}

/** Whether the number of open dependencies in the event follows on that of the task. */
export function isCountedRight(task: Task, { status, open_dependencies: open }: Ended): boolean {
  if (task.openDependencies === null || task.onDependencyFailure === null) return false;
  return open === task.openDependencies - (isFulfilledBy(status, task.onDependencyFailure) ? 1 : 0) && open >= 0;
}

/** The dependencies that an event adds to its task. */
export function dependenciesOf(task: Pick<Task, 'namespace' | 'id'>, payload: AddedDependencies): Dependency[] {
  const { depends_on: all = [], dependencies_ended: ended = {}, on_dependency_failure: policy } = payload;
  if (policy === undefined) return [];
  return all.map((dependencyId) => ({
    namespace: task.namespace,
    taskId: task.id,
    dependencyId,
    onDependencyFailure: policy,
    ended: Object.hasOwn(ended, dependencyId) ? (ended[dependencyId] as EndedStatus) : null,
  }));
}

/** The change of the dependency that has ended; none if the task waits for it still. */
export function dependencyEnded(
  { namespace, id: taskId, onDependencyFailure }: Pick<Task, 'namespace' | 'id' | 'onDependencyFailure'>,
  { dependency: dependencyId, status }: Ended,
): { readonly before: Dependency; readonly after: Dependency }[] {
  if (onDependencyFailure === null || !isFulfilledBy(status, onDependencyFailure)) return [];
  const before = { namespace, taskId, dependencyId, onDependencyFailure, ended: null };
  return [{ before, after: { ...before, ended: status } }];
}
