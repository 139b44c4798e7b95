import { groupBy, name, type History, type Lease } from './history.ts';
import { namespaceOf } from '@agent-orchestrator/core/journal';

/** Something that showed the holder to be alive, by the authority's clock. */
export interface ProofOfLife {
  readonly at: number;
  readonly what: string;
}

/**
 * What is known of each lease's proofs of life: the grant, its checkpoints, and the heartbeats that were acknowledged.
 */
export function proofsOfLife({ leases, attempts }: History): Map<Lease, ProofOfLife[]> {
  const heartbeats = attempts.flatMap((attempt) =>
    attempt.command === 'heartbeat' && attempt.reply?.ok === true
      ? { key: `${namespaceOf(attempt)}\n${attempt.request.fence}`, expiresAt: attempt.reply.expiresAt }
      : [],
  );
  const byFence = groupBy(heartbeats, ({ key }) => key);
  return new Map(
    leases.map((lease) => {
      const { granted, checkpoints } = lease;
      const acknowledged = byFence.get(`${lease.namespace}\n${lease.fence}`) ?? [];
      return [
        lease,
        [
          { at: granted.expires_at - granted.ttl_ms, what: 'the grant' },
          ...checkpoints.map((event) => ({ at: event.at, what: name(event) })),
          ...acknowledged.map(({ expiresAt }) => ({
            at: expiresAt - granted.ttl_ms,
            what: 'an acknowledged heartbeat',
          })),
        ],
      ];
    }),
  );
}
