import { uptime } from 'node:os';
import type { ClockReading } from '@agent-orchestrator/core';

/** One reading of all clocks by which a holder judges its lease, in milliseconds. See `ClockReading`. */
export type Instant = Pick<ClockReading, 'wall' | 'steady' | 'uptime'>;

/** Clocks and timers, injected together so that tests control the time. */
export interface Time {
  read(): Instant;
  /**
   * Calls `run` once, after `ms` at the earliest; much later if the process or the machine was stopped meanwhile.
   *
   * @returns a function that cancels it
   */
  after(ms: number, run: () => void): () => void;
}

/** The machine's own clocks and Node's timers. */
export const systemTime: Time = {
  read: () => ({
    wall: Date.now(),
    steady: Math.floor(Number(process.hrtime.bigint()) / 1e6),
    uptime: Math.floor(uptime() * 1000),
  }),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * How much time may have passed, in milliseconds: the largest difference of the clocks. The steady clock stops while
 * the machine sleeps, and the others can be wrong, too. A holder that assumes too little time does harm.
 */
export function elapsedMs(since: Instant, now: Instant): number {
  return Math.max(0, now.wall - since.wall, now.steady - since.steady, now.uptime - since.uptime);
}
