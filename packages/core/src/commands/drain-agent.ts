import { z } from 'zod';
import type { Agent } from '../model/agent.ts';
import * as field from '../model/fields.ts';
import { refusalReason, refuse, type Command } from './command.ts';
import { plainReply } from './receipt-reply.ts';

/** The input of `drainAgent` and `retireAgent`. */
export const endAgentInput = z.lazy(() =>
  z.strictObject({ namespace: field.name, commandId: field.commandId, agent: field.name }),
);

/** The input, checked and filled in. */
export type EndAgentInput = z.output<typeof endAgentInput>;

/** The entry of the registry after the call; or the reason why it was refused. */
export type EndAgentReply =
  | { readonly ok: true; readonly agent: Agent }
  /** A retired agent cannot drain: it claims nothing already. */
  | { readonly ok: false; readonly reason: 'agent_retired'; readonly agent: string }
  /** The name is not registered. */
  | { readonly ok: false; readonly reason: 'not_found' };

/** Lets an agent claim nothing more; what it holds it may finish. A second request changes nothing. */
export const drainAgent: Command<EndAgentInput, EndAgentReply> = {
  name: 'drain_agent',
  input: endAgentInput,
  refusalReason,
  events: ['agent.draining'],
  receipt: plainReply(),

  scope: ({ namespace, commandId, agent }) => ({ by: 'agent', namespace, commandId, name: agent }),

  decide({ agent: name }, loaded) {
    const [agent] = loaded.agents;
    if (agent === undefined) return refuse({ ok: false, reason: 'not_found' });
    if (agent.status === 'retired') return refuse({ ok: false, reason: 'agent_retired', agent: name });
    if (agent.status === 'draining') return refuse({ ok: true, agent });
    return {
      events: [],
      agentEvents: [{ type: 'agent.draining', name, payload: {} }],
      reply: (after) => ({ ok: true, agent: after.agent(name) }),
    };
  },
};
