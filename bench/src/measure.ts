import { workThrough, type Contender } from './contender.ts';

/** How much each contender does in a round: turn by turn, so that a noisy second hits all of them alike. */
export interface Course {
  readonly turns: number;
  readonly unitsPerTurn: number;
}

/** What a round, or all rounds, came to: for the product and for what it is held against. */
export interface Pair<T = number> {
  readonly ours: T;
  readonly floor: T;
}

/** Units that a contender needs for a whole round, the turn that warms it up included. */
export function unitsOf({ turns, unitsPerTurn }: Course): number {
  return (turns + 1) * unitsPerTurn;
}

/**
 * One round: all run the course, taking turns; who begins changes each time. The first turn warms up and does not
 * count.
 *
 * @returns units per second, in the order of the contenders
 */
export async function race(
  contenders: readonly Contender[],
  { turns, unitsPerTurn }: Course,
  round: number,
): Promise<readonly number[]> {
  const lanes = contenders.map((contender) => ({ contender, elapsedMs: 0 }));
  for (const { contender } of rotated(lanes, round)) await workThrough(contender, unitsPerTurn);
  for (let turn = 0; turn < turns; turn += 1) {
    for (const lane of rotated(lanes, round + turn)) {
      const start = performance.now();
      await workThrough(lane.contender, unitsPerTurn);
      lane.elapsedMs += performance.now() - start;
    }
  }
  return lanes.map(({ elapsedMs }) => (turns * unitsPerTurn * 1000) / elapsedMs);
}

/** The middle of some numbers, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: medianOf(sorted), min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

export function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/** The same items, beginning with another one each time. */
export function rotated<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
