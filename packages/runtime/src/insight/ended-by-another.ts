import { LEASE_END_EVENTS, type EventType } from '@agent-orchestrator/core';

const BY_ANOTHER: ReadonlySet<EventType> = new Set(LEASE_END_EVENTS.other);

/** Whether an event of this type ends a lease by another process than its holder: the holder was interrupted. */
export function isEndedByAnother(type: EventType): boolean {
  return BY_ANOTHER.has(type);
}
