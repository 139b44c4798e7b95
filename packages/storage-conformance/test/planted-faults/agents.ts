import type { Event } from '@agent-orchestrator/core';
import { find, insertAfter, is } from '../checker-forgery.ts';
import { byId, log, type PlantedFault } from './planted-fault.ts';

/** The last grant of the day to an agent, and the event before it in the log. */
const grantTo = (agent: string) => (event: Event) => event.leaseEffect === 'granted' && event.agent === agent;

/** An event of the registry, whatever else its place says. */
const ofRegistry = (streamId: string, type: Event['type']): Partial<Event> => ({
  streamKind: 'agent',
  streamId,
  type,
  agent: streamId === '*' ? null : streamId,
  sessionId: null,
  taskId: null,
  instance: null,
  fence: null,
  leaseEffect: null,
  commandId: null,
});

/** Grants to agents that may not claim: I19. */
export const agents: readonly PlantedFault[] = [
  {
    invariant: 'I19',
    fault: 'an agent that drains is granted a lease',
    plant: log((day) => {
      const begun = insertAfter(day, is('session.opened'), ofRegistry('company-agent', 'agent.registered'));
      return insertAfter(begun, is('agent.registered'), ofRegistry('company-agent', 'agent.draining'));
    }),
  },
  {
    invariant: 'I19',
    fault: 'a retired agent is granted a lease that another one had in its place',
    plant: log((day) => {
      const grant = find(day, grantTo('home-agent'));
      const before = day.events[day.events.findIndex(({ id }) => id === grant.id) - 1] ?? grant;
      return insertAfter(day, byId(before), ofRegistry('home-agent', 'agent.retired'));
    }),
  },
  {
    invariant: 'I19',
    fault: 'an agent that is not registered is granted a lease where only registered agents may claim',
    plant: log((day) =>
      insertAfter(day, is('session.opened'), ofRegistry('*', 'agent.policy_set'), { agents: 'registered_only' }),
    ),
  },
];
