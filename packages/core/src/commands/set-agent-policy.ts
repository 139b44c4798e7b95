import { z } from 'zod';
import {
  AGENT_POLICIES,
  OTHER_AGENTS,
  policyOf,
  rolesOf,
  rolesText,
  signedRolesOf,
  type AgentPolicy,
} from '../model/agent.ts';
import type { AgentEventDraft } from '../log/events.ts';
import * as field from '../model/fields.ts';
import type { Command } from './command.ts';
import { plainReply } from './receipt-reply.ts';

/** The input of `setAgentPolicy`. What is left out stays as it was. */
export const setAgentPolicyInput = z.lazy(() =>
  z
    .strictObject({
      namespace: field.name,
      commandId: field.commandId,
      /** Which names may claim in the namespace. */
      agents: z.enum(AGENT_POLICIES).optional(),
      /** All roles whose verdicts must be signed. */
      signedRoles: field.roles.optional(),
    })
    .refine(({ agents, signedRoles }) => agents !== undefined || signedRoles !== undefined, {
      path: ['agents'],
      message: 'or signedRoles must be given',
    }),
);

/** The input, checked and filled in. */
export type SetAgentPolicyInput = z.output<typeof setAgentPolicyInput>;

/** The policy after the call. */
export interface SetAgentPolicyReply {
  readonly ok: true;
  readonly agents: AgentPolicy;
  /** The roles whose verdicts must be signed. */
  readonly signedRoles: readonly string[];
}

/** Sets which names may claim in the namespace, and whose verdicts must be signed. The same again changes nothing. */
export const setAgentPolicy: Command<SetAgentPolicyInput, SetAgentPolicyReply> = {
  name: 'set_agent_policy',
  input: setAgentPolicyInput,
  events: ['agent.policy_set', 'agent.signed_roles_set'],
  receipt: plainReply(),

  scope: ({ namespace, commandId }) => ({ by: 'agent', namespace, commandId, name: OTHER_AGENTS }),

  decide(input, loaded) {
    const [before = null] = loaded.agents;
    const { agents = policyOf(before) } = input;
    const roles = rolesText(input.signedRoles ?? signedRolesOf(before));
    const signedRoles = [...rolesOf({ roles })];
    const agentEvents: AgentEventDraft[] = [];
    if (policyOf(before) !== agents)
      agentEvents.push({ type: 'agent.policy_set', name: OTHER_AGENTS, payload: { agents } });
    if (rolesText(signedRolesOf(before)) !== roles)
      agentEvents.push({
        type: 'agent.signed_roles_set',
        name: OTHER_AGENTS,
        payload: { signed_roles: signedRoles },
      });
    return { events: [], agentEvents, reply: () => ({ ok: true, agents, signedRoles }) };
  },
};
