import type { Orchestrator, TaskRecord } from '@agent-orchestrator/core';
import { everyRow } from './every-row.ts';

/** So many blocked tasks are looked at, so many of them at once. */
export const BLOCKED_READ_MAX = 500;
const AT_ONCE = 20;

/** A blocked task, and those that it waits for in vain until they are retried. */
export interface BlockedTask {
  readonly task: TaskRecord;
  readonly failed: readonly Pick<TaskRecord, 'id' | 'number' | 'status'>[];
}

type Reads = Pick<Orchestrator, 'listTasks' | 'listDependencies' | 'getTask'>;

/** The blocked tasks, of the first `BLOCKED_READ_MAX`, that wait for a task which has ended, and did not succeed. */
export async function readBlocked(reads: Reads): Promise<BlockedTask[]> {
  const { items } = await reads.listTasks({ status: ['blocked'], limit: BLOCKED_READ_MAX });
  // Many wait for the same tasks.
  const known = new Map<string, Promise<TaskRecord | null>>();
  const taskOf = (id: string): Promise<TaskRecord | null> => {
    const task = known.get(id) ?? reads.getTask(id);
    known.set(id, task);
    return task;
  };
  const found: BlockedTask[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    const some = items.slice(at, at + AT_ONCE);
    found.push(
      ...(await Promise.all(some.map(async (task) => ({ task, failed: await failedOf(reads, task, taskOf) })))),
    );
  }
  return found.filter(({ failed }) => failed.length > 0);
}

async function failedOf(
  reads: Reads,
  { id: taskId }: TaskRecord,
  taskOf: (id: string) => Promise<TaskRecord | null>,
): Promise<BlockedTask['failed']> {
  const failed: BlockedTask['failed'][number][] = [];
  for await (const { dependencyId, ended } of everyRow((page) => reads.listDependencies({ taskId, ...page }))) {
    if (ended !== null) continue;
    const task = await taskOf(dependencyId);
    if (task !== null && (task.status === 'failed' || task.status === 'cancelled'))
      failed.push({ id: task.id, number: task.number, status: task.status });
  }
  return failed;
}
