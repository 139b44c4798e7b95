import type { History } from './history.ts';
import { name } from './history.ts';
import { violation, type Violation } from './violation.ts';

/** I1. Across the whole database no fence is granted twice; within a session each is greater than the one before. */
export function fencesGrow({ leases, sessions }: History): Violation[] {
  const found: Violation[] = [];
  const grants = new Map<number, (typeof leases)[number]>();
  for (const lease of leases) {
    const other = grants.get(lease.fence);
    if (other !== undefined)
      found.push(
        violation('I1', [other.grant, lease.grant], `fence ${lease.fence} was granted twice: ${name(lease.grant)}.`),
      );
    grants.set(lease.fence, lease);
  }
  for (const session of sessions)
    for (const [at, lease] of session.leases.entries()) {
      const before = session.leases[at - 1];
      // Equal ones were reported as granted twice.
      if (before !== undefined && lease.fence < before.fence)
        found.push(
          violation(
            'I1',
            [before.grant, lease.grant],
            `fence ${lease.fence} follows on ${before.fence} in ${session.sessionId}.`,
          ),
        );
    }
  return found;
}
