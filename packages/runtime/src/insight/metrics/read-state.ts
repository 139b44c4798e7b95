import { compareInQueue, isStale, type SessionRecord, type TaskRecord } from '@agent-orchestrator/core';
import { everyRow } from '../every-row.ts';
import type { MetricReads } from './read-log.ts';
import type { Tally } from './tally.ts';

/** Rows of one status are counted up to this number. */
const COUNT_MAX = 1_000_000;
/** The oldest claimable task is looked for among this many tasks: those that were added first. */
const QUEUED_MAX = 5_000;

/** The state of one namespace now, under its label. */
export async function readState(
  reads: MetricReads,
  { namespace, label, now }: { readonly namespace: string; readonly label: string; readonly now: number },
  tally: Tally,
): Promise<void> {
  const counts = await reads.counts(namespace, COUNT_MAX);
  for (const [status, count] of Object.entries(counts.tasks)) tally.add('tasks', [label, status], count);
  for (const [status, count] of Object.entries(counts.sessions)) tally.add('sessions', [label, status], count);

  const held = new Set<string>();
  const isExpired = ({ leaseExpiresAt }: Pick<SessionRecord, 'leaseExpiresAt'>) =>
    leaseExpiresAt !== null && now >= leaseExpiresAt;
  tally.add('leases_expired', [label], 0);
  tally.add('leases_stale', [label], 0);
  for await (const session of everyRow((page) => reads.listSessions({ namespace, status: ['running'], ...page }))) {
    held.add(session.id);
    if (isExpired(session)) tally.add('leases_expired', [label]);
    if (isStale(session, now)) tally.add('leases_stale', [label]);
  }

  const isEmpty = counts.tasks.queued + counts.tasks.scheduled === 0;
  const waited = isEmpty ? 0 : await waitOfOldest(reads, { namespace, now, held });
  const others = tally.sum('oldest_queued_seconds', (of) => of === label);
  tally.set('oldest_queued_seconds', [label], Math.max(waited, others));
}

/**
 * How long the oldest claimable task has waited (seconds): the head of a session that is not held. A scheduled task
 * whose time has come is claimable, too.
 */
async function waitOfOldest(
  reads: MetricReads,
  { namespace, now, held }: { readonly namespace: string; readonly now: number; readonly held: ReadonlySet<string> },
): Promise<number> {
  const heads = new Map<string, Pick<TaskRecord, 'id' | 'priority' | 'queuedAt'>>();
  let left = QUEUED_MAX;
  const list = (page: object) => reads.listTasks({ namespace, status: ['queued', 'scheduled'], ...page });
  for await (const { id, sessionId, priority, queuedAt } of everyRow(list)) {
    const head = heads.get(sessionId);
    const task = { id, priority, queuedAt };
    const isFree = queuedAt <= now && !held.has(sessionId);
    if (isFree && (head === undefined || compareInQueue(task, head) < 0)) heads.set(sessionId, task);
    if ((left -= 1) === 0) break;
  }
  const oldest = [...heads.values()].reduce((least, { queuedAt }) => Math.min(least, queuedAt), now);
  return (now - oldest) / 1_000;
}
