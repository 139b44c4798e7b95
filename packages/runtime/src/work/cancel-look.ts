import type { Orchestrator } from '@agent-orchestrator/core';
import { elapsedMs, systemTime, type Instant, type Time } from '../system/time.ts';

/** However often the store changes, a task is looked at no more often than this. Work that is shorter never is. */
const LOOK_EVERY_MS = 500;

export interface CancelLookOptions {
  readonly orchestrator: Pick<Orchestrator, 'getTask'>;
  readonly taskId: string;
  /** The namespace of the task, if it is not the orchestrator's own. */
  readonly namespace?: string;
  /** Called once. */
  readonly onRequested: () => void;
  readonly time?: Time;
}

/**
 * Tells the holder of a lease that cancellation of its task was requested, soon after the store has changed. Without
 * it, the holder hears of it by its next heartbeat, a quarter of the TTL later.
 */
export class CancelLook implements Disposable {
  readonly #options: CancelLookOptions;
  readonly #time: Time;
  #lookedAt: Instant;
  #isDue = false;
  #isOver = false;
  #callOff: () => void = () => {};

  constructor(options: CancelLookOptions) {
    this.#options = options;
    this.#time = options.time ?? systemTime;
    this.#lookedAt = this.#time.read();
  }

  /** Call it after each change of the store. */
  changed(): void {
    if (this.#isOver || this.#isDue) return;
    this.#isDue = true;
    const inMs = Math.max(0, LOOK_EVERY_MS - elapsedMs(this.#lookedAt, this.#time.read()));
    this.#callOff = this.#time.after(inMs, () => void this.#look());
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#callOff();
  }

  async #look(): Promise<void> {
    this.#lookedAt = this.#time.read();
    // A change during the look needs another one.
    this.#isDue = false;
    const { orchestrator, taskId, namespace, onRequested } = this.#options;
    try {
      const task = await orchestrator.getTask(taskId, namespace);
      if (this.#isOver || (task?.cancelRequestedAt ?? null) === null) return;
    } catch {
      // The heartbeat reports an outage, and tells of the cancellation.
      return;
    }
    this[Symbol.dispose]();
    onRequested();
  }
}

/** Looks at a task after each change of the store, for a process that does not watch the store anyway. */
export function watchCancellation(
  orchestrator: Pick<Orchestrator, 'getTask' | 'watch'>,
  options: Omit<CancelLookOptions, 'orchestrator'>,
): Disposable {
  const look = new CancelLook({ ...options, orchestrator });
  // Without a watch, the heartbeat tells of the cancellation.
  const watching = orchestrator.watch(() => look.changed()).catch(() => async () => {});
  return {
    [Symbol.dispose]() {
      look[Symbol.dispose]();
      void watching.then((stop) => stop()).catch(() => {});
    },
  };
}
