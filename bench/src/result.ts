import { spreadOf, type Pair, type Spread } from './measure.ts';

/** Whether the ratio has to be large or small. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

export interface Question {
  readonly name: string;
  /** What the two numbers count: `units/s`, `ms`. */
  readonly unit: string;
  /** What ours is held against. */
  readonly against: string;
  readonly target: Target;
  readonly note?: string;
}

/** One line of the table. */
export interface Result extends Question {
  readonly ours: Spread;
  readonly floor: Spread;
  /** Ours to the floor of the same round; rounds are never mixed. */
  readonly ratio: Spread;
  readonly reached: boolean;
}

export function resultOf(question: Question, rounds: readonly Pair[]): Result {
  const ratio = spreadOf(rounds.map(({ ours, floor }) => ours / floor));
  const { target } = question;
  return {
    ...question,
    ours: spreadOf(rounds.map(({ ours }) => ours)),
    floor: spreadOf(rounds.map(({ floor }) => floor)),
    ratio,
    reached: 'atLeast' in target ? ratio.median >= target.atLeast : ratio.median <= target.atMost,
  };
}
