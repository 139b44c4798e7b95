import type { BenchCase } from './bench-case.ts';

export function secondsOf({ seconds }: Pick<BenchCase, 'seconds'>, rounds: number): number {
  return seconds.begin + rounds * seconds.round;
}

/** What a person who waits wants to know beforehand. */
export function planOf(cases: readonly BenchCase[], rounds: number): string {
  const seconds = cases.reduce((sum, one) => sum + secondsOf(one, rounds), 0);
  const time = seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} minutes`;
  return `${cases.length} cases, about ${time} on two cores without other work`;
}

/** Time that is given to cases one after the other. */
export class Allowance {
  readonly #seconds: number;
  readonly #now: () => number;
  readonly #startedAt: number;

  /** @param now in milliseconds */
  constructor(minutes: number, now: () => number) {
    this.#seconds = minutes * 60;
    this.#now = now;
    this.#startedAt = now();
  }

  /** Whether work of so many seconds is expected to end in time, if it begins now. */
  allows(seconds: number): boolean {
    return (this.#now() - this.#startedAt) / 1_000 + seconds <= this.#seconds;
  }
}
