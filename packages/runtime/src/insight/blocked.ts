import type { Orchestrator, TaskRecord } from '@agent-orchestrator/core';

/** So many blocked tasks are looked at, and so many of the tasks that each waits for. */
const LOOKED_AT = 50;

/** A blocked task, and those that it waits for in vain until they are retried. */
export interface BlockedTask {
  readonly task: TaskRecord;
  readonly failed: readonly Pick<TaskRecord, 'id' | 'number' | 'status'>[];
}

/** The first blocked tasks that wait for a task which has ended, and did not succeed. */
export async function readBlocked(
  reads: Pick<Orchestrator, 'listTasks' | 'listDependencies' | 'getTask'>,
): Promise<BlockedTask[]> {
  const { items } = await reads.listTasks({ status: ['blocked'], limit: LOOKED_AT });
  const found = await Promise.all(items.map(async (task) => ({ task, failed: await failedOf(reads, task.id) })));
  return found.filter(({ failed }) => failed.length > 0);
}

async function failedOf(
  reads: Pick<Orchestrator, 'listDependencies' | 'getTask'>,
  taskId: string,
): Promise<BlockedTask['failed']> {
  const { items } = await reads.listDependencies({ taskId, limit: LOOKED_AT });
  const open = items.filter(({ ended }) => ended === null);
  const tasks = await Promise.all(open.map(({ dependencyId }) => reads.getTask(dependencyId)));
  return tasks.flatMap((task) =>
    task !== null && (task.status === 'failed' || task.status === 'cancelled')
      ? [{ id: task.id, number: task.number, status: task.status }]
      : [],
  );
}
