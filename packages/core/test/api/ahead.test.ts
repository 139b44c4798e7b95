// Work that is started before it is asked for:
// - the results come in the order of the items, whichever is ready first
// - no more than the limit is under way; an item that is heavier is alone
// - an error is thrown where its result is asked for, and ends nothing before
// - batches hold the items in order, and weigh no more than the limit; an item that is heavier is alone
import { expect, test } from 'vitest';
import { ahead, batched } from '../../src/api/ahead.ts';

async function* each(items: readonly number[]): AsyncGenerator<number> {
  yield* items;
}

test('the results come in order, and no more than the limit is under way', async () => {
  const weights = [3, 4, 3, 1, 50, 2, 2, 9];
  let underWay = 0;
  const seen: [weight: number, total: number][] = [];
  const start = async (weight: number) => {
    underWay += weight;
    seen.push([weight, underWay]);
    // The lighter, the sooner.
    for (let turn = 0; turn < weight; turn += 1) await Promise.resolve();
    return weight;
  };

  const results: number[] = [];
  for await (const weight of ahead(each(weights), { limit: 10, weightOf: (weight) => weight }, start)) {
    results.push(weight);
    underWay -= weight;
  }

  expect(results).toEqual(weights);
  expect(seen).toEqual([
    [3, 3],
    [4, 7],
    [3, 10],
    [1, 8],
    [50, 50],
    [2, 2],
    [2, 4],
    [9, 9],
  ]);
});

async function threeFails(item: number): Promise<number> {
  if (item === 3) throw new Error('three');
  return item;
}

test('an error is thrown in its turn', async () => {
  const results = ahead(each([1, 2, 3]), { limit: 10, weightOf: () => 1 }, threeFails);

  expect([await results.next(), await results.next()]).toMatchObject([{ value: 1 }, { value: 2 }]);
  await expect(results.next()).rejects.toThrow('three');
});

/** The batches of these weights, at most 10 at once. */
async function batchesOf(weights: readonly number[]) {
  const batches: (readonly [items: readonly number[], weight: number])[] = [];
  for await (const { items, weight } of batched(each(weights), 10, (item) => item)) batches.push([items, weight]);
  return batches;
}

test('batches weigh no more than the limit, and an item that is heavier is alone', async () => {
  expect(await batchesOf([3, 4, 3, 1, 50, 2, 8, 1])).toEqual([
    [[3, 4, 3], 10],
    [[1], 1],
    [[50], 50],
    [[2, 8], 10],
    [[1], 1],
  ]);
  expect(await batchesOf([])).toEqual([]);
});
