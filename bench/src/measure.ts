/** Work that can be done any number of times against an open store. */
export interface Running {
  run(units: number): Promise<void>;
  close(): Promise<void>;
}

/** How much a contender does in a round: turn by turn, so that a noisy second hits both of them alike. */
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
 * One round: both run the course, taking turns; who begins changes each time. The first turn warms up and does not count.
 *
 * @returns units per second
 */
export async function race(running: Pair<Running>, { turns, unitsPerTurn }: Course, round: number): Promise<Pair> {
  const elapsedMs = { ours: 0, floor: 0 };
  for (const name of order(round)) await running[name].run(unitsPerTurn);
  for (let turn = 0; turn < turns; turn += 1) {
    for (const name of order(round + turn)) {
      const start = performance.now();
      await running[name].run(unitsPerTurn);
      elapsedMs[name] += performance.now() - start;
    }
  }
  const units = turns * unitsPerTurn;
  return { ours: (units * 1000) / elapsedMs.ours, floor: (units * 1000) / elapsedMs.floor };
}

/** Who goes first, by turns. */
export function order(turn: number): readonly ['ours', 'floor'] | readonly ['floor', 'ours'] {
  return turn % 2 === 0 ? ['ours', 'floor'] : ['floor', 'ours'];
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
