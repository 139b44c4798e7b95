import { fenceOf } from '@agent-orchestrator/core';
import { ancestorsOf } from './ancestors.ts';
import { isKeeperOfFence } from './keeper-sight.ts';

/**
 * What a program that has only the token of a lease tells with a renewal. If no keeper of the lease is above it, it is
 * none of what the keeper keeps: a daemon, a container or another machine, which was there before. It may work on when
 * the holder and all that it started have ended. So nothing proves the holder dead any more, and its silence decides.
 */
export function renewedBy(token: string): { readonly processGroup?: 0 } {
  const fence = fenceOf(token);
  return ancestorsOf().some(({ pid }) => isKeeperOfFence(pid, fence)) ? {} : { processGroup: 0 };
}
