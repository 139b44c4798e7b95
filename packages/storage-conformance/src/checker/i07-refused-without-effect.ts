import { LEASE_ENDINGS, type Event, type EventType } from '@agent-orchestrator/core';
import { commandKey, type Attempt, type IssuedCommand } from '@agent-orchestrator/core/journal';
import { groupBy, name, payloadOf, type History, type Lease } from './history.ts';
import { violation, type Violation } from './violation.ts';

/** What a claim that found no task may have done on its way: closing leases of dead holders, and what follows from it. */
const ON_THE_WAY: readonly EventType[] = [
  'task.recovered',
  'lease.taken_over',
  'task.failed',
  'task.cancelled',
  'session.closed',
];

/** I7. A refusal changes nothing; the first refusal of a token whose lease somebody else ended is put on record. */
export function refusedWithoutEffect(history: History): Violation[] {
  return [...refusalsWithoutEffect(history), ...refusalsOnRecord(history)];
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

function allowedEffects({ reply }: Attempt): readonly EventType[] {
  if (reply === null || reply.ok) return [];
  if (reply.reason === 'no_task') return ON_THE_WAY;
  return reply.reason === 'lease_lost' ? ['lease.refused'] : [];
}

function refusalsOnRecord({ events, leases }: History): Violation[] {
  const refusals = events.filter(({ type, leaseEffect }) => type === 'lease.refused' || leaseEffect === 'refused');
  const byLease = new Map(leases.map((lease) => [keyOf(lease.grant), lease]));
  return [...groupBy(refusals, keyOf).values()].flatMap((ofToken) => {
    const [first] = ofToken;
    if (first === undefined) return [];
    const problem = problemOf(first, byLease.get(keyOf(first)));
    return [
      ...(problem === null ? [] : [violation('I7', [first], `${name(first)} ${problem}`)]),
      ...(ofToken.length > 1
        ? [violation('I7', ofToken, `token ${first.fence} was refused on record ${ofToken.length} times.`)]
        : []),
    ];
  });
}

function problemOf(refusal: Event, lease: Lease | undefined): string | null {
  if (refusal.type !== 'lease.refused' || refusal.leaseEffect !== 'refused')
    return 'is not marked as a refusal should be.';
  const [closing] = lease?.closings ?? [];
  if (closing === undefined || closing.id > refusal.id) return 'refuses a token whose lease was not over.';
  if (!(LEASE_ENDINGS.other as readonly EventType[]).includes(closing.type))
    return 'is on record, though its holder had ended the lease itself.';
  const { ended_by, ended_at } = payloadOf(refusal, 'lease.refused');
  return ended_by === closing.type && ended_at === closing.at
    ? null
    : `does not name ${name(closing)} as the end of the lease.`;
}

function keyOf({ namespace, sessionId, fence }: Event): string {
  return `${namespace}\n${sessionId}\n${fence}`;
}
