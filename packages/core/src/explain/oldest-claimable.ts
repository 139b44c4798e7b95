import { LIMITS } from '../model/limits.ts';
import { isHeld } from '../model/lease.ts';
import { compareInQueue, type Task } from '../model/task.ts';
import type { Reader } from '../storage/storage.ts';

/** Of more heads, the oldest is looked for among so many. */
const HEADS_MAX = 10_000;
/** So many scheduled tasks are looked at, those first that are due first. */
const DUE_MAX = LIMITS.flipped_tasks_max;

/**
 * The task that has waited for a claim for the longest: the head of a session that is not held. A scheduled task whose
 * time has come counts, too, though no command has made it queued yet. null: nothing waits.
 */
export async function oldestClaimable(reader: Reader, namespace: string): Promise<Task | null> {
  const head = await reader.oldestHead(namespace, HEADS_MAX);
  const due = await oldestDue(reader, namespace);
  if (head === null || (due !== null && due.queuedAt < head.queuedAt)) return due;
  return reader.task(namespace, head.taskId);
}

/** It must become the head of a session that is not held. */
async function oldestDue(reader: Reader, namespace: string): Promise<Task | null> {
  const now = await reader.now();
  const none = { by: 'ready', namespace, addressees: [], limit: 1, heldLimit: 0 } as const;
  const { scheduled } = await reader.claimPreview({ ...none, scheduledLimit: DUE_MAX });
  for (const task of scheduled) {
    if (task.queuedAt > now) return null;
    const found = await reader.session(namespace, task.sessionId);
    if (found === null || isHeld(found.session)) continue;
    if (found.head === null || compareInQueue(task, found.head) < 0) return task;
  }
  return null;
}
