// The rows of a list to its end:
// - every row of every page, in order, from the start that is named
// - the same backwards, from a cursor or from the end
import { expect, test } from 'vitest';
import { everyRow, type ListStart } from '../src/insight/every-row.ts';

const PAGES: Readonly<Record<string, { items: number[]; next: string | null }>> = {
  first: { items: [1, 2], next: 'second' },
  second: { items: [3], next: 'third' },
  third: { items: [4, 5], next: null },
};

const BACKWARDS: typeof PAGES = {
  end: { items: [5, 4], next: 'middle' },
  middle: { items: [3], next: 'start' },
  start: { items: [2, 1], next: null },
};

async function pageFrom({ after, before }: ListStart) {
  const page = before === undefined ? PAGES[after ?? 'first'] : BACKWARDS[before ?? 'end'];
  return page ?? { items: [], next: null };
}

async function rowsFrom(start?: ListStart): Promise<number[]> {
  const rows: number[] = [];
  for await (const row of everyRow(pageFrom, start)) rows.push(row);
  return rows;
}

test('every row of every page, in order, from the start that is named', async () => {
  expect(await rowsFrom()).toEqual([1, 2, 3, 4, 5]);
  expect(await rowsFrom({ after: 'second' })).toEqual([3, 4, 5]);
});

test('the same backwards, from a cursor or from the end', async () => {
  expect(await rowsFrom({ before: null })).toEqual([5, 4, 3, 2, 1]);
  expect(await rowsFrom({ before: 'middle' })).toEqual([3, 2, 1]);
});
