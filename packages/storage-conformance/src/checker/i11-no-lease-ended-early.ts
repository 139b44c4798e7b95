import type { Event, EventPayloads, Json, LEASE_END_EVENTS } from '@agent-orchestrator/core';
import { proofsOfLife, type ProofOfLife } from './proofs-of-life.ts';
import { name, payloadOf, type History, type Lease } from './history.ts';
import { violation, type Violation } from './violation.ts';

type LostPayload = EventPayloads[(typeof LEASE_END_EVENTS.other)[number]];

/**
 * I11. No lease is ended before its time, but by the same agent's resume, on evidence of death, or by a restore;
 * and the closing event tells the truth about the last proof of life: a heartbeat that came first wins.
 */
export function noLeaseEndedEarly(history: History): Violation[] {
  const proofs = proofsOfLife(history);
  return history.leases.flatMap((lease) =>
    lease.closings.flatMap((closing) => {
      if (closing.type !== 'task.recovered' && closing.type !== 'lease.taken_over') return [];
      const lost = payloadOf(closing, closing.type);
      const problems = [
        reasonProblem(lease, closing, lost),
        accountProblem(lease, lost),
        proofProblem(lease, closing, lost, proofs.get(lease) ?? [], history.tolerances.clockStepMs),
      ];
      return problems.flatMap((problem) =>
        problem === null ? [] : violation('I11', [lease.grant, closing], `${name(closing)} ${problem}`),
      );
    }),
  );
}

function reasonProblem(lease: Lease, closing: Event, lost: LostPayload): string | null {
  switch (lost.reason) {
    case 'stale':
      return closing.at >= lost.stale_at ? null : `came ${lost.stale_at - closing.at} ms before the lease was stale.`;
    case 'expired':
      return closing.at >= lost.expires_at ? null : `came ${lost.expires_at - closing.at} ms before the lease expired.`;
    case 'resumed':
      return resumeProblem(lease, closing, lost);
    case 'dead':
      return isEvidenceAgainst(lease, lost.evidence) ? null : "has no evidence against the holder's process.";
    case 'restored':
      return null;
  }
}

/** A restarted agent is believed if its process was not recorded, is proven dead, or was silent for half the TTL. */
function resumeProblem({ grant, granted }: Lease, closing: Event, lost: LostPayload): string | null {
  if (closing.agent !== grant.agent) return `resumes a lease of ${grant.agent}, but its agent is ${closing.agent}.`;
  if (granted.pid === null || closing.at - lost.heartbeat_at >= granted.ttl_ms / 2) return null;
  return lost.evidence === null ? 'resumes from a process that may be alive.' : null;
}

function isEvidenceAgainst({ granted }: Lease, evidence: Json): boolean {
  if (evidence === null || typeof evidence !== 'object' || !('pid' in evidence) || granted.pid === null) return false;
  return (
    evidence['host'] === granted.host &&
    evidence['boot'] === granted.boot &&
    evidence.pid === granted.pid &&
    evidence['process_start'] === granted.process_start
  );
}

/** Whether the closing event agrees with the grant and with itself. */
function accountProblem({ grant, granted }: Lease, lost: LostPayload): string | null {
  if (lost.from_agent !== grant.agent || lost.from_instance !== grant.instance)
    return 'names another holder than the grant.';
  if (lost.expires_at !== lost.heartbeat_at + granted.ttl_ms)
    return 'names an expiry that is not the last heartbeat and the TTL.';
  const staleAt = Math.max(lost.expires_at, lost.heartbeat_at + granted.stale_after_ms);
  return lost.stale_at === staleAt ? null : `has stale_at ${lost.stale_at}, but it was ${staleAt}.`;
}

function proofProblem(
  lease: Lease,
  closing: Event,
  lost: LostPayload,
  proofs: readonly ProofOfLife[],
  clockStepMs: number,
): string | null {
  // After a jump of the clock the deadlines were set anew, whatever had been proven before.
  if (lease.clockJumps.length > 0) return null;
  // Another invariant checks a heartbeat that was accepted after the closing.
  const later = proofs.find(({ at }) => at > lost.heartbeat_at + clockStepMs && at <= closing.at);
  return later === undefined
    ? null
    : `overlooks ${later.what}, ${later.at - lost.heartbeat_at} ms after the last heartbeat that it names.`;
}
