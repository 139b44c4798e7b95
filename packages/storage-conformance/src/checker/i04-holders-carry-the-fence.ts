import { LEASE_END_EVENTS, type Event, type EventType } from '@agent-orchestrator/core';
import { namespaceOf, type Attempt } from '@agent-orchestrator/core/journal';
import { name, type History, type Lease, type SessionLog } from './history.ts';
import { violation, type Violation } from './violation.ts';

const HOLDER_EVENTS: readonly EventType[] = ['session.checkpointed', 'clock.jumped', ...LEASE_END_EVENTS.holder];

/** I4. A holder acts under the latest grant, and is the agent of that grant; so do heartbeats. */
export function holdersCarryTheFence(history: History): Violation[] {
  return [...history.sessions.flatMap(checkSession), ...checkHeartbeats(history)];
}

function checkSession({ events }: SessionLog): Violation[] {
  const found: Violation[] = [];
  let latest: Event | null = null;
  let open = false;
  for (const event of events) {
    if (event.leaseEffect === 'granted') {
      latest = event;
      open = true;
    } else if (isHolders(event)) {
      const problem = problemOf(event, latest, open);
      if (problem !== null) found.push(violation('I4', [event], `${name(event)} ${problem}`));
    }
    if (event.leaseEffect === 'ended' && event.fence === latest?.fence) open = false;
  }
  return found;
}

/** A dead letter after a crash, and the cancellation of a task that waits, have no holder. */
function isHolders({ type, leaseEffect, fence }: Event): boolean {
  return HOLDER_EVENTS.includes(type) && (leaseEffect === 'ended' || fence !== null || type === 'session.checkpointed');
}

function problemOf(event: Event, latest: Event | null, open: boolean): string | null {
  if (latest === null) return 'comes before any grant.';
  if (event.fence !== latest.fence) return `carries the fence ${event.fence}, the latest grant's is ${latest.fence}.`;
  // Another invariant checks a second closing.
  if (!open && event.leaseEffect !== 'ended') return 'comes after its lease ended.';
  if (event.type !== 'clock.jumped' && event.agent !== latest.agent)
    return `is ${event.agent}'s, but ${latest.agent} holds the lease.`;
  return null;
}

/**
 * Heartbeats are not logged, but their senders know of them. The reply's expiry tells when the authority accepted it.
 */
function checkHeartbeats({ attempts, leases, tolerances }: History): Violation[] {
  const byKey = new Map(leases.map((lease) => [keyOf(lease.namespace, lease.fence), lease]));
  return attempts.flatMap((attempt) => {
    if (attempt.command !== 'heartbeat' || attempt.reply?.ok !== true) return [];
    const lease = byKey.get(keyOf(namespaceOf(attempt), attempt.request.fence));
    const problem = heartbeatProblem(attempt, lease, tolerances.clockStepMs);
    return problem === null
      ? []
      : violation('I4', lease === undefined ? [] : [lease.grant, ...lease.closings], problem);
  });
}

function heartbeatProblem(attempt: Attempt<'heartbeat'>, lease: Lease | undefined, clockStepMs: number): string | null {
  const { agent, request, reply } = attempt;
  if (reply?.ok !== true) return null;
  const what = `a heartbeat of ${agent} under fence ${request.fence} was accepted`;
  if (lease === undefined) return `${what}, and no grant of it is in the log.`;
  const [closing] = lease.closings;
  const acceptedAt = reply.expiresAt - lease.granted.ttl_ms;
  if (closing === undefined || acceptedAt <= closing.at + clockStepMs) return null;
  return `${what} ${acceptedAt - closing.at} ms after ${name(closing)}.`;
}

function keyOf(namespace: string, fence: number): string {
  return `${namespace}\n${fence}`;
}
