/*
 * What the rounds of a case promise:
 * - a ratio is of one round: its median is the median of ratios, not the ratio of medians
 * - a case that needs more rounds gets all of them, even if the next one looks good, and all rounds count
 * - a case ends, even if a round throws
 */
import { expect, test } from 'vitest';
import type { Bench, BenchCase, Pairs } from '../src/bench-case.ts';
import { runCase } from '../src/run-case.ts';

const BENCH: Bench = {
  folder: '/nowhere',
  backlog: 1,
  isSmallest: false,
  stretch: 1,
  log: () => {},
  server: () => Promise.reject(new Error('no case of this test needs a server')),
};

interface Made extends BenchCase {
  readonly ended: () => number;
}

function caseOf(round: (number: number) => Pairs): Made {
  let ended = 0;
  return {
    name: 'case',
    seconds: { begin: 0, round: 1 },
    lines: [{ id: 'line', title: 'A line', unit: 'ms', against: 'floor', better: 'less', isChecked: true }],
    begin: async () => ({
      round: async (number) => round(number),
      end: async () => {
        ended += 1;
      },
    }),
    ended: () => ended,
  };
}

test('a ratio is the median of the ratios of single rounds', async () => {
  const rounds = [
    { ours: 1, other: 2 },
    { ours: 100, other: 100 },
    { ours: 30, other: 10 },
  ];

  const [result] = await runCase(
    caseOf((number) => ({ line: rounds[number] ?? { ours: 0, other: 0 } })),
    BENCH,
    {
      rounds: 3,
    },
  );

  expect(result?.ratio).toEqual({ median: 1, min: 0.5, max: 3 });
  expect(result?.ours).toEqual({ median: 30, min: 1, max: 100 });
});

test('a case that needs more rounds gets all of them, and all count', async () => {
  let rounds = 0;
  const badAtFirst = caseOf((number) => {
    rounds += 1;
    return { line: { ours: number < 2 ? 9 : 1, other: 1 } };
  });

  const [result] = await runCase(badAtFirst, BENCH, {
    rounds: 2,
    roundsMax: 9,
    needsMore: ([one]) => (one?.ratio.median ?? 0) > 1,
  });

  expect(result?.ratio).toEqual({ median: 1, min: 1, max: 9 });
  // One round less, and the median would have been good as well.
  expect(rounds).toBe(9);
});

test('a case that needs no more rounds gets none', async () => {
  let rounds = 0;
  const good = caseOf(() => {
    rounds += 1;
    return { line: { ours: 1, other: 1 } };
  });

  await runCase(good, BENCH, { rounds: 2, roundsMax: 6, needsMore: () => false });

  expect(rounds).toBe(2);
});

test('a case ends, even if a round throws', async () => {
  const broken = caseOf(() => {
    throw new Error('the disk is full');
  });

  await expect(runCase(broken, BENCH, { rounds: 1 })).rejects.toThrow('the disk is full');

  expect(broken.ended()).toBe(1);
});
