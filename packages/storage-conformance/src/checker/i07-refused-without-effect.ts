import { LEASE_END_EVENTS, type Event, type EventType } from '@agent-orchestrator/core';
import { commandKey, type Attempt, type IssuedCommand } from '@agent-orchestrator/core/journal';
import { groupBy, name, payloadOf, type History, type Lease } from './history.ts';
import { violation, type Violation } from './violation.ts';

/**
 * What a claim without a task may have done: ending leases of dead holders, and the events that follow from it.
 */
const ON_THE_WAY: readonly EventType[] = [
  'task.recovered',
  'lease.taken_over',
  'task.failed',
  'task.cancelled',
  'session.closed',
];

/** I7. A refusal changes nothing, except that the first refusal of a lease ended by another process is logged. */
export function refusedWithoutEffect(history: History): Violation[] {
  return [...refusalsWithoutEffect(history), ...refusedItems(history), ...refusalsOnRecord(history)];
}

function refusalsWithoutEffect({ commands, eventsByCommand }: History): Violation[] {
  return commands.filter(isRefused).flatMap(({ namespace, commandId, attempts }) => {
    const allowed = attempts.flatMap(allowedEffects);
    const own = eventsByCommand.get(commandKey(namespace, commandId)) ?? [];
    const forbidden = own.filter(({ type }) => !allowed.includes(type));
    if (forbidden.length === 0) return [];
    const { command, agent } = attempts[0] as Attempt;
    return violation(
      'I7',
      forbidden,
      `${command} of ${agent} was refused, but the log has ${forbidden.map(name).join(', ')}.`,
      commandId,
    );
  });
}

/** Refused each time it was sent; what was ever acknowledged or left open may have had its effect. */
function isRefused({ attempts }: IssuedCommand): boolean {
  return attempts.every(({ outcome }) => outcome === 'refused');
}

function allowedEffects({ command, reply }: Attempt): readonly EventType[] {
  if (reply === null || reply.ok) return [];
  // A release is refused when each of its leases was lost.
  if (command === 'release') return ['lease.refused'];
  if (reply.reason === 'no_task') return ON_THE_WAY;
  return reply.reason === 'lease_lost' ? ['lease.refused'] : [];
}

/** Each item of a batch of releases is decided by itself: a refused one ends no lease, though others were accepted. */
function refusedItems({ commands, eventsByCommand }: History): Violation[] {
  return commands.flatMap((command) => {
    if (isRefused(command)) return [];
    const { namespace, commandId, attempts } = command;
    const fences = refusedFences(attempts);
    const own = eventsByCommand.get(commandKey(namespace, commandId)) ?? [];
    const ended = own.filter(({ leaseEffect, fence }) => leaseEffect === 'ended' && fences.has(fence ?? 0));
    return ended.map((event) =>
      violation('I7', [event], `an item of a release was refused, but the log has ${name(event)}.`, commandId),
    );
  });
}

/** The fences of the items that were refused each time the release was sent. */
function refusedFences(attempts: readonly Attempt[]): ReadonlySet<number> {
  const refused = attempts.map((attempt) => {
    if (attempt.command !== 'release') return [];
    const { request, reply, outcome } = attempt;
    return request.items.flatMap(({ fence }, at) =>
      outcome === 'refused' || reply?.items[at]?.ok === false ? fence : [],
    );
  });
  const [first = [], ...others] = refused;
  return new Set(first.filter((fence) => others.every((fences) => fences.includes(fence))));
}

function refusalsOnRecord({ events, leases }: History): Violation[] {
  const refusals = events.filter(({ type, leaseEffect }) => type === 'lease.refused' || leaseEffect === 'refused');
  const byLease = new Map(leases.map((lease) => [keyOf(lease.grant), lease]));
  return [...groupBy(refusals, keyOf).values()].flatMap((ofLease) => {
    const [first] = ofLease;
    if (first === undefined) return [];
    const problem = problemOf(first, byLease.get(keyOf(first)));
    return [
      ...(problem === null ? [] : [violation('I7', [first], `${name(first)} ${problem}`)]),
      ...(ofLease.length > 1
        ? [violation('I7', ofLease, `fence ${first.fence} has ${ofLease.length} refusals in the log.`)]
        : []),
    ];
  });
}

function problemOf(refusal: Event, lease: Lease | undefined): string | null {
  if (refusal.type !== 'lease.refused' || refusal.leaseEffect !== 'refused')
    return 'has not the lease_effect of a refusal.';
  const [closing] = lease?.closings ?? [];
  if (closing === undefined || closing.id > refusal.id) return 'refuses a token whose lease had not ended.';
  if (!(LEASE_END_EVENTS.other as readonly EventType[]).includes(closing.type))
    return 'is in the log, though its holder had ended the lease itself.';
  const { ended_by, ended_at } = payloadOf(refusal, 'lease.refused');
  return ended_by === closing.type && ended_at === closing.at
    ? null
    : `does not name ${name(closing)} as the end of the lease.`;
}

function keyOf({ namespace, streamId, fence }: Event): string {
  return `${namespace}\n${streamId}\n${fence}`;
}
