import { counted, type Event, type EventPayloads, type EventType } from '@agent-orchestrator/core';
import { toldClaims, type ToldClaim } from './claims.ts';
import { groupBy, name, payloadOf, type History } from './history.ts';
import { violation, type Violation } from './violation.ts';

const ATTEMPTS: readonly EventType[] = ['task.succeeded', 'task.failed'];
const INTERRUPTIONS: readonly EventType[] = ['task.recovered', 'lease.taken_over'];
const GIVEN_BACK: readonly EventType[] = [
  'task.released',
  'task.handed_off',
  'task.asked',
  'task.waiting',
  'task.cancelled',
];
const ROUNDS: readonly EventType[] = ['task.review_requested'];

/**
 * I10. Every grant of a task is an attempt, an interruption, a round of review or was given back, and the worker was
 * told the right numbers.
 */
export function grantsAddUp(history: History): Violation[] {
  const open = new Set(history.leases.filter(({ closings }) => closings.length === 0).map(({ grant }) => keyOf(grant)));
  const told = toldClaims(history);
  const withTask = history.events.filter(({ taskId }) => taskId !== null);
  return [...groupBy(withTask, keyOf)].flatMap(([key, events]) => [
    ...sumsUp(events, open.has(key)),
    ...countsWithinLimits(events, told),
  ]);
}

function sumsUp(events: readonly Event[], isOpen: boolean): Violation[] {
  const grants = events.filter(({ type }) => type === 'task.claimed');
  const closings = events.filter(({ leaseEffect }) => leaseEffect === 'ended');
  const count = (types: readonly EventType[]) => closings.filter(({ type }) => types.includes(type)).length;
  const [attempts, interruptions, givenBack] = [count(ATTEMPTS), count(INTERRUPTIONS), count(GIVEN_BACK)];
  const rounds = count(ROUNDS);
  if (grants.length === attempts + interruptions + givenBack + rounds + (isOpen ? 1 : 0)) return [];
  const open = isOpen ? ', 1 open' : '';
  const interrupted = counted(interruptions, 'interruption');
  const sum = `${counted(attempts, 'attempt')}, ${interrupted}, ${givenBack} given back, ${rounds} reviewed${open}`;
  return [violation('I10', grants, `${events[0]?.taskId} was granted ${counted(grants.length, 'time')}: ${sum}.`)];
}

function countsWithinLimits(events: readonly Event[], told: ReadonlyMap<number, ToldClaim[]>): Violation[] {
  const found: Violation[] = [];
  let task: EventPayloads['task.queued'] | null = null;
  let failed = 0;
  let interrupted = 0;
  for (const event of events) {
    if (event.type === 'task.queued') task = payloadOf(event, 'task.queued');
    if (event.type === 'task.retried') failed = interrupted = 0;
    if (event.type === 'task.failed' && event.leaseEffect === 'ended') failed += 1;
    if (INTERRUPTIONS.includes(event.type)) interrupted += 1;
    if (event.type !== 'task.claimed') continue;
    if (task !== null && (failed >= task.attempts_max || interrupted > task.interruptions_max))
      found.push(
        violation(
          'I10',
          [event],
          `${name(event)} comes after ${counted(failed, 'failed attempt')} and ` +
            `${counted(interrupted, 'interruption')}: it is a dead letter.`,
        ),
      );
    for (const { claim, commandId } of told.get(event.fence ?? 0) ?? [])
      if (claim.task.attempt !== failed + 1 || claim.task.interruptions !== interrupted)
        found.push(
          violation(
            'I10',
            [event],
            `the answer for ${name(event)} has attempt ${claim.task.attempt} ` +
              `after ${counted(claim.task.interruptions, 'interruption')}, ` +
              `it was attempt ${failed + 1} after ${interrupted}.`,
            commandId,
          ),
        );
  }
  return found;
}

function keyOf({ namespace, taskId }: Event): string {
  return `${namespace}\n${taskId}`;
}
