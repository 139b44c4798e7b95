// How long a failed attempt waits:
// - it doubles with each attempt, up to an hour
// - chance makes it a fifth shorter or longer
import { expect, test } from 'vitest';
import { backoffMs } from '../../src/model/backoff.ts';

const even = 0.5;

test('it doubles with each attempt, up to an hour', () => {
  expect([1, 2, 3, 10, 1000].map((attempt) => backoffMs(5_000, attempt, even))).toEqual([
    5_000, 10_000, 20_000, 2_560_000, 3_600_000,
  ]);
});

test('chance makes it a fifth shorter or longer', () => {
  expect(backoffMs(5_000, 1, 0)).toBe(4_000);
  expect(backoffMs(5_000, 1, 0.999_999)).toBe(6_000);
});

test('without a pause it is due at once', () => {
  expect(backoffMs(0, 3, even)).toBe(0);
});
