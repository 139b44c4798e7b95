import type { Bench, BenchCase, Pairs } from './bench-case.ts';
import { resultOf, type Result } from './line.ts';

export interface RunOptions {
  readonly rounds: number;
  /** Whether these results need more rounds: then there are `roundsMax` in all, whatever the next ones say. */
  readonly needsMore?: (results: readonly Result[]) => boolean;
  readonly roundsMax?: number;
}

/** All rounds of a case. */
export async function runCase(
  { name, lines, begin }: BenchCase,
  bench: Bench,
  { rounds, needsMore = () => false, roundsMax = rounds }: RunOptions,
): Promise<readonly Result[]> {
  const all: Pairs[] = [];
  const results = (): Result[] =>
    lines.map((line) =>
      resultOf(
        name,
        line,
        all.map((pairs) => pairs[line.id] ?? MISSING),
      ),
    );
  const running = await begin(bench);
  try {
    const measure = async (upTo: number): Promise<void> => {
      while (all.length < upTo) {
        bench.log(`${name}, round ${all.length + 1}`);
        all.push(await running.round(all.length));
      }
    };
    await measure(rounds);
    // To stop at the first good moment would let a loss pass that one lucky round hides.
    if (needsMore(results())) await measure(roundsMax);
  } finally {
    await running.end();
  }
  return results();
}

const MISSING = { ours: Number.NaN, other: Number.NaN } as const;
