// The rows of a list to its end:
// - every row of every page, in order, from the start that is named
import { expect, test } from 'vitest';
import { everyRow } from '../src/insight/every-row.ts';

const PAGES: Readonly<Record<string, { items: number[]; next: string | null }>> = {
  first: { items: [1, 2], next: 'second' },
  second: { items: [3], next: 'third' },
  third: { items: [4, 5], next: null },
};

async function pageAfter({ after = 'first' }: { after?: string }) {
  return PAGES[after] ?? { items: [], next: null };
}

async function rowsFrom(start?: string): Promise<number[]> {
  const rows: number[] = [];
  for await (const row of everyRow(pageAfter, start)) rows.push(row);
  return rows;
}

test('every row of every page, in order, from the start that is named', async () => {
  expect(await rowsFrom()).toEqual([1, 2, 3, 4, 5]);
  expect(await rowsFrom('second')).toEqual([3, 4, 5]);
});
