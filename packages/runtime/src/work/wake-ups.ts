import type { Time } from '../system/time.ts';

/** Wakes who waits for a change, and remembers one that came while nobody waited. */
export class WakeUps {
  readonly #time: Time;
  #changed = false;
  #wake: () => void = () => {};

  constructor(time: Time) {
    this.#time = time;
  }

  notify(): void {
    this.#changed = true;
    this.#wake();
  }

  /** From here on, what changes ends the next wait: call it before you look. */
  reset(): void {
    this.#changed = false;
  }

  /** Resolves after a change since the last reset, or after `ms`. */
  async wait(ms: number): Promise<void> {
    if (this.#changed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const callOff = this.#time.after(ms, resolve);
    this.#wake = resolve;
    await promise;
    callOff();
  }
}
