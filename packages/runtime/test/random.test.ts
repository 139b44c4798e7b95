// Random bytes, of which the secrets of leases are made:
// - a call gets as many as it asks for, or an error
// - each byte of the source is given out once, in order, and stays nowhere else
// - those of the operating system are never the same, and no other call changes what was given out
import { expect, test } from 'vitest';
import { pooledBytes, randomBytes } from '../src/system/random.ts';

test('a call gets as many as it asks for', () => {
  expect([1, 16, 4_096, 4].map((count) => randomBytes(count).length)).toEqual([1, 16, 4_096, 4]);
});

test('a call that asks for more than there is at once throws', () => {
  expect(() => randomBytes(4_097)).toThrow(RangeError);
  expect(randomBytes(4_096)).toHaveLength(4_096);
});

test('each byte of the source is given out once, in order, and stays nowhere else', () => {
  let pool: Uint8Array = new Uint8Array();
  const draw = pooledBytes((filled) => {
    pool = filled;
    for (const at of pool.keys()) pool[at] = 1 + (at % 251);
  });

  const first = draw(4_000);
  const second = draw(96);

  expect([...first, ...second]).toEqual(Array.from({ length: 4_096 }, (_, at) => 1 + (at % 251)));
  expect(pool.every((byte) => byte === 0)).toBe(true);
  // The pool is filled again, also where a few bytes of it are left.
  expect([draw(4_000)[0], draw(97)[0]]).toEqual([1, 1]);
  expect(pool.subarray(0, 98)).toEqual(Uint8Array.from({ length: 98 }, (_, at) => (at < 97 ? 0 : 98)));
});

test('those of the operating system are never the same', () => {
  const texts = Array.from({ length: 10_000 }, () => Buffer.from(randomBytes(7)).toString('hex'));

  expect(new Set(texts).size).toBe(10_000);
});

test('no other call changes what was given out', () => {
  const first = randomBytes(16);
  const text = Buffer.from(first).toString('hex');

  for (let draw = 0; draw < 1_000; draw += 1) randomBytes(16).fill(0);

  expect(Buffer.from(first).toString('hex')).toBe(text);
});
