// Random bytes, of which the secrets of leases are made:
// - a call gets as many as it asks for
// - none is given out twice, and no other call changes what was given out
import { expect, test } from 'vitest';
import { randomBytes } from '../src/system/random.ts';

test('a call gets as many as it asks for', () => {
  expect([1, 16, 4_096, 4].map((count) => randomBytes(count).length)).toEqual([1, 16, 4_096, 4]);
});

test('none is given out twice', () => {
  const texts = Array.from({ length: 10_000 }, () => Buffer.from(randomBytes(7)).toString('hex'));

  expect(new Set(texts).size).toBe(10_000);
});

test('no other call changes what was given out', () => {
  const first = randomBytes(16);
  const text = Buffer.from(first).toString('hex');

  for (let draw = 0; draw < 1_000; draw += 1) randomBytes(16).fill(0);

  expect(Buffer.from(first).toString('hex')).toBe(text);
});
