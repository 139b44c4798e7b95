import type { Event } from '@agent-orchestrator/core';
import { name, payloadOf, type History } from './history.ts';
import { violation, type Violation } from './violation.ts';

/** The stream of all names that are not registered. */
const OTHERS = '*';

/**
 * I19. No event grants a lease to an agent that drains or is retired by then; nor to one that is not registered, where
 * only registered agents may claim. By the ids of events: what comes later in the log was decided later.
 */
export function noGrantWhenRefused({ events }: History): Violation[] {
  const last = new Map<string, Event>();
  const found: Violation[] = [];
  for (const event of events) {
    if (event.streamKind === 'agent') last.set(`${event.namespace}\n${event.streamId}`, event);
    if (event.leaseEffect !== 'granted') continue;
    const own = last.get(`${event.namespace}\n${event.agent ?? ''}`);
    const why = own === undefined ? refusedAsUnknown(last.get(`${event.namespace}\n${OTHERS}`)) : refusedBy(own);
    const cause = own ?? last.get(`${event.namespace}\n${OTHERS}`);
    if (why !== null && cause !== undefined) found.push(violation('I19', [event, cause], `${name(event)} ${why}.`));
  }
  return found;
}

function refusedBy(own: Event): string | null {
  if (own.type === 'agent.draining') return `is granted to an agent that drains since ${name(own)}`;
  return own.type === 'agent.retired' ? `is granted to an agent that is retired since ${name(own)}` : null;
}

function refusedAsUnknown(policy: Event | undefined): string | null {
  if (policy === undefined || payloadOf(policy, 'agent.policy_set').agents === 'any') return null;
  return `is granted to an agent that is not registered, after ${name(policy)}`;
}
