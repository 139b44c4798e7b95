import type { Conditions } from './conditions.ts';
import { spreadOf, type Spread } from './spread.ts';

/** A limit for the median of the ratio, or of our own number. Whether it is a floor or a ceiling says `better`. */
interface Target {
  readonly of: 'ratio' | 'ours';
  readonly limit: number;
}

/** One question of a case, and one row of the table. */
export interface Line {
  /** Unique in its case. */
  readonly id: string;
  readonly title: string;
  /** What both numbers count: `units/s`, `ms`. */
  readonly unit: string;
  readonly against: string;
  readonly better: 'more' | 'less';
  /** Left out: for the record. */
  readonly target?: Target;
  /**
   * Whether `--check` compares the ratio with the recorded one. Not where the other side is a fixed limit, or where the
   * number swings by more than the margin.
   */
  readonly isChecked: boolean;
}

/** What one round came to, for the product and for what it is compared with. */
export interface Pair<T = number> {
  readonly ours: T;
  readonly other: T;
}

/** What all rounds of a line came to. */
export interface Measured {
  readonly ours: Spread;
  readonly other: Spread;
  /** Both sides of a ratio come from the same round. */
  readonly ratio: Spread;
}

export interface Result extends Measured {
  readonly caseName: string;
  /** `case/line`. */
  readonly key: string;
  readonly line: Line;
  /** Whether both sides gave a number in every round. */
  readonly isMeasured: boolean;
  /** null: there is no target. */
  readonly reached: boolean | null;
}

/** All lines of a case, and under which conditions they were measured. */
export interface MeasuredCase {
  readonly name: string;
  readonly conditions: Conditions;
  readonly results: readonly Result[];
}

export function keyOf(caseName: string, { id }: Line): string {
  return `${caseName}/${id}`;
}

export function resultOf(caseName: string, line: Line, pairs: readonly Pair[]): Result {
  const measured = {
    ours: spreadOf(pairs.map(({ ours }) => ours)),
    other: spreadOf(pairs.map(({ other }) => other)),
    ratio: spreadOf(pairs.map(({ ours, other }) => ours / other)),
  };
  const isMeasured = pairs.length > 0 && pairs.every(({ ours, other }) => isNumber(ours) && isNumber(other));
  return {
    caseName,
    key: keyOf(caseName, line),
    line,
    ...measured,
    isMeasured,
    reached: line.target === undefined ? null : isMeasured && isReached(line, measured) === true,
  };
}

/** null: there is no target. */
export function isReached({ better, target }: Line, measured: Measured): boolean | null {
  if (target === undefined) return null;
  const { median } = measured[target.of];
  return better === 'more' ? median >= target.limit : median <= target.limit;
}

/** No rate, time or size is zero or endless: where one is, nothing was measured. */
function isNumber(value: number): boolean {
  return Number.isFinite(value) && value > 0;
}
