import type { Attempt } from './attempt.ts';
import type { JournaledClaim } from './journaled.ts';

/** The claims in an answer. */
export function claimsIn({ command, reply }: Attempt): readonly JournaledClaim[] {
  if (reply?.ok !== true) return [];
  if (command === 'claim') return reply.claims;
  return command === 'release' ? reply.next : [];
}
