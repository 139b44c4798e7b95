import { z } from 'zod';
import type { SeenProcess } from './host-offspring.ts';

/** Of what a host that has ended left running, so many are named. */
const NAMED_MAX = 5;

const STILL_RUNNING = z.object({
  host_ended: z.literal(true),
  still_running: z.array(z.object({ pid: z.int(), program: z.string() })),
  /** How many run beside those. */
  more: z.int().min(0),
});

/** What a host that has ended left running. */
export interface StillRunning {
  /** The first ones. */
  readonly named: readonly SeenProcess[];
  /** How many run beside those. */
  readonly more: number;
}

/** It as the progress of a lease: the last words of the keeper of the host. */
export function stillRunningProgress(seen: readonly SeenProcess[]): z.infer<typeof STILL_RUNNING> {
  const named = seen.slice(0, NAMED_MAX).map(({ pid, program }) => ({ pid, program }));
  return { host_ended: true, still_running: named, more: seen.length - named.length };
}

/** Reads it back. @returns null for any other progress: agents report theirs in words of their own */
export function readStillRunning(progress: unknown): StillRunning | null {
  const { success, data } = STILL_RUNNING.safeParse(progress);
  return success ? { named: data.still_running, more: data.more } : null;
}
