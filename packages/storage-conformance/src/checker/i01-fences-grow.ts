import type { History } from './history.ts';
import { name } from './history.ts';
import { violation, type Violation } from './violation.ts';

/** I1. Across the whole database no token is granted twice; within a session each is greater than the one before. */
export function tokensGrow({ leases, sessions }: History): Violation[] {
  const found: Violation[] = [];
  const grants = new Map<number, (typeof leases)[number]>();
  for (const lease of leases) {
    const other = grants.get(lease.token);
    if (other !== undefined)
      found.push(
        violation('I1', [other.grant, lease.grant], `token ${lease.token} was granted twice: ${name(lease.grant)}.`),
      );
    grants.set(lease.token, lease);
  }
  for (const session of sessions)
    for (const [at, lease] of session.leases.entries()) {
      const before = session.leases[at - 1];
      // Equal ones were reported as granted twice.
      if (before !== undefined && lease.token < before.token)
        found.push(
          violation(
            'I1',
            [before.grant, lease.grant],
            `token ${lease.token} follows on ${before.token} in ${session.sessionId}.`,
          ),
        );
    }
  return found;
}
