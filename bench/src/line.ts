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
export interface Result {
  /** `case/line`. */
  readonly key: string;
  readonly line: Line;
  readonly ours: Spread;
  readonly other: Spread;
  /** Both sides of a ratio come from the same round. */
  readonly ratio: Spread;
  /** null: there is no target. */
  readonly reached: boolean | null;
}

export function keyOf(caseName: string, { id }: Line): string {
  return `${caseName}/${id}`;
}

export function resultOf(caseName: string, line: Line, pairs: readonly Pair[]): Result {
  const ours = spreadOf(pairs.map(({ ours }) => ours));
  const ratio = spreadOf(pairs.map(({ ours, other }) => ours / other));
  return {
    key: keyOf(caseName, line),
    line,
    ours,
    other: spreadOf(pairs.map(({ other }) => other)),
    ratio,
    reached: line.target === undefined ? null : isReached(line.better, line.target, { ours, ratio }),
  };
}

function isReached(
  better: Line['better'],
  { of, limit }: Target,
  spreads: Readonly<Record<Target['of'], Spread>>,
): boolean {
  const { median } = spreads[of];
  return better === 'more' ? median >= limit : median <= limit;
}
