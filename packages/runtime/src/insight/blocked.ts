import { waitsForTasks, type Counts, type Orchestrator, type TaskRecord } from '@agent-orchestrator/core';
import { everyRow } from './every-row.ts';

/** So many tasks of each status are looked at, so many of them at once. */
const READ_MAX = 500;
const AT_ONCE = 20;
/** The statuses of tasks that can wait for others. */
const STATUSES = ['blocked', 'waiting'] as const;

/** A task that waits, and those that it waits for in vain until they are retried. */
export interface BlockedTask {
  readonly task: TaskRecord;
  readonly failed: readonly Pick<TaskRecord, 'id' | 'number' | 'status'>[];
}

type Reads = Pick<Orchestrator, 'listTasks' | 'listDependencies' | 'getTask'>;

/** Tasks that wait in vain, of those that were looked at; and how many were not. */
interface BlockedTasks {
  readonly blocked: readonly BlockedTask[];
  readonly unread: number;
}

/** The tasks, of the first `READ_MAX` of each status, that wait for a task which has ended, and did not succeed. */
export async function readBlocked(reads: Reads, { tasks: counts }: Pick<Counts, 'tasks'>): Promise<BlockedTasks> {
  const pages = STATUSES.filter((status) => counts[status] > 0).map((status) =>
    reads.listTasks({ status: [status], limit: READ_MAX }),
  );
  const items = (await Promise.all(pages)).flatMap((page) => page.items).filter((task) => waitsForTasks(task));
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
  return {
    blocked: found.filter(({ failed }) => failed.length > 0),
    unread: STATUSES.reduce((sum, status) => sum + Math.max(0, counts[status] - READ_MAX), 0),
  };
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
