import type { Claimed, Orchestrator } from '@agent-orchestrator/core';
import { findDeadHolders } from './dead-holders.ts';

type ClaimRequest = Parameters<Orchestrator['claimTask']>[0];

/**
 * `claimTask` that does not wait for dead holders. If the claim finds no task, this function looks for holders on this
 * machine whose processes are gone. Their sessions are recovered or taken over at once, and the claim is tried again.
 *
 * @param calls sends the claims and recoveries
 */
export async function claimWithProbe(
  orchestrator: Orchestrator,
  request: ClaimRequest,
  calls: Pick<Orchestrator, 'claimTask' | 'staleRecovery'> = orchestrator,
): Promise<Claimed> {
  const claimed = await calls.claimTask(request);
  if (claimed.ok || claimed.reason === 'not_found') return claimed;
  const { sessionId, namespace, agent, instance } = request;
  const evidence = [
    ...(await findDeadHolders(orchestrator, { sessionId, ...(namespace !== undefined && { namespace }) })),
  ];
  if (evidence.length === 0) return claimed;
  if (claimed.reason === 'busy') return calls.claimTask({ ...request, evidence });
  await calls.staleRecovery({ agent, instance, evidence, ...(namespace !== undefined && { namespace }) });
  return calls.claimTask(request);
}
