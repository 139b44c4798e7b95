/*
 * Numbers as people read them:
 *  - a count has its noun in the right number, its digits in groups, and a plus where counting stopped
 *  - a length of time has the largest unit of which there is one
 *  - a size has one decimal, or none below a megabyte
 */
import { expect, test } from 'vitest';
import { counted, lasting, sized } from '../../src/index.ts';

test.for([
  [counted(1, 'session'), '1 session'],
  [counted(0, 'session'), '0 sessions'],
  [counted(10_000, 'session', true), '10 000+ sessions'],
  [counted(1, 'head', true), '1+ heads'],
] as const)('a count: %s', ([said, wanted]) => {
  expect(said).toBe(wanted);
});

test.for([
  [8 * 3_600_000, '8 h'],
  [2 * 86_400_000, '2 days'],
  [-61_000, '1 min'],
  [999, '999 ms'],
] as const)('%i ms last %s', ([ms, wanted]) => {
  expect(lasting(ms)).toBe(wanted);
});

test.for([
  [4_120, '5 kB'],
  [4_200_000, '4.2 MB'],
  [9_000_000_000, '9.0 GB'],
] as const)('%i bytes are %s', ([bytes, wanted]) => {
  expect(sized(bytes)).toBe(wanted);
});
