import type { EventType, Reader } from '@agent-orchestrator/core';
import type { Draft, Finding, EvidenceRef } from './finding.ts';

/** How far back the event that granted or ended a lease is looked for, in events of the session. */
const EVENTS_BACK = 500;
/** Events that put a task into its queue. */
const QUEUED_BY: readonly EventType[] = [
  'task.queued',
  'task.retried',
  'task.released',
  'task.handed_off',
  'task.answered',
  'task.recovered',
  'lease.taken_over',
];

/** Looks up the events that show a finding. */
export async function withEvidence({ evidenceRefs, ...finding }: Draft, reader: Reader | null): Promise<Finding> {
  const events: number[] = [];
  for (const ref of evidenceRefs) {
    const id = await eventOf(ref, reader);
    if (id !== null && !events.includes(id)) events.push(id);
  }
  return { ...finding, events };
}

/** @returns null if the event is too far back */
async function eventOf(ref: EvidenceRef, reader: Reader | null): Promise<number | null> {
  if (ref.is === 'event') return ref.id;
  if (reader === null) return null;
  const { namespace } = ref;
  if (ref.is === 'queued') {
    const { items } = await reader.events({ namespace, taskId: ref.taskId, types: QUEUED_BY, limit: EVENTS_BACK });
    return items.at(-1)?.id ?? null;
  }
  const { sessionId, fence, effect: leaseEffect, upTo } = ref;
  const after = String(Math.max(0, upTo - EVENTS_BACK));
  const { items } = await reader.events({ namespace, sessionId, leaseEffect, after, limit: EVENTS_BACK });
  return items.find((event) => event.fence === fence)?.id ?? null;
}
