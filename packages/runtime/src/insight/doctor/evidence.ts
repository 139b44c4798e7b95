import type { EventType, Reader } from '@agent-orchestrator/core';
import type { Draft, Finding, EvidenceRef } from './finding.ts';

/** An event that granted or closed a lease is looked for so far before the one that led to it. */
const EVENTS_BACK = 500;
/** What puts a task where it waits. */
const QUEUED_BY: readonly EventType[] = [
  'task.queued',
  'task.retried',
  'task.released',
  'task.handed_off',
  'task.recovered',
  'lease.taken_over',
];

/** Looks the events up that show a finding. */
export async function withEvidence({ evidenceRefs, ...finding }: Draft, reader: Reader | null): Promise<Finding> {
  const events: number[] = [];
  for (const ref of evidenceRefs) {
    const id = await eventOf(ref, reader);
    if (id !== null && !events.includes(id)) events.push(id);
  }
  return { ...finding, events };
}

/** @returns null for one that is too far back to be looked for */
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
