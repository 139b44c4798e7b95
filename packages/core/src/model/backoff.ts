import { LIMITS } from './limits.ts';

/** The pause grows no further than this. */
const PAUSE_MS_MAX = LIMITS.backoff_ms_max;

/** Share of the pause by which chance may make it shorter or longer, so that what failed together is not tried together. */
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
