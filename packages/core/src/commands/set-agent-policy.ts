import { z } from 'zod';
import { AGENT_POLICIES, OTHER_AGENTS, policyOf, type AgentPolicy } from '../model/agent.ts';
import * as field from '../model/fields.ts';
import type { Command } from './command.ts';
import { plainReply } from './receipt-reply.ts';

/** The input of `setAgentPolicy`. */
export const setAgentPolicyInput = z.strictObject({
  namespace: field.name,
  commandId: field.commandId,
  /** Which names may claim in the namespace. */
  agents: z.enum(AGENT_POLICIES),
});

/** The input, checked and filled in. */
export type SetAgentPolicyInput = z.output<typeof setAgentPolicyInput>;

/** The policy after the call. */
export interface SetAgentPolicyReply {
  readonly ok: true;
  readonly agents: AgentPolicy;
}

/** Sets which names may claim in the namespace. The same again changes nothing. */
export const setAgentPolicy: Command<SetAgentPolicyInput, SetAgentPolicyReply> = {
  name: 'set_agent_policy',
  input: setAgentPolicyInput,
  events: ['agent.policy_set'],
  receipt: plainReply(),

  scope: ({ namespace, commandId }) => ({ by: 'agent', namespace, commandId, name: OTHER_AGENTS }),

  decide({ agents }, loaded) {
    const [before = null] = loaded.agents;
    const isSame = policyOf(before) === agents;
    return {
      events: [],
      agentEvents: isSame ? [] : [{ type: 'agent.policy_set', name: OTHER_AGENTS, payload: { agents } }],
      reply: () => ({ ok: true, agents }),
    };
  },
};
