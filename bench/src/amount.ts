import type { Bench } from './bench-case.ts';

/** How many of something a round takes. */
export interface Amount {
  readonly whole: number;
  /** With `--smallest`: enough to see that the case works. */
  readonly few: number;
}

export function amountOf({ isSmallest }: Pick<Bench, 'isSmallest'>, { whole, few }: Amount): number {
  return isSmallest ? few : whole;
}
