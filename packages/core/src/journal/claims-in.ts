import type { ClaimRecord } from '../api/records.ts';
import type { Attempt } from './attempt.ts';

/** The grants that an answer tells of. */
export function claimsIn({ command, reply }: Attempt): readonly ClaimRecord[] {
  if (reply?.ok !== true) return [];
  if (command === 'claim') return reply.claims;
  return command === 'release' && reply.next !== null ? [reply.next] : [];
}
