import type { Orchestrator } from '@agent-orchestrator/core';
import { elapsedMs, systemTime, type Instant, type Time } from '../system/time.ts';
import type { LeaseKeeper } from './lease-keeper.ts';

/** A process looks no more often than this, however often the store changes. Shorter work is never looked at. */
const LOOK_EVERY_MS = 1_000;

/** A task, and the keeper of its lease, which hears of the cancellation by a renewal. */
export interface HeldTask {
  readonly taskId: string;
  readonly keeper: Pick<LeaseKeeper, 'cancelRequested' | 'renewNow'>;
}

export interface CancelLookOptions {
  readonly orchestrator: Pick<Orchestrator, 'getTask'>;
  /** The namespace of the tasks, if it is not the orchestrator's own. */
  readonly namespace?: string;
  /** What to look at. */
  readonly held: () => Iterable<HeldTask>;
  /** To look all the time; else only after changes of the store, which a process that watches it knows. */
  readonly repeat?: boolean;
  readonly time?: Time;
}

/**
 * Looks whether cancellation of a held task was requested, and lets the keeper of its lease renew at once. Without it,
 * the holder hears of it by its next heartbeat, a quarter of the TTL later.
 *
 * A look reads each task by its key, one after another, so it needs one connection however many tasks there are.
 */
export class CancelLook implements Disposable {
  readonly #options: CancelLookOptions;
  readonly #time: Time;
  #lookedAt: Instant;
  #isDue = false;
  #isLooking = false;
  readonly #over = new AbortController();
  #callOff: () => void = () => {};

  constructor(options: CancelLookOptions) {
    this.#options = options;
    this.#time = options.time ?? systemTime;
    this.#lookedAt = this.#time.read();
    if (options.repeat === true) this.changed();
  }

  /** Call it after each change of the store. */
  changed(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#schedule();
  }

  /** Ends a look under way, too: nothing waits for an answer that may never come. */
  [Symbol.dispose](): void {
    this.#over.abort();
    this.#callOff();
  }

  /** A look that is slow delays the next one: there are never two at once. */
  #schedule(): void {
    if (this.#over.signal.aborted || this.#isLooking || !this.#isDue) return;
    const inMs = Math.max(0, LOOK_EVERY_MS - elapsedMs(this.#lookedAt, this.#time.read()));
    this.#callOff = this.#time.after(inMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    this.#lookedAt = this.#time.read();
    // A change during the look needs another one.
    this.#isDue = this.#options.repeat === true;
    this.#isLooking = true;
    for (const held of this.#options.held()) await this.#lookAt(held);
    this.#isLooking = false;
    this.#schedule();
  }

  async #lookAt({ taskId, keeper }: HeldTask): Promise<void> {
    const { orchestrator, namespace } = this.#options;
    const { signal } = this.#over;
    if (keeper.cancelRequested || signal.aborted) return;
    try {
      const task = await orchestrator.getTask(taskId, namespace, { signal });
      if (!signal.aborted && (task?.cancelRequestedAt ?? null) !== null) keeper.renewNow();
    } catch {
      // The heartbeat reports an outage. The change that was to be looked at may have been that of this task.
      this.#isDue = true;
    }
  }
}
