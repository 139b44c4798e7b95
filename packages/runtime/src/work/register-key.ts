import { OrchestratorError, type Orchestrator } from '@agent-orchestrator/core';
import type { MadeKey } from '../system/key-files.ts';
import { messageOf } from '../text/message-of.ts';

type Call = Pick<Parameters<Orchestrator['setAgentKey']>[0], 'agent' | 'namespace' | 'commandId'>;

/** The refusals that are known to have written nothing. After any other error, the key may be registered. */
const WROTE_NOTHING: ReadonlySet<string> = new Set([
  'INVALID_INPUT',
  'LIMIT_EXCEEDED',
  'COMMAND_ID_REUSED',
  'COMMAND_ID_EXPIRED',
]);

/**
 * Registers the public half of a key that was just made. The file with the private half is removed if the registry is
 * known not to have taken it, and only then: a key that is registered and lost would leave its agent without a verdict.
 *
 * @throws what `setAgentKey` throws; if the outcome is unknown, with a hint that says where the key is
 */
export async function registerKey(
  orchestrator: Pick<Orchestrator, 'setAgentKey'>,
  key: MadeKey,
  call: Call,
): ReturnType<Orchestrator['setAgentKey']> {
  try {
    const reply = await orchestrator.setAgentKey({ ...call, publicKey: key.publicKey });
    if (!reply.ok) key.discard();
    return reply;
  } catch (error) {
    const code = error instanceof OrchestratorError ? error.code : 'OUTCOME_UNKNOWN';
    if (WROTE_NOTHING.has(code)) {
      key.discard();
      throw error;
    }
    throw new OrchestratorError(code, messageOf(error), {
      cause: error,
      hint:
        `\`orchestrator agent key show\` says which key agent ${call.agent} has. If it is ${key.fingerprint}, ` +
        `the key was made, and its file is ${key.path}. Otherwise make a key again: this one is not used.`,
    });
  }
}
