/**
 * What an event of the registry does to an agent. This is the only place where one changes: commands use it on the row
 * that they loaded, `verify()` on the whole log.
 */
import { OTHER_AGENTS, rolesText, type Agent, type AgentStatus } from '../model/agent.ts';
import { internalError } from '../model/errors.ts';
import { fromJsonText } from '../model/json.ts';
import { AGENT_EVENTS, type AgentEventType, type EventPayloads, type EventType, type NewEvent } from './events.ts';
import { isAgentTransition } from './lifecycle.ts';

type Fact = { [T in AgentEventType]: { readonly type: T; readonly payload: EventPayloads[T] } }[AgentEventType];

/** Whether an event belongs to the stream of an agent. */
export function isAgentEvent(type: EventType): type is AgentEventType {
  return (AGENT_EVENTS as readonly EventType[]).includes(type);
}

/**
 * @param agent the row before; null: there is none
 * @throws `INTERNAL` if the event cannot follow on this state: the log or the rules are broken
 */
export function evolveAgent(
  agent: Agent | null,
  event: NewEvent,
  payload: unknown = fromJsonText(event.payload),
): Agent {
  if (event.streamKind !== 'agent' || !isAgentEvent(event.type)) throw illegal(event, 'it is of another stream');
  const isOfOthers = event.type === 'agent.policy_set' || event.type === 'agent.signed_roles_set';
  if (isOfOthers !== (event.streamId === OTHER_AGENTS)) throw illegal(event, 'it is about another name');
  const fact = { type: event.type, payload } as Fact;
  const after = changed(agent ?? unknown(event), fact);
  if (!isAgentTransition(event.type, agent?.status ?? null, after.status))
    throw illegal(event, `an agent cannot go from ${agent?.status ?? null} to ${after.status} by it`);
  return { ...after, seq: event.seq, hash: event.hash, updatedAt: event.at };
}

function changed(agent: Agent, fact: Fact): Agent {
  switch (fact.type) {
    case 'agent.registered': {
      const { roles, machine, human } = fact.payload;
      return { ...agent, status: 'active', roles: rolesText(roles), machine, human: human ? 1 : 0 };
    }
    case 'agent.draining':
      return { ...agent, status: 'draining' };
    case 'agent.retired':
      return { ...agent, status: 'retired' };
    case 'agent.policy_set':
      return { ...agent, status: STATUS_BY_POLICY[fact.payload.agents] };
    case 'agent.key_set':
      return { ...agent, publicKey: fact.payload.public_key };
    case 'agent.signed_roles_set':
      return { ...agent, signedRoles: rolesText(fact.payload.signed_roles) };
  }
}

const STATUS_BY_POLICY = { any: 'active', registered_only: 'retired' } as const satisfies Record<string, AgentStatus>;

/** A name before its first event. */
function unknown(event: NewEvent): Agent {
  return {
    namespace: event.namespace,
    name: event.streamId,
    status: 'active',
    roles: rolesText([]),
    machine: null,
    human: 0,
    publicKey: null,
    signedRoles: rolesText([]),
    seq: 0,
    hash: '',
    version: 0,
    createdAt: event.at,
    updatedAt: event.at,
  };
}

function illegal(event: NewEvent, why: string): Error {
  return internalError(`${event.type} cannot be event ${event.seq} of agent ${event.streamId}: ${why}.`);
}
