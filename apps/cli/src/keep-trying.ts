import { setTimeout as pause } from 'node:timers/promises';
import { failureOf } from './failure.ts';
import type { Output } from './output/output.ts';

const FIRST_PAUSE_MS = 1_000;
const PAUSE_MS_MAX = 60_000;

/**
 * Repeats `turn` until it is interrupted. Temporary errors (a locked store, a full disk) are reported, and it is tried
 * again after growing pauses: the operator may not be there to start the loop again.
 *
 * @throws errors that are not temporary
 */
export async function keepTrying(
  output: Pick<Output, 'failure'>,
  interrupted: AbortSignal,
  turn: () => Promise<void>,
  firstPauseMs = FIRST_PAUSE_MS,
): Promise<void> {
  let pauseMs = firstPauseMs;
  while (!interrupted.aborted) {
    try {
      await turn();
      pauseMs = firstPauseMs;
    } catch (error) {
      const failure = failureOf(error);
      if (!failure.retryable) throw failure;
      output.failure(failure);
      // An interruption ends the pause early; the loop checks for it.
      await pause(pauseMs, undefined, { signal: interrupted }).catch(() => {});
      pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX);
    }
  }
}
