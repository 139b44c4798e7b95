import { EVENT_DOCS, statusAfter, type EventRecord, type EventType, type Orchestrator } from '@agent-orchestrator/core';
import { logPages, type LogPart } from '../log-pages.ts';
import type { KnownTask, LogFold } from './log-fold.ts';

/** The reads that metrics need. */
export type MetricReads = Pick<
  Orchestrator,
  'asOf' | 'counts' | 'getTask' | 'listEvents' | 'listSessions' | 'namespaces' | 'now' | 'oldestClaimable'
>;

/** Tasks that are looked up at the same time. */
const AT_ONCE = 16;

/**
 * Folds a part of the log, page by page.
 *
 * @returns the last event, if there was any
 */
export async function foldLog(reads: MetricReads, part: LogPart, fold: LogFold): Promise<EventRecord | null> {
  let last: EventRecord | null = null;
  for await (const { events } of logPages<EventRecord>(reads, part)) {
    const before = await lookUp(reads, fold.unknown(events));
    for (const event of events) fold.apply(event, before.get(event.id) ?? null);
    fold.trim();
    last = events.at(-1) ?? last;
  }
  return last;
}

/** What was known of the tasks before these events. */
async function lookUp(
  reads: MetricReads,
  events: readonly EventRecord[],
): Promise<ReadonlyMap<number, KnownTask | null>> {
  const found = new Map<number, KnownTask | null>();
  for (let at = 0; at < events.length; at += AT_ONCE) {
    const some = events.slice(at, at + AT_ONCE);
    const known = await Promise.all(some.map((event) => taskBefore(reads, event)));
    for (const [index, event] of some.entries()) found.set(event.id, known[index] ?? null);
  }
  return found;
}

async function taskBefore(
  reads: MetricReads,
  { id, at, namespace, taskId, leaseEffect }: EventRecord,
): Promise<KnownTask | null> {
  const task = taskId === null ? null : await reads.getTask(taskId, namespace);
  if (task === null) return null;
  const { kind, queuedAt, startedAt, attempt, interruptions } = task;
  // The row tells it, unless the task was claimed or queued once more since then.
  if (leaseEffect === 'ended' && startedAt !== null && startedAt <= at) return { kind, since: startedAt };
  if (leaseEffect === 'granted' && startedAt === at && queuedAt <= at && attempt === 1 && interruptions === 0)
    return { kind, since: queuedAt };
  if (leaseEffect === null) return { kind, since: null };
  const filter = { namespace, taskId: task.id, types: [...MOVES], before: String(id), limit: 1 };
  const [event] = (await reads.listEvents(filter)).items;
  return { kind, since: event === undefined ? null : sinceOf(event) };
}

/** The events after which a task can be claimed, or is held. */
const MOVES: readonly EventType[] = (Object.keys(EVENT_DOCS) as EventType[]).filter(
  (type) => statusAfter(type, {}) !== null || type === 'task.rescheduled',
);

function sinceOf({ at, payload }: EventRecord): number {
  const runAt = (payload as { readonly run_at?: unknown }).run_at;
  return typeof runAt === 'number' ? Math.max(at, runAt) : at;
}
