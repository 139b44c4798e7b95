import { LEASE_END_EVENTS, type Event, type EventType } from '@agent-orchestrator/core';
import { claimsIn, type Attempt } from '@agent-orchestrator/core/journal';
import { payloadOf } from './history.ts';

/** The effects that one command can have at most once, each with what tells two of them apart. */
const AT_MOST_ONCE: Partial<Record<EventType, (event: Event) => string>> = {
  'session.opened': ({ streamId }) => streamId,
  'session.closed': ({ streamId }) => streamId,
  'session.checkpointed': () => '',
  'task.queued': ({ taskId }) => String(taskId),
  // A claim takes each of its heads from another session.
  'task.claimed': ({ streamId }) => streamId,
  'task.retried': () => '',
  // A verdict or a cancellation calls off all reviews of the round that are held.
  'task.cancel_requested': ({ taskId }) => String(taskId),
  'agent.registered': ({ streamId }) => streamId,
  'agent.draining': ({ streamId }) => streamId,
  'agent.retired': ({ streamId }) => streamId,
  'agent.policy_set': ({ streamId }) => streamId,
  // A claim that gets nothing leaves no receipt, but may have recovered dead sessions. A retry is decided again, and
  // may find others. It cannot end the same lease twice.
  'task.recovered': leaseKey,
  'lease.taken_over': leaseKey,
};

/** Groups of a command's events that are the same effect more than once. */
export function repeatedEffects(own: readonly Event[]): Event[][] {
  const groups = new Map<string, Event[]>();
  for (const event of own) {
    const key = effectKey(event);
    if (key !== null) groups.set(key, [...(groups.get(key) ?? []), event]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

/** The grants of a command that are not in its acknowledgement. */
export function untoldGrants(attempt: Attempt, own: readonly Event[]): Event[] {
  const told = new Set(claimsIn(attempt).map(({ lease }) => lease.fence));
  return own.filter(({ type, fence }) => type === 'task.claimed' && !told.has(fence ?? 0));
}

function leaseKey({ streamId, fence }: Event): string {
  return `${streamId} ${fence}`;
}

function effectKey(event: Event): string | null {
  // A release ends each lease of its batch once, with any outcome.
  if (event.leaseEffect === 'ended' && (LEASE_END_EVENTS.holder as readonly EventType[]).includes(event.type))
    return `release ${leaseKey(event)}`;
  if (event.type === 'session.closed' && payloadOf(event, 'session.closed').reason === 'task_ended') return null;
  const distinction = AT_MOST_ONCE[event.type];
  return distinction === undefined ? null : `${event.type} ${distinction(event)}`;
}
