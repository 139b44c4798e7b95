// The fences that verify remembers:
// - it knows every number that was added, and no other, however many there are and however alike they are; 0, too
// - it is as quick with numbers that are far apart
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FenceSet } from '../../src/api/fence-set.ts';

test('it answers as a set of numbers does', () => {
  const fence = fc.oneof(
    fc.integer({ min: 0, max: 50 }),
    fc.integer({ min: 1_795_334_400_000_000, max: 1_795_334_400_000_100 }),
    fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  );
  fc.assert(
    fc.property(fc.array(fence, { maxLength: 4_000, size: 'max' }), (fences) => {
      const [set, known] = [new FenceSet(), new Set<number>()];
      for (const one of fences) {
        expect(set.add(one)).toBe(!known.has(one));
        known.add(one);
      }
    }),
    { numRuns: 50 },
  );
});

test('numbers that differ in their high bits alone do not collide', { timeout: 20_000 }, () => {
  const set = new FenceSet();
  const fences = Array.from({ length: 400_000 }, (_, at) => 1_795_334_400_000_000 + at * 2 ** 20);
  const begun = performance.now();

  expect(fences.filter((fence) => !set.add(fence))).toEqual([]);
  // Where they collide, it is several seconds.
  expect(performance.now() - begun).toBeLessThan(1_000);
});

test('0 is a number, too', () => {
  const set = new FenceSet();

  expect([set.add(0), set.add(0), set.add(1)]).toEqual([true, false, true]);
});

test('it keeps numbers that follow each other', () => {
  const set = new FenceSet();
  const fences = Array.from({ length: 50_000 }, (_, at) => 1_795_334_400_000_000 + at);

  expect(fences.filter((fence) => !set.add(fence))).toEqual([]);
  expect(fences.filter((fence) => set.add(fence))).toEqual([]);
});
