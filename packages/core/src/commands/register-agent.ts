import { z } from 'zod';
import { rolesOf, rolesText, type Agent } from '../model/agent.ts';
import * as field from '../model/fields.ts';
import type { AgentEventDraft } from '../log/events.ts';
import type { Command } from './command.ts';
import { plainReply } from './receipt-reply.ts';

/** The input of `registerAgent`. What is left out stays as it was; for a new agent: no roles, no machine, a program. */
export const registerAgentInput = z.lazy(() =>
  z.strictObject({
    namespace: field.name,
    commandId: field.commandId,
    agent: field.name,
    /** All of its roles: it may claim the tasks for one of them, whatever a claim says. */
    roles: field.roles.optional(),
    /** The machine that it runs on; null: none. */
    machine: field.id.nullable().optional(),
    /** Whether it is a person. */
    human: z.boolean().optional(),
  }),
);

/** The input, checked and filled in. */
export type RegisterAgentInput = z.output<typeof registerAgentInput>;

/** The entry of the registry after the call. */
export interface RegisterAgentReply {
  readonly ok: true;
  readonly agent: Agent;
}

/** Registers an agent; one that drains or is retired becomes active again. The same again changes nothing. */
export const registerAgent: Command<RegisterAgentInput, RegisterAgentReply> = {
  name: 'register_agent',
  input: registerAgentInput,
  events: ['agent.registered'],
  receipt: plainReply(),

  scope: ({ namespace, commandId, agent }) => ({ by: 'agent', namespace, commandId, name: agent }),

  decide(input, loaded) {
    const [before = null] = loaded.agents;
    const roles = rolesText(input.roles ?? (before === null ? [] : rolesOf(before)));
    const machine = input.machine === undefined ? (before?.machine ?? null) : input.machine;
    const human = input.human ?? before?.human === 1;
    const isSame =
      before?.status === 'active' &&
      before.roles === roles &&
      before.machine === machine &&
      before.human === (human ? 1 : 0);
    const registered: AgentEventDraft = {
      type: 'agent.registered',
      name: input.agent,
      payload: { roles: [...rolesOf({ roles })], machine, human },
    };
    return {
      events: [],
      agentEvents: isSame ? [] : [registered],
      reply: (after) => ({ ok: true, agent: after.agent(input.agent) }),
    };
  },
};
