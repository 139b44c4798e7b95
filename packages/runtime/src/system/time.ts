import { uptime } from 'node:os';
import type { ClockReading } from '@agent-orchestrator/core';

/** One reading of the clocks that a holder judges its lease by, taken together. Milliseconds; see `ClockReading`. */
export type Instant = Pick<ClockReading, 'wall' | 'steady' | 'uptime'>;

/** Clocks and timers, injected as one so that tests own time. */
export interface Time {
  read(): Instant;
  /**
   * Calls `run` once, after `ms` at the earliest; much later where the process or the machine stood still meanwhile.
   *
   * @returns calls it off
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
 * How much time may have passed, in milliseconds: by the clock that says the most. The steady clock stands still while the
 * machine sleeps, the others can be wrong in their own ways, and a holder that believes too little time has passed does harm.
 */
export function elapsedMs(since: Instant, now: Instant): number {
  return Math.max(0, now.wall - since.wall, now.steady - since.steady, now.uptime - since.uptime);
}
