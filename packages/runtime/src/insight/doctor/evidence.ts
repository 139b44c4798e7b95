import type { EventType, Reader } from '@agent-orchestrator/core';
import type { Draft, Finding, Witness } from './finding.ts';

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
export async function withEvidence({ witnesses, ...finding }: Draft, reader: Reader | null): Promise<Finding> {
  const events: number[] = [];
  for (const witness of witnesses) {
    const id = await eventOf(witness, reader);
    if (id !== null && !events.includes(id)) events.push(id);
  }
  return { ...finding, events };
}

/** @returns null for one that is too far back to be looked for */
async function eventOf(witness: Witness, reader: Reader | null): Promise<number | null> {
  if (witness.is === 'event') return witness.id;
  if (reader === null) return null;
  const { namespace } = witness;
  if (witness.is === 'queued') {
    const { items } = await reader.events({ namespace, taskId: witness.taskId, types: QUEUED_BY, limit: EVENTS_BACK });
    return items.at(-1)?.id ?? null;
  }
  const { sessionId, token, mark: leaseMark, upTo } = witness;
  const after = String(Math.max(0, upTo - EVENTS_BACK));
  const { items } = await reader.events({ namespace, sessionId, leaseMark, after, limit: EVENTS_BACK });
  return items.find((event) => event.token === token)?.id ?? null;
}
