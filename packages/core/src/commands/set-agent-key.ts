import { z } from 'zod';
import type { Agent } from '../model/agent.ts';
import * as field from '../model/fields.ts';
import { refusalReason, refuse, type Command } from './command.ts';
import { plainReply } from './receipt-reply.ts';

/** The input of `setAgentKey`. */
export const setAgentKeyInput = z.lazy(() =>
  z.strictObject({
    namespace: field.name,
    commandId: field.commandId,
    agent: field.name,
    /** The public half of an Ed25519 key, as base64url of its 32 bytes; null revokes the key. */
    publicKey: field.publicKey.nullable(),
  }),
);

/** The input, checked and filled in. */
export type SetAgentKeyInput = z.output<typeof setAgentKeyInput>;

/** The entry of the registry after the call; or the reason why it was refused. */
export type SetAgentKeyReply =
  | { readonly ok: true; readonly agent: Agent }
  /** The name is not registered. */
  | { readonly ok: false; readonly reason: 'not_found' };

/**
 * Sets the key that the verdicts of a registered agent are signed with, in the place of any other. Verdicts of before
 * stay proven by the key of their time. The same again changes nothing.
 */
export const setAgentKey: Command<SetAgentKeyInput, SetAgentKeyReply> = {
  name: 'set_agent_key',
  input: setAgentKeyInput,
  refusalReason,
  events: ['agent.key_set'],
  receipt: plainReply(),

  scope: ({ namespace, commandId, agent }) => ({ by: 'agent', namespace, commandId, name: agent }),

  decide({ agent: name, publicKey }, loaded) {
    const [agent] = loaded.agents;
    if (agent === undefined) return refuse({ ok: false, reason: 'not_found' });
    if (agent.publicKey === publicKey) return refuse({ ok: true, agent });
    return {
      events: [],
      agentEvents: [{ type: 'agent.key_set', name, payload: { public_key: publicKey } }],
      reply: (after) => ({ ok: true, agent: after.agent(name) }),
    };
  },
};
