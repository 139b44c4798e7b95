import type { Time } from '../system/time.ts';
import type { Job } from './job.ts';

/** How long handlers may finish undisturbed. */
const GRACE_MS = 30_000;
/** After that: how long they have to end once their signals are aborted. */
const SETTLE_MS = 5_000;
/** After that: how long the worker waits for an outage to end. */
const GIVE_UP_MS = 5_000;

export interface StopOptions {
  /**
   * How long handlers may continue undisturbed before their signals are aborted, in milliseconds; 30 seconds by
   * default.
   */
  readonly graceMs?: number;
}

/** The steps by which a worker stops. A second call can only make them come earlier. */
export class WorkerShutdown {
  readonly #time: Time;
  readonly #jobs: Iterable<Job>;
  readonly #begun = new AbortController();
  readonly #gaveUp = new AbortController();
  readonly #timers: (() => void)[] = [];

  constructor(time: Time, jobs: Iterable<Job>) {
    this.#time = time;
    this.#jobs = jobs;
  }

  /** Aborted when the worker was told to stop: it claims nothing more. */
  get begun(): AbortSignal {
    return this.#begun.signal;
  }

  /** Aborted when the worker no longer waits for an outage to end. */
  get gaveUp(): AbortSignal {
    return this.#gaveUp.signal;
  }

  begin({ graceMs = GRACE_MS }: StopOptions): void {
    this.#begun.abort();
    this.#after(graceMs, () => {
      for (const job of this.#jobs) job.shutDown();
    });
    this.#after(graceMs + SETTLE_MS, () => {
      for (const job of this.#jobs) job.leaveBehind();
    });
    this.#after(graceMs + SETTLE_MS + GIVE_UP_MS, () => this.#gaveUp.abort());
  }

  /** The worker has stopped: no further step is needed. */
  cancelTimers(): void {
    for (const cancel of this.#timers) cancel();
  }

  #after(ms: number, run: () => void): void {
    this.#timers.push(this.#time.after(ms, run));
  }
}
