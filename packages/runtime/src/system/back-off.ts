/** Pauses that double, from the first to the last. Jitter keeps many waiting processes from returning at once. */
export class BackOff {
  readonly #options: BackOffOptions;
  #ms: number;

  constructor(options: BackOffOptions) {
    this.#options = options;
    this.#ms = options.firstMs;
  }

  /** The next pause: between half of its length and the whole. */
  next(): number {
    const ms = this.#ms;
    this.#ms = Math.min(ms * 2, this.#options.lastMs);
    return ms * (0.5 + (this.#options.random ?? Math.random)() / 2);
  }

  reset(): void {
    this.#ms = this.#options.firstMs;
  }
}

interface BackOffOptions {
  readonly firstMs: number;
  readonly lastMs: number;
  /** In [0, 1). */
  readonly random?: (() => number) | undefined;
}
