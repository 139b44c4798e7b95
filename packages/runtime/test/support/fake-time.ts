import { setImmediate } from 'node:timers/promises';
import type { Clock, ClockReading } from '@agent-orchestrator/core';
import { v7 } from 'uuid';
import type { Time } from '../../src/index.ts';

interface Timer {
  readonly dueAt: number;
  readonly run: () => void;
}

/** Clocks that stand still until the test moves them, and timers that fire by them. Also the clock of a storage. */
export class FakeTime implements Time, Clock {
  #reading: ClockReading = { wall: Date.UTC(2026, 0, 1), steady: 5_000, uptime: 5_000, boot: 'boot-1' };
  readonly #timers = new Set<Timer>();

  #seeds = 0;

  /** A command id of this time. */
  readonly newCommandId = (): string => v7({ msecs: this.#reading.wall });

  /** A seed for a claim: never the same twice, and the same in each run of a test. */
  readonly newSeed = (): string => (this.#seeds += 1).toString(16).padStart(32, '0');

  read(): ClockReading {
    return this.#reading;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { dueAt: this.#reading.steady + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Time passes while all work: each timer fires when it is due, and what it starts gets its turn. */
  async advance(ms: number): Promise<void> {
    const end = this.#reading.steady + ms;
    await settle();
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#move(Math.max(0, timer.dueAt - this.#reading.steady));
      this.#timers.delete(timer);
      timer.run();
      await settle();
    }
    this.#move(end - this.#reading.steady);
  }

  /** The process is stopped (SIGSTOP): all clocks run on, and timers fire late, at the next `advance`. */
  stop(ms: number): void {
    this.#move(ms);
  }

  /** The machine sleeps: the steady clock and the timers stop. */
  sleep(ms: number): void {
    const { wall, uptime } = this.#reading;
    this.#reading = { ...this.#reading, wall: wall + ms, uptime: uptime + ms };
  }

  /** The operator sets the wall clock. */
  setWall(byMs: number): void {
    this.#reading = { ...this.#reading, wall: this.#reading.wall + byMs };
  }

  get timers(): number {
    return this.#timers.size;
  }

  #next(end: number): Timer | undefined {
    return [...this.#timers].filter(({ dueAt }) => dueAt <= end).toSorted((a, b) => a.dueAt - b.dueAt)[0];
  }

  #move(ms: number): void {
    const { wall, steady, uptime, boot } = this.#reading;
    this.#reading = { wall: wall + ms, steady: steady + ms, uptime: uptime + ms, boot };
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await setImmediate();
}
