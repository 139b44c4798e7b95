import { LIMITS } from './limits.ts';

/** The longest pause. */
const PAUSE_MS_MAX = LIMITS.backoff_ms_max;

/**
 * The pause is longer or shorter by a random share up to this, so that tasks that failed together do not retry
 * together.
 */
const JITTER = 0.2;

/**
 * How long a failed attempt waits before the next.
 *
 * @param attempt the number of the attempt that failed, from 1
 * @param jitter a number in [0, 1)
 * @returns milliseconds
 */
export function backoffMs(baseMs: number, attempt: number, jitter: number): number {
  const pause = Math.min(baseMs * 2 ** (attempt - 1), PAUSE_MS_MAX);
  return Math.round(pause * (1 - JITTER + 2 * JITTER * jitter));
}
