import { LEASE_END_EVENTS, type Event, type EventType } from '@agent-orchestrator/core';
import { commandKey, type Attempt, type IssuedCommand } from '@agent-orchestrator/core/journal';
import { groupBy, name, payloadOf, type History, type Lease } from './history.ts';
import { violation, type Violation } from './violation.ts';

/**
 * What a claim that found no task may have done on its way: closing leases of dead holders, and what follows from it.
 */
const ON_THE_WAY: readonly EventType[] = [
  'task.recovered',
  'lease.taken_over',
  'task.failed',
  'task.cancelled',
  'session.closed',
];

/** I7. A refusal changes nothing, but for a record of the first one of a lease that another process ended. */
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
      `${command} of ${agent} was refused, and yet there is ${forbidden.map(name).join(', ')}.`,
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

/** A batch of releases is judged item by item: one that was refused ends nothing, though others were accepted. */
function refusedItems({ commands, eventsByCommand }: History): Violation[] {
  return commands.flatMap((command) => {
    if (isRefused(command)) return [];
    const { namespace, commandId, attempts } = command;
    const fences = refusedFences(attempts);
    const own = eventsByCommand.get(commandKey(namespace, commandId)) ?? [];
    const ended = own.filter(({ leaseEffect, fence }) => leaseEffect === 'ended' && fences.has(fence ?? 0));
    return ended.map((event) =>
      violation('I7', [event], `an item of a release was refused, and yet there is ${name(event)}.`, commandId),
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
        ? [violation('I7', ofLease, `fence ${first.fence} was refused on record ${ofLease.length} times.`)]
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
    return 'is on record, though its holder had ended the lease itself.';
  const { ended_by, ended_at } = payloadOf(refusal, 'lease.refused');
  return ended_by === closing.type && ended_at === closing.at
    ? null
    : `does not name ${name(closing)} as the end of the lease.`;
}

function keyOf({ namespace, streamId, fence }: Event): string {
  return `${namespace}\n${streamId}\n${fence}`;
}
