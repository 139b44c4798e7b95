import { isFulfilledBy, waitsForTasks } from '../model/dependency.ts';
import { LIMITS } from '../model/limits.ts';
import { referenceTo } from '../model/names.ts';
import { isAsking } from '../model/question.ts';
import { isEnded } from '../model/statuses.ts';
import type { Task } from '../model/task.ts';
import { pages } from '../storage/pages.ts';
import type { Reader } from '../storage/storage.ts';

/** So many tasks are read at once. */
const READ_AT_ONCE = 100;

/**
 * The tasks that a task waits for: those that have failed or were cancelled come first. It has at most
 * `dependencies_max`, and all are looked at: the one that failed can be any of them.
 */
export async function openDependencies(reader: Reader, task: Task): Promise<Task[]> {
  const { namespace, id: taskId } = task;
  if (!waitsForTasks(task)) return [];
  const open: string[] = [];
  const all = pages((after) => reader.dependencies({ namespace, taskId, limit: LIMITS.page_max, ...after }));
  for await (const { dependencyId, ended } of all) if (ended === null) open.push(dependencyId);
  const found: Task[] = [];
  for (let at = 0; at < open.length; at += READ_AT_ONCE) {
    const some = open.slice(at, at + READ_AT_ONCE);
    const tasks = await Promise.all(some.map((id) => reader.task(namespace, id)));
    found.push(...tasks.filter((task) => task !== null));
  }
  return found.toSorted((a, b) => Number(isEnded(b.status)) - Number(isEnded(a.status)));
}

/**
 * The task as the next claim finds it, if all that it waits for has ended as it asks, and only the note of it is left
 * to be taken: a process has ended between the end of the last one and what it had to tell.
 *
 * @param open all of its open dependencies
 * @returns null if it waits for more
 */
export function freed(task: Task, open: readonly Task[], now: number): Task | null {
  const { onDependencyFailure: policy, openDependencies, runAt } = task;
  if (policy === null || !waitsForTasks(task) || isAsking(task) || open.length !== openDependencies) return null;
  if (!open.every(({ status }) => isEnded(status) && isFulfilledBy(status, policy))) return null;
  const isDue = task.status === 'waiting' || runAt === null || runAt <= now;
  return { ...task, openDependencies: 0, status: isDue ? 'queued' : 'scheduled' };
}

/** What to do about a task that waits for these, all of its open dependencies. */
export function nextStepOf({ onDependencyFailure: policy, openDependencies }: Task, open: readonly Task[]): string {
  const ended = open.flatMap((one) => (isEnded(one.status) ? [{ one, end: one.status }] : []));
  const failed = ended.find(({ end }) => !isFulfilledBy(end, policy ?? 'block'))?.one;
  if (failed !== undefined)
    return `\`orchestrator task retry ${referenceTo('task', failed)}\` queues the task again that did not succeed.`;
  // The answer to its question is missing.
  if (ended.length === openDependencies) return 'All of them have ended as it asks.';
  return `Wait: it can be claimed when all of them have ${policy === 'run' ? 'ended' : 'succeeded'}.`;
}
