import type { Orchestrator } from '@agent-orchestrator/core';
import {
  callerIdentity,
  lastHeld,
  openOrchestrator,
  OrchestratorError,
  readResume,
  RESUME_BUDGET,
  resumeCard,
  TOOL_WORDS,
  type AgentPlace,
} from '@agent-orchestrator/runtime';

/** A host that starts waits no longer than this for a store that is busy. */
const BUSY_TIMEOUT_MS = 1_000;

/**
 * What the agent of a host has to continue, and what waits for it. The default length fits every host: it is at most
 * 6,000 bytes, where the shortest limit is some 2,500 tokens.
 *
 * @returns empty if there is nothing, or no store yet
 * @throws what opening and reading the store throws
 */
export async function cardFor(place: AgentPlace): Promise<string> {
  const { namespace, store } = place;
  try {
    const options = { mode: 'read-only', namespace, busyTimeoutMs: BUSY_TIMEOUT_MS } as const;
    await using orchestrator = await openOrchestrator(store, options);
    return await cardIn(orchestrator, place);
  } catch (error) {
    if (error instanceof OrchestratorError && error.code === 'STORE_NOT_FOUND') return '';
    throw error;
  }
}

/** The same of a store that is open. */
export async function cardIn(orchestrator: Pick<Orchestrator, 'snapshot'>, place: AgentPlace): Promise<string> {
  const { agent } = place;
  const question = { agent, caller: callerIdentity({ agent }), lastHeld: lastHeld(place) };
  return resumeCard(await readResume(orchestrator, question), RESUME_BUDGET.default, TOOL_WORDS);
}
