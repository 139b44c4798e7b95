import { refusalReason, refuse, type Command } from './command.ts';
import { endAgentInput, type EndAgentInput, type EndAgentReply } from './drain-agent.ts';
import { plainReply } from './receipt-reply.ts';

/** Retires the name of an agent; what is held under it may be finished. A second request changes nothing. */
export const retireAgent: Command<EndAgentInput, EndAgentReply> = {
  name: 'retire_agent',
  input: endAgentInput,
  refusalReason,
  events: ['agent.retired'],
  receipt: plainReply(),

  scope: ({ namespace, commandId, agent }) => ({ by: 'agent', namespace, commandId, name: agent }),

  decide({ agent: name }, loaded) {
    const [agent] = loaded.agents;
    if (agent === undefined) return refuse({ ok: false, reason: 'not_found' });
    if (agent.status === 'retired') return refuse({ ok: true, agent });
    return {
      events: [],
      agentEvents: [{ type: 'agent.retired', name, payload: {} }],
      reply: (after) => ({ ok: true, agent: after.agent(name) }),
    };
  },
};
