import { randomBytes } from 'node:crypto';
import { isSame } from './secrets.ts';

const BYTES = 24;
/** How long each is good. */
const GOOD_MS = 60_000;

/** Texts that cannot be guessed. Each is good once, within a minute. */
export class OneTimeTexts {
  readonly #max: number;
  readonly #clock: () => number;
  readonly #until = new Map<string, number>();

  /** @param max of more than so many that were not used, the oldest are forgotten */
  constructor(max: number, clock: () => number) {
    this.#max = max;
    this.#clock = clock;
  }

  make(): string {
    const text = randomBytes(BYTES).toString('base64url');
    this.#until.set(text, this.#clock() + GOOD_MS);
    for (const old of this.#until.keys()) if (this.#until.size > this.#max) this.#until.delete(old);
    return text;
  }

  /** @returns false: it was used, is too old, or was never made */
  use(text: string): boolean {
    for (const [known, until] of this.#until) {
      if (!isSame(text, known)) continue;
      this.#until.delete(known);
      return this.#clock() <= until;
    }
    return false;
  }
}
