import { createHash } from 'node:crypto';
import { tokenFor } from '@agent-orchestrator/core';

/*
 * The seeds of processes that are killed and started again. Real seeds are random and kept in memory alone, so a
 * restarted agent cannot send its unanswered claim again; here it has to, without a secret on the disk: each seed is
 * made of its command id, so the next run comes to the same one.
 */

/** The seed of a command. */
export function seedFor(commandId: string): string {
  return createHash('sha256').update(`seed of ${commandId}`).digest('hex').slice(0, 32);
}

/** The token of a lease that the command was granted. */
export function tokenAgain(commandId: string, fence: number): string {
  return tokenFor(seedFor(commandId), fence);
}
