import { LEASE_END_EVENTS, type Event, type EventType } from '@agent-orchestrator/core';
import { name, type History, type SessionLog } from './history.ts';
import { violation, type Violation } from './violation.ts';

const LEASE_ENDS: readonly EventType[] = [...LEASE_END_EVENTS.holder, ...LEASE_END_EVENTS.other];

/** I3. A lease ends by exactly one event, and only what was granted can end. */
export function oneClosing({ sessions }: History): Violation[] {
  return sessions.flatMap((session) => [...closedOnce(session), ...effectsRight(session)]);
}

function closedOnce({ events, leases }: SessionLog): Violation[] {
  const last = leases.at(-1);
  const granted = new Map(leases.map((lease) => [lease.fence, lease]));
  const found: Violation[] = [];
  for (const lease of leases) {
    if (lease.closings.length > 1)
      found.push(
        violation('I3', lease.closings, `the lease of fence ${lease.fence} ended ${lease.closings.length} times.`),
      );
    if (lease.closings.length === 0 && lease !== last)
      found.push(
        violation('I3', [lease.grant], `the lease of fence ${lease.fence} never ended, and another was granted.`),
      );
  }
  for (const event of events) {
    if (event.leaseEffect !== 'ended') continue;
    const grant = granted.get(event.fence ?? 0)?.grant;
    if (grant === undefined || grant.id > event.id)
      found.push(violation('I3', [event], `${name(event)} ends a lease that was not granted.`));
  }
  return found;
}

function effectsRight({ events }: SessionLog): Violation[] {
  return events.flatMap((event) => {
    const ends = event.leaseEffect === 'ended';
    if (ends && !LEASE_ENDS.includes(event.type)) return violation('I3', [event], `${name(event)} cannot end a lease.`);
    if (!ends && mustEnd(event))
      return violation('I3', [event], `${name(event)} ends a lease, and its lease_effect does not say so.`);
    return [];
  });
}

/** A dead letter after a crash, and the cancellation of a task that waits, end no lease: it had ended before. */
function mustEnd({ type, fence }: Event): boolean {
  return LEASE_ENDS.includes(type) && !((type === 'task.failed' || type === 'task.cancelled') && fence === null);
}
