/*
 * Times as people read them in explanations:
 *  - to the second, in UTC, also before 1970 and after the year 9999
 *  - a number that is no time, as a forged row can have, stays a number
 */
import { expect, test } from 'vitest';
import { isoSeconds } from '../../src/index.ts';

test.for([
  [1_780_000_000_999, '2026-05-28T20:26:40Z'],
  [-1, '1969-12-31T23:59:59Z'],
  [253_402_300_800_000, '+010000-01-01T00:00:00Z'],
  [8_640_000_000_000_000, '+275760-09-13T00:00:00Z'],
  [8_640_000_000_000_001, '8640000000000001'],
  [Number.MAX_SAFE_INTEGER, '9007199254740991'],
] as const)('%i is %s', ([at, text]) => {
  expect(isoSeconds(at)).toBe(text);
});
