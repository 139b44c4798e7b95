import type { Orchestrator } from '@agent-orchestrator/core';
import type { HeldLease } from '@agent-orchestrator/runtime';
import { turnCheckpoint } from './turn-checkpoint.ts';
import type { WorkState } from './work-state.ts';

/**
 * Saves where the work on each held task is, as the host saw it. One that cannot be saved is in the way of no other.
 *
 * @throws what the first of them was refused with, when all were tried
 */
export async function saveWork(
  orchestrator: Pick<Orchestrator, 'getSession' | 'checkpoint'>,
  leases: readonly HeldLease[],
  state: WorkState,
): Promise<void> {
  // With several tasks, it is not known of which one the model spoke.
  const seen = leases.length === 1 ? state : { ...state, lastMessage: null };
  const saved = await Promise.allSettled(leases.map((lease) => saveOne(orchestrator, lease, seen)));
  const refused = saved.find(({ status }) => status === 'rejected');
  if (refused?.status === 'rejected') throw refused.reason;
}

async function saveOne(
  orchestrator: Pick<Orchestrator, 'getSession' | 'checkpoint'>,
  { sessionId, token, instance }: HeldLease,
  state: WorkState,
): Promise<void> {
  const session = await orchestrator.getSession(sessionId);
  const checkpoint = turnCheckpoint(session?.context ?? null, state);
  // A lease that was lost meanwhile is refused: then there is nothing to save.
  if (checkpoint !== null)
    await orchestrator.checkpoint({ token, ...(instance !== null && { instance }), ...checkpoint });
}
