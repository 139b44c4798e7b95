import { isEnded } from '../model/statuses.ts';
import type { Task } from '../model/task.ts';
import type { Reader } from '../storage/storage.ts';

/** So many dependencies are looked at. */
const LOOKED_AT = 100;

/** Some of the tasks that a blocked task waits for: those that have failed or were cancelled come first. */
export async function openDependencies(reader: Reader, { namespace, id: taskId, status }: Task): Promise<Task[]> {
  if (status !== 'blocked') return [];
  const { items } = await reader.dependencies({ namespace, taskId, limit: LOOKED_AT });
  const open = items.filter(({ ended }) => ended === null);
  const tasks = await Promise.all(open.map(({ dependencyId }) => reader.task(namespace, dependencyId)));
  const found = tasks.filter((task) => task !== null);
  return found.toSorted((a, b) => Number(isEnded(b.status)) - Number(isEnded(a.status)));
}
