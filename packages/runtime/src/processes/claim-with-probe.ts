import type { Claimed, Orchestrator } from '@agent-orchestrator/core';
import { findDeadHolders } from './dead-holders.ts';

type ClaimRequest = Parameters<Orchestrator['claimTask']>[0];

/**
 * `claimTask`, and where that finds nothing to take, a look for holders on this machine that are plainly gone: what they held
 * is recovered or taken over at once, and the claim is tried again. Whoever gets work at once need not know who has died.
 *
 * @param calls what sends claims and recoveries
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
