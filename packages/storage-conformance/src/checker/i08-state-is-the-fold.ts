import type { Event } from '@agent-orchestrator/core';
import { toldClaims, type ToldClaim } from './claims.ts';
import { name, payloadOf, type History, type SessionLog } from './history.ts';
import { replay, type SessionState } from './replay.ts';
import { violation, type Violation } from './violation.ts';

/**
 * I8. Every event is legal at its place, and the session in the answer to a claim is the state after the events before.
 * (`verify()` reads the tables and checks that they have that state as well.)
 */
export function stateIsTheFold(history: History): Violation[] {
  const told = toldClaims(history);
  return history.sessions.flatMap((session) => checkSession(session, told));
}

function checkSession({ events }: SessionLog, told: ReadonlyMap<number, ToldClaim[]>): Violation[] {
  const found: Violation[] = [];
  for (const { event, problem, session } of replay(events)) {
    if (problem !== null) found.push(violation('I8', [event], `${name(event)} ${problem}.`));
    if (event.type !== 'task.claimed') continue;
    for (const one of told.get(event.fence ?? 0) ?? [])
      if (!one.again && !isContext(session.context, one) && !isOfNextHolder(events, one))
        found.push(violation('I8', [event], `${name(event)} did not hand over the last checkpoint.`, one.commandId));
  }
  return found;
}

function isContext(context: SessionState['context'], { claim }: ToldClaim): boolean {
  return (
    (claim.context?.turn ?? null) === (context?.turn ?? null) &&
    (claim.context?.hash ?? null) === (context?.hash ?? null)
  );
}

/**
 * A storage whose connection was lost on COMMIT asks again by itself, and answers as the receipt says: with the context
 * of that moment. If the lease had ended meanwhile, a later holder may have saved it.
 */
function isOfNextHolder(events: readonly Event[], one: ToldClaim): boolean {
  return events.some(
    (event) =>
      event.type === 'session.checkpointed' &&
      (event.fence ?? 0) > one.claim.lease.fence &&
      isContext(payloadOf(event, 'session.checkpointed'), one),
  );
}
