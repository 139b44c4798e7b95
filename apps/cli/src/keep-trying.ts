import { setTimeout as pause } from 'node:timers/promises';
import { failureOf } from './failure.ts';
import type { Output } from './output/output.ts';

const FIRST_PAUSE_MS = 1_000;
const PAUSE_MS_MAX = 60_000;

/**
 * Does the same again and again until it is interrupted. Passing trouble (a store that is locked, a disk that is full) is told
 * and outlasted, with growing pauses: whoever started a loop is not there to start it again.
 *
 * @throws what will not pass by itself
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
      // Woken early by the interruption, which the loop sees itself.
      await pause(pauseMs, undefined, { signal: interrupted }).catch(() => {});
      pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX);
    }
  }
}
