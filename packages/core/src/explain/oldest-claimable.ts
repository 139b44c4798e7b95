import { LIMITS } from '../model/limits.ts';
import { isHeld } from '../model/lease.ts';
import { compareInQueue, type Task } from '../model/task.ts';
import type { Reader } from '../storage/storage.ts';

/** Of more heads, the oldest is looked for among so many. */
const HEADS_MAX = 10_000;
/** So many scheduled tasks are looked at, those first that are due first. A claim makes no more of them claimable. */
const DUE_MAX = LIMITS.flipped_tasks_max;

/** The task that has waited for a claim for the longest, of those that were looked at. */
export interface OldestClaimable<Row = Task> {
  /** null: none was found. */
  readonly task: Row | null;
  /**
   * Another task may have waited for longer: there are more than 10,000 sessions with a task to claim, or more than 32
   * due tasks that no command has seen yet, and not all were looked at.
   */
  readonly isCapped: boolean;
}

/**
 * The task that has waited for a claim for the longest: the head of a session that is not held. A scheduled task whose
 * time has come counts, too, though no command has made it queued yet: a claim does so before it chooses.
 */
export async function oldestClaimable(reader: Reader, namespace: string): Promise<OldestClaimable> {
  const due = await dueTasks(reader, namespace);
  const heads = await headsWithDue(reader, namespace, due);
  // One more than there can be sessions with due tasks: the heads that are stored for those may not be their heads.
  const asked = { max: HEADS_MAX + 1, limit: DUE_MAX + 1 };
  const { lookedAt, oldest } = await reader.oldestHeads(namespace, asked);
  const found = [...heads.values()].filter((head) => head !== null);
  for (const { taskId } of oldest) {
    const head = await reader.task(namespace, taskId);
    if (head === null || heads.has(head.sessionId)) continue;
    found.push(head);
    break;
  }
  const [task = null] = found.toSorted((a, b) => a.queuedAt - b.queuedAt);
  // It was not looked at, and has waited for no less than those after it.
  const next = due[DUE_MAX];
  const mayBeDue = next !== undefined && (task === null || task.queuedAt > next.queuedAt);
  return { task, isCapped: lookedAt > HEADS_MAX || mayBeDue };
}

/** One more than is looked at, if there are more. */
async function dueTasks(reader: Reader, namespace: string): Promise<readonly Task[]> {
  const now = await reader.now();
  const none = { by: 'ready', namespace, addressees: [], limit: 1, heldLimit: 0 } as const;
  const { scheduled } = await reader.claimPreview({ ...none, scheduledLimit: DUE_MAX + 1 });
  return scheduled.filter(({ queuedAt }) => queuedAt <= now);
}

/** By session, the heads of those that have a due task; null: it is held. */
async function headsWithDue(
  reader: Reader,
  namespace: string,
  due: readonly Task[],
): Promise<ReadonlyMap<string, Task | null>> {
  const heads = new Map<string, Task | null>();
  for (const [sessionId, tasks] of Map.groupBy(due.slice(0, DUE_MAX), (task) => task.sessionId)) {
    const found = await reader.session(namespace, sessionId);
    const isFree = found !== null && !isHeld(found.session);
    const waiting = isFree && found.head !== null ? [found.head, ...tasks] : tasks;
    heads.set(sessionId, isFree ? (waiting.toSorted(compareInQueue)[0] ?? null) : null);
  }
  return heads;
}
