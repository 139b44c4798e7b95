import type { Claimed, ClaimRefusal, Orchestrator } from '@agent-orchestrator/core';
import type { Instant } from '@agent-orchestrator/runtime';
import { Changes } from '@agent-orchestrator/runtime';
import { interruptedBy } from './interruption.ts';
import { Failure } from './failure.ts';

export type ClaimRequest = Parameters<Orchestrator['claimTask']>[0];

export interface ClaimAttempt {
  /** Every event up to this id was settled before the attempt. */
  readonly asOf: number;
  /** The clocks before the attempt: a lease that was granted is not older than that. */
  readonly since: Instant;
  readonly claimed: Claimed;
}

/** Sends claims and recoveries: the orchestrator itself, or one with a journal. */
type Calls = Pick<Orchestrator, 'claimTask' | 'staleRecovery'>;

export async function claimOnce(
  orchestrator: Orchestrator,
  request: ClaimRequest,
  calls: Calls = orchestrator,
): Promise<ClaimAttempt> {
  const { claimWithProbe, systemTime } = await import('./store-access.ts');
  const asOf = await orchestrator.asOf();
  const since = systemTime.read();
  return { asOf, since, claimed: await claimWithProbe(orchestrator, request, calls) };
}

function isWorthWaitingFor(refusal: ClaimRefusal): refusal is Extract<ClaimRefusal, { reason: 'busy' | 'no_task' }> {
  return refusal.reason === 'busy' || refusal.reason === 'no_task';
}

/**
 * Claims as soon as a task can be claimed. It tries again after each change of the store, when a task becomes due, and
 * every second: the death of a holder does not change the store.
 *
 * @returns the last attempt: granted, or refused because the time was over
 * @throws `INTERRUPTED`, if nothing was claimed
 */
export async function claimWithin(
  orchestrator: Orchestrator,
  request: ClaimRequest,
  {
    waitMs,
    interrupted,
    calls = orchestrator,
  }: { readonly waitMs: number; readonly interrupted: AbortSignal; readonly calls?: Calls },
): Promise<ClaimAttempt> {
  const giveUpAt = performance.now() + waitMs;
  await using changes = await Changes.of(orchestrator);
  for (;;) {
    const attempt = await claimOnce(orchestrator, request, calls);
    const leftMs = giveUpAt - performance.now();
    // What the registry refuses, no wait changes; nor does a session come to be.
    if (attempt.claimed.ok || !isWorthWaitingFor(attempt.claimed) || leftMs <= 0) return attempt;
    if (interrupted.aborted)
      throw new Failure('INTERRUPTED', 'Interrupted while waiting; nothing was claimed.', {
        exit: interruptedBy(interrupted),
      });
    const dueAt = attempt.claimed.reason === 'busy' ? attempt.claimed.until : attempt.claimed.nextDueAt;
    const dueMs = dueAt === null ? leftMs : Math.max(1, dueAt - (await orchestrator.now()));
    await changes.wait(Math.min(leftMs, dueMs), interrupted);
  }
}
