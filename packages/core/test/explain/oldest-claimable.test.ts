// What the oldest claimable task says of itself when not all were looked at:
// - of more than 10,000 heads, another one may be older
// - of more than 32 due tasks, another one may be older, unless one that was found is
import { expect, test } from 'vitest';
import { oldestClaimable } from '../../src/explain/oldest-claimable.ts';
import type { Task } from '../../src/model/task.ts';
import type { Reader } from '../../src/storage/storage.ts';

const NOW = 1_000_000;

const taskOf = (id: string, queuedAt: number): Task =>
  ({ id, sessionId: `session-of-${id}`, priority: 5, queuedAt, handedTo: null }) as unknown as Task;

/** A store with a head, so many heads in all, and so many due tasks of sessions that are held. */
function storeOf({ headAt, heads, due }: { readonly headAt: number; readonly heads: number; readonly due: number }) {
  const head = taskOf('head', headAt);
  const scheduled = Array.from({ length: due }, (_, at) => taskOf(`due-${at}`, at + 1));
  return {
    now: async () => NOW,
    claimPreview: async ({ scheduledLimit }: { scheduledLimit: number }) => ({
      scheduled: scheduled.slice(0, scheduledLimit),
    }),
    session: async () => ({ session: { status: 'running' }, head: null }),
    task: async () => head,
    oldestHeads: async (_namespace: string, { max }: { max: number }) => ({
      lookedAt: Math.min(heads, max),
      oldest: heads === 0 ? [] : [{ taskId: head.id, queuedAt: headAt }],
    }),
  } as unknown as Reader;
}

test.each([
  [{ headAt: 5, heads: 10_000, due: 0 }, 'head', false],
  [{ headAt: 5, heads: 10_001, due: 0 }, 'head', true],
  [{ headAt: 500, heads: 1, due: 32 }, 'head', false],
  [{ headAt: 500, heads: 1, due: 33 }, 'head', true],
  [{ headAt: 20, heads: 1, due: 33 }, 'head', false],
  [{ headAt: 0, heads: 0, due: 33 }, undefined, true],
])('%o: the oldest is %s, capped: %s', async (store, id, isCapped) => {
  const found = await oldestClaimable(storeOf(store), 'default');

  expect([found.task?.id, found.isCapped]).toEqual([id, isCapped]);
});
