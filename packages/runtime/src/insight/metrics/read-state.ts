import { isStale, type SessionRecord } from '@agent-orchestrator/core';
import { everyRow } from '../every-row.ts';
import type { MetricReads } from './read-log.ts';
import type { Tally } from './tally.ts';

/** Rows of one status are counted up to this number. */
const COUNT_MAX = 1_000_000;

/** The state of one namespace now, under its label. */
export async function readState(
  reads: MetricReads,
  { namespace, label, now }: { readonly namespace: string; readonly label: string; readonly now: number },
  tally: Tally,
): Promise<void> {
  const counts = await reads.counts(namespace, COUNT_MAX);
  for (const [status, count] of Object.entries(counts.tasks)) tally.add('tasks', [label, status], count);
  for (const [status, count] of Object.entries(counts.sessions)) tally.add('sessions', [label, status], count);

  const isExpired = ({ leaseExpiresAt }: Pick<SessionRecord, 'leaseExpiresAt'>) =>
    leaseExpiresAt !== null && now >= leaseExpiresAt;
  tally.add('leases_expired', [label], 0);
  tally.add('leases_stale', [label], 0);
  for await (const session of everyRow((page) => reads.listSessions({ namespace, status: ['running'], ...page }))) {
    if (isExpired(session)) tally.add('leases_expired', [label]);
    if (isStale(session, now)) tally.add('leases_stale', [label]);
  }

  const isEmpty = counts.tasks.queued + counts.tasks.scheduled === 0;
  const { task, isCapped } = isEmpty ? { task: null, isCapped: false } : await reads.oldestClaimable(namespace);
  // Another task may have waited for longer: no age is better than a wrong one.
  if (isCapped) return tally.leaveOut('oldest_queued_seconds', [label]);
  const waited = task === null ? 0 : (now - task.queuedAt) / 1_000;
  const others = tally.sum('oldest_queued_seconds', (of) => of === label);
  tally.set('oldest_queued_seconds', [label], Math.max(waited, others));
}
