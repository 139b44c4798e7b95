import type { OrchestratorReads } from '@agent-orchestrator/core';

/** The roles of an agent that asks what waits for it: those that it names, or else all that the registry gives it. */
export async function rolesOf(
  reads: Pick<OrchestratorReads, 'getAgent'>,
  agent: string | undefined,
  named: readonly string[] = [],
): Promise<readonly string[]> {
  if (agent === undefined || named.length > 0) return named;
  return (await reads.getAgent(agent))?.roles ?? [];
}
