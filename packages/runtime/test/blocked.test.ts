// What `status` says of blocked tasks: however many wait in the ordinary way, one that waits in vain is found, also if
// it waits for many and only the last one did not succeed.
import { noTasks, type Dependency, type Orchestrator, type TaskRecord } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { readBlocked } from '../src/insight/blocked.ts';

const task = (id: string, status: TaskRecord['status']) =>
  ({ id, number: 1, status, openDependencies: status === 'blocked' ? 1 : null }) as TaskRecord;

/** Reads of a store with these blocked tasks, and what each waits for, in pages of two. */
function readsOf(waits: Readonly<Record<string, readonly string[]>>, failed: string) {
  const dependencies = (taskId: string) =>
    (waits[taskId] ?? []).map((dependencyId) => ({ taskId, dependencyId, ended: null }) as unknown as Dependency);
  return {
    listTasks: async () => ({ items: Object.keys(waits).map((id) => task(id, 'blocked')), next: null }),
    listDependencies: async ({ taskId = '', after }: { taskId?: string; after?: string }) => {
      const rest = dependencies(taskId).filter(({ dependencyId }) => after === undefined || dependencyId > after);
      return { items: rest.slice(0, 2), next: rest.length > 2 ? (rest[1]?.dependencyId ?? null) : null };
    },
    getTask: async (id: string) => task(id, id === failed ? 'failed' : 'queued'),
  } as unknown as Pick<Orchestrator, 'listTasks' | 'listDependencies' | 'getTask'>;
}

test('a task that waits in vain is found behind many that only wait, and behind all that it waits for', async () => {
  const waits = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`b${at}`, ['root']]));

  const reads = readsOf({ ...waits, last: ['d1', 'd2', 'd3', 'd4', 'd5'] }, 'd5');
  const { blocked, unread } = await readBlocked(reads, { tasks: { ...noTasks(), blocked: 501 } });

  expect(unread).toBe(1);
  expect(blocked.map(({ task: { id }, failed }) => [id, failed.map((one) => one.id)])).toEqual([['last', ['d5']]]);
});
