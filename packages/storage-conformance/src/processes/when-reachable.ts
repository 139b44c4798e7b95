import { setTimeout as pause } from 'node:timers/promises';
import { OrchestratorError } from '@agent-orchestrator/core';

/** There is no server, or none that is the primary yet. */
const AWAY: readonly string[] = ['STORE_UNREACHABLE', 'STORE_STANDBY'];
/** So long it is left in peace. */
const AGAIN_MS = 100;

/**
 * Reads until there is an answer: a program that means to outlive its server does so. Commands are sent again by the
 * storage.
 */
export async function whenReachable<R>(read: () => Promise<R>): Promise<R> {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof OrchestratorError && AWAY.includes(error.code))) throw error;
      await pause(AGAIN_MS);
    }
  }
}
