/*
 * What is told before a run:
 * - how many cases it has, and how long they are expected to take
 * - without the large cases, a recording fits into its time; the others fit into it part by part
 * - no case begins that is not expected to end in time
 */
import { expect, test } from 'vitest';
import { CASES } from '../src/cases/index.ts';
import { readOptions } from '../src/options.ts';
import { Allowance, planOf, secondsOf } from '../src/plan.ts';

const { rounds, minutes } = readOptions(['--record']);
const SMALL = CASES.filter(({ large }) => large !== true);

test('a recording of all but the large cases fits into its time', () => {
  const seconds = SMALL.reduce((sum, one) => sum + secondsOf(one, rounds), 0);

  expect(seconds).toBeLessThan(minutes * 60);
  expect(planOf(SMALL, rounds)).toBe(
    `${SMALL.length} cases, about ${Math.ceil(seconds / 60)} minutes on two cores without other work`,
  );
});

test.each(CASES.map((one) => [one.name, one] as const))('`%s` alone fits into it', (_, one) => {
  expect(secondsOf(one, rounds)).toBeLessThan(minutes * 60);
});

test('a short run is told in seconds', () => {
  const [first] = SMALL;

  expect(planOf(first === undefined ? [] : [{ ...first, seconds: { begin: 3, round: 2 } }], 5)).toMatch(/about 13 s /);
});

test('no work begins that is not expected to end in time', () => {
  let nowMs = 0;
  const allowance = new Allowance(1, () => nowMs);

  expect([allowance.allows(60), allowance.allows(61)]).toEqual([true, false]);
  nowMs = 50_000;
  expect([allowance.allows(10), allowance.allows(11)]).toEqual([true, false]);
});
