import type { Time } from '../system/time.ts';

/** Wakes the waiting caller at a change, and remembers a change that came while no caller waited. */
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

  /** A change after this call ends the next wait. Call it before looking for work. */
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
