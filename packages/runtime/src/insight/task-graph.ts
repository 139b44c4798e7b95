import type { Dependency, Orchestrator, TaskRecord } from '@agent-orchestrator/core';

/** So many tasks are shown of a graph; the nearest ones come first. */
export const GRAPH_TASKS_MAX = 200;

/** A task of a graph, without what only its holder needs. */
export type GraphTask = Pick<
  TaskRecord,
  'id' | 'number' | 'kind' | 'title' | 'status' | 'openDependencies' | 'onDependencyFailure' | 'parentId'
>;

/** The tasks around one: what it waits for, what waits for it, and what it is a part of, and so on from each. */
export interface TaskGraph {
  /** The task that was asked for. */
  readonly taskId: string;
  /** That task first, then by their distance. */
  readonly tasks: readonly GraphTask[];
  /** Each once: `taskId` depends on `dependencyId`. */
  readonly dependencies: readonly Pick<Dependency, 'taskId' | 'dependencyId' | 'ended'>[];
  /** Whether there are others, which are not shown. */
  readonly more: boolean;
}

type Reads = Pick<Orchestrator, 'getTask' | 'listTasks' | 'listDependencies'>;

/** @returns null if there is no such task */
export async function readTaskGraph(reads: Reads, reference: string): Promise<TaskGraph | null> {
  const start = await reads.getTask(reference);
  if (start === null) return null;
  const tasks = new Map<string, GraphTask>([[start.id, inGraph(start)]]);
  const dependencies = new Map<string, TaskGraph['dependencies'][number]>();
  let more = false;
  // The map grows while it is walked over, so each task that is found is visited in its turn.
  for (const { id, parentId } of tasks.values()) {
    const found = await neighbours(reads, id, parentId);
    more ||= found.more;
    for (const { taskId, dependencyId, ended } of found.dependencies)
      dependencies.set(`${taskId}\n${dependencyId}`, { taskId, dependencyId, ended });
    for (const other of found.ids) {
      if (tasks.has(other)) continue;
      if (tasks.size === GRAPH_TASKS_MAX) {
        more = true;
        continue;
      }
      const task = await reads.getTask(other);
      if (task !== null) tasks.set(task.id, inGraph(task));
    }
  }
  return {
    taskId: start.id,
    tasks: [...tasks.values()],
    dependencies: [...dependencies.values()].filter(
      ({ taskId, dependencyId }) => tasks.has(taskId) && tasks.has(dependencyId),
    ),
    more,
  };
}

interface Neighbours {
  readonly ids: readonly string[];
  readonly dependencies: readonly Dependency[];
  readonly more: boolean;
}

async function neighbours(reads: Reads, id: string, parentId: string | null): Promise<Neighbours> {
  const limit = GRAPH_TASKS_MAX;
  const [before, after, parts] = await Promise.all([
    reads.listDependencies({ taskId: id, limit }),
    reads.listDependencies({ dependencyId: id, limit }),
    reads.listTasks({ parentId: id, limit }),
  ]);
  return {
    ids: [
      ...before.items.map(({ dependencyId }) => dependencyId),
      ...after.items.map(({ taskId }) => taskId),
      ...(parentId === null ? [] : [parentId]),
      ...parts.items.map((task) => task.id),
    ],
    dependencies: [...before.items, ...after.items],
    more: [before, after, parts].some(({ next }) => next !== null),
  };
}

function inGraph(task: TaskRecord): GraphTask {
  const { id, number, kind, title, status, openDependencies, onDependencyFailure, parentId } = task;
  return { id, number, kind, title, status, openDependencies, onDependencyFailure, parentId };
}
