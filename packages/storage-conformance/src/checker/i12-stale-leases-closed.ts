import { namespaceOf, type Attempt } from '@agent-orchestrator/core/journal';
import { payloadOf, type History, type Lease } from './history.ts';
import { proofsOfLife, type ProofOfLife } from './proofs-of-life.ts';
import { violation, type Violation } from './violation.ts';
import { inSequence } from './in-sequence.ts';

/**
 * I12. A lease that is stale is closed by the next recovery that says there is nothing more to recover. It may be
 * passed over once, by a recovery that found its row locked; more often only while a halted process may keep it so.
 */
export function staleLeasesClosed(history: History): Violation[] {
  const recoveries = history.attempts.filter(
    (attempt): attempt is Attempt<'recover'> =>
      attempt.command === 'recover' && attempt.reply?.ok === true && !attempt.reply.more,
  );
  if (recoveries.length === 0) return [];
  const proofs = proofsOfLife(history);
  return history.leases.flatMap((lease) => {
    const staleAt = staleAtOf(lease, proofs.get(lease) ?? [], history.attempts);
    if (staleAt === null) return [];
    const { clockSkewMs, lockedMs } = history.tolerances;
    const closedAt = lease.closings[0]?.at ?? Number.POSITIVE_INFINITY;
    const passedOver = recoveries.filter(
      (recovery) =>
        namespaceOf(recovery) === lease.namespace &&
        recovery.sentAt > staleAt + clockSkewMs + lockedMs &&
        (recovery.answeredAt ?? Number.POSITIVE_INFINITY) < closedAt - clockSkewMs,
    );
    if (inSequence(passedOver) < 2) return [];
    const which = `the lease of fence ${lease.fence} in ${lease.sessionId}`;
    const why = `${which} was stale at ${staleAt}, but ${passedOver.length} recoveries skipped it.`;
    return violation('I12', [lease.grant, ...lease.closings], why);
  });
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
