import { spreadOf, type Pair, type Spread } from './measure.ts';

/** Whether the ratio has to be large or small. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

export interface Question {
  readonly name: string;
  /** What the two numbers count: `units/s`, `ms`. */
  readonly unit: string;
  /** What ours is held against. */
  readonly against: string;
  /** None: for the record. */
  readonly target?: Target;
}

/** One line of the table. */
export interface Result extends Question {
  readonly ours: Spread;
  readonly floor: Spread;
  /** Ours to the floor of the same round; rounds are never mixed. */
  readonly ratio: Spread;
  /** null: there is no target. */
  readonly reached: boolean | null;
}

export function resultOf(question: Question, rounds: readonly Pair[]): Result {
  const ratio = spreadOf(rounds.map(({ ours, floor }) => ours / floor));
  return {
    ...question,
    ours: spreadOf(rounds.map(({ ours }) => ours)),
    floor: spreadOf(rounds.map(({ floor }) => floor)),
    ratio,
    reached: question.target === undefined ? null : isReached(question.target, ratio),
  };
}

function isReached(target: Target, { median }: Spread): boolean {
  return 'atLeast' in target ? median >= target.atLeast : median <= target.atMost;
}
