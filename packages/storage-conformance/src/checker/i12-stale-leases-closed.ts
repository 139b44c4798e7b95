import { namespaceOf, type Attempt, type IssuedCommand } from '@agent-orchestrator/core/journal';
import { answerTimes } from './answer-times.ts';
import { payloadOf, type History, type Lease } from './history.ts';
import { proofsOfLife, type ProofOfLife } from './proofs-of-life.ts';
import { violation, type Violation } from './violation.ts';
import { inSequence } from './in-sequence.ts';

/**
 * I12. A lease that is stale is closed by the next recovery that says there is nothing more to recover; at the latest
 * by the one after it, since one may have looked just before. A recovery that skips a lease because another transaction
 * has locked its row says that there is more. But it cannot see a grant that is not committed yet, and that may take
 * longer than the lease lasts.
 */
export function staleLeasesClosed(history: History): Violation[] {
  const recoveries = history.commands.flatMap(thatLeftNothing);
  if (recoveries.length === 0) return [];
  const proofs = proofsOfLife(history);
  const answeredAt = answerTimes(history);
  return history.leases.flatMap((lease) => {
    const staleAt = staleAtOf(lease, proofs.get(lease) ?? [], history.attempts);
    if (staleAt === null) return [];
    const { clockSkewMs, uncommittedMs } = history.tolerances;
    const seenFrom = answeredAt(lease.grant) ?? lease.grant.at + uncommittedMs;
    const closedAt = lease.closings[0]?.at ?? Number.POSITIVE_INFINITY;
    const passedOver = recoveries.filter(
      (recovery) =>
        namespaceOf(recovery) === lease.namespace &&
        recovery.sentAt > Math.max(staleAt, seenFrom) + clockSkewMs &&
        (recovery.answeredAt ?? Number.POSITIVE_INFINITY) < closedAt - clockSkewMs,
    );
    if (inSequence(passedOver) < 2) return [];
    const which = `the lease of fence ${lease.fence} in ${lease.sessionId}`;
    const why = `${which} was stale at ${staleAt}, but ${passedOver.length} recoveries skipped it.`;
    return violation('I12', [lease.grant, ...lease.closings], why);
  });
}

/** Answers to a recovery that there is nothing more. An answer may tell what was so when the command was first sent. */
function thatLeftNothing({ attempts }: IssuedCommand): Attempt<'recover'>[] {
  const sentAt = Math.min(...attempts.map((attempt) => attempt.sentAt));
  return attempts.flatMap((attempt) =>
    attempt.command === 'recover' && attempt.reply?.ok === true && !attempt.reply.more ? [{ ...attempt, sentAt }] : [],
  );
}

/** When the lease was stale for good, or null if that cannot be told. */
function staleAtOf(lease: Lease, proofs: readonly ProofOfLife[], attempts: readonly Attempt[]): number | null {
  const [closing] = lease.closings;
  if (closing?.type === 'task.recovered' || closing?.type === 'lease.taken_over')
    return payloadOf(closing, closing.type).stale_at;
  // A holder that came late proved to be alive; before that, its silence was not written down.
  if (closing !== undefined || mayHaveProvenLife(lease, attempts)) return null;
  const { ttl_ms, stale_after_ms } = lease.granted;
  const jumps = lease.clockJumps.map((event) => payloadOf(event, 'clock.jumped').expires_at - ttl_ms);
  return Math.max(...proofs.map(({ at }) => at), ...jumps) + Math.max(ttl_ms, stale_after_ms);
}

/** Whether a proof of life of this lease has an unknown outcome. */
function mayHaveProvenLife({ namespace, fence }: Lease, attempts: readonly Attempt[]): boolean {
  return attempts.some(
    (attempt) =>
      attempt.outcome === 'unknown' &&
      (attempt.command === 'heartbeat' || attempt.command === 'checkpoint') &&
      attempt.request.fence === fence &&
      namespaceOf(attempt) === namespace,
  );
}
