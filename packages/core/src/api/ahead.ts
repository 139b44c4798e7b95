/**
 * Starts work on the items before it is asked for, so that a database on another machine answers many questions in the
 * time of one. The results come in the order of the items.
 *
 * @param limit of the weights of all that is under way; an item that is heavier is alone
 */
export async function* ahead<Item, Result>(
  items: AsyncIterable<Item>,
  { limit, weightOf }: { readonly limit: number; readonly weightOf: (item: Item) => number },
  start: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: { readonly weight: number; readonly result: Promise<Result> }[] = [];
  let total = 0;
  for await (const item of items) {
    const weight = weightOf(item);
    while (total > 0 && total + weight > limit) {
      const oldest = underWay.shift();
      if (oldest === undefined) break;
      total -= oldest.weight;
      yield await oldest.result;
    }
    const result = start(item);
    // The error is thrown where the result is asked for. Without this, one that comes earlier would end the process.
    result.catch(() => {});
    underWay.push({ weight, result });
    total += weight;
  }
  for (const { result } of underWay) yield await result;
}

/** Some items, and the sum of their weights. */
export interface Batch<Item> {
  readonly items: readonly Item[];
  readonly weight: number;
}

/**
 * The items in their order, as many at once as weigh no more than the limit. An item that is heavier is alone.
 */
export async function* batched<Item>(
  items: AsyncIterable<Item>,
  limit: number,
  weightOf: (item: Item) => number,
): AsyncGenerator<Batch<Item>> {
  let batch: Item[] = [];
  let total = 0;
  for await (const item of items) {
    const weight = weightOf(item);
    if (batch.length > 0 && total + weight > limit) {
      yield { items: batch, weight: total };
      [batch, total] = [[], 0];
    }
    batch.push(item);
    total += weight;
  }
  if (batch.length > 0) yield { items: batch, weight: total };
}
