import { claimsIn, type IssuedCommand, type JournaledClaim } from '@agent-orchestrator/core/journal';
import type { History } from './history.ts';

/** A grant as its claimant got it. */
export interface ToldClaim {
  readonly claim: JournaledClaim;
  readonly commandId: string;
  /** The command had been sent before, so the answer may be the receipt's: with the session's context of today. */
  readonly again: boolean;
}

/** Every grant in the answers to workers, by its fence. */
export function toldClaims({ commands }: History): Map<number, ToldClaim[]> {
  const told = new Map<number, ToldClaim[]>();
  for (const command of commands)
    for (const one of toldBy(command)) {
      const { fence } = one.claim.lease;
      told.set(fence, [...(told.get(fence) ?? []), one]);
    }
  return told;
}

function toldBy({ attempts, commandId }: IssuedCommand): ToldClaim[] {
  const inOrder = attempts.toSorted((a, b) => a.sentAt - b.sentAt);
  return inOrder.flatMap((attempt, at) => claimsIn(attempt).map((claim) => ({ claim, commandId, again: at > 0 })));
}
