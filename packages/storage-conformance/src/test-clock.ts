import { watchClock, type Clock, type ClockReading } from '@agent-orchestrator/core';

/** Where a test's time begins: a Thursday, in the middle of a second. */
const START: ClockReading = { wall: Date.UTC(2026, 0, 1, 12, 0, 0, 250), steady: 5_000, uptime: 5_000, boot: 'boot-1' };

/** How one process sees the clocks of its machine. */
export interface ProcessClock {
  /** How far its wall clock is ahead of the machine's; negative: behind it. */
  readonly aheadMs: number;
  /** What it has seen of its wall clock. */
  readonly watch: ReturnType<typeof watchClock>;
  /** The boot id of its container, if that has one of its own. */
  readonly boot: string | undefined;
}

/** A process that starts now, with another wall clock than the machine or the same. */
export function startedProcess(aheadMs = 0, boot?: string): ProcessClock {
  return { aheadMs, watch: watchClock(), boot };
}

/** The clocks of a machine that a test owns: they stand still until the test moves them. Durations in milliseconds. */
export class TestClock implements Clock {
  #reading: ClockReading;
  #boots = 1;
  #wallSetMs = 0;
  #aheadMs = { min: 0, max: 0 };

  constructor(reading: Partial<ClockReading> = {}) {
    this.#reading = { ...START, ...reading };
  }

  read(): ClockReading {
    return this.#reading;
  }

  /** The wall clock in whole milliseconds, as a storage reads it. */
  get now(): number {
    return Math.floor(this.#reading.wall);
  }

  /**
   * How far the wall clock was set so far, forward and back, and how far those of processes were apart: a check of
   * times in the log has to allow for it.
   */
  get wallSetMs(): number {
    return this.#wallSetMs + this.#aheadMs.max - this.#aheadMs.min;
  }

  /** Time passes: all clocks move. */
  advance(ms: number): void {
    const { wall, steady, uptime } = this.#reading;
    this.#set({ wall: wall + ms, steady: steady + ms, uptime: uptime + ms });
  }

  /** Time passes until the wall clock says `at`. */
  advanceTo(at: number): void {
    this.advance(at - this.#reading.wall);
  }

  /** Sets the wall clock, forward or (negative) back; no time passes. */
  setWall(byMs: number): void {
    this.#wallSetMs += Math.abs(byMs);
    this.#set({ wall: this.#reading.wall + byMs });
  }

  /** The machine sleeps: wall clock and uptime run on, the steady clock stands still. */
  sleep(ms: number): void {
    const { wall, uptime } = this.#reading;
    this.#set({ wall: wall + ms, uptime: uptime + ms });
  }

  /** The machine starts anew after `offMs`: another boot id, steady clock and uptime from zero. */
  reboot(offMs = 0): void {
    this.#boots += 1;
    this.#set({ wall: this.#reading.wall + offMs, steady: 0, uptime: 0, boot: `boot-${this.#boots}` });
  }

  /** Shows the clocks of another process as they are there. */
  set(reading: ClockReading): void {
    this.#reading = reading;
  }

  /** Shows, while `act` runs, the clocks as a process of the machine sees them. */
  async as<R>({ aheadMs, watch, boot }: ProcessClock, act: () => Promise<R>): Promise<R> {
    const machine = this.#reading;
    const { min, max } = this.#aheadMs;
    this.#aheadMs = { min: Math.min(min, aheadMs), max: Math.max(max, aheadMs) };
    const reading = { ...machine, wall: Math.max(0, machine.wall + aheadMs), boot: boot ?? machine.boot };
    this.#reading = { ...reading, watch: watch(reading) };
    try {
      return await act();
    } finally {
      this.#reading = machine;
    }
  }

  #set(moved: Partial<ClockReading>): void {
    this.#reading = { ...this.#reading, ...moved };
  }
}
