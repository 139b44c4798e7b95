/*
 * What the report promises:
 * - no row is wider than a page of the documentation, whatever the numbers are
 * - it shows both numbers, the ratio with its spread, the target, and whether it was reached
 * - a line without numbers says why
 * - lines that measure the same share one title
 */
import { expect, test } from 'vitest';
import { CASES } from '../src/cases/index.ts';
import { resultOf, type Line, type Pair } from '../src/line.ts';
import { reportOf } from '../src/report.ts';

const COLUMNS_MAX = 120;
const LINE: Line = {
  id: 'line',
  title: 'SQLite, one caller',
  unit: 'units/s',
  against: 'floor',
  better: 'more',
  target: { of: 'ratio', limit: 0.5 },
  isChecked: true,
};

function rowsOf(lines: readonly Line[], pairs: readonly Pair[]): string[] {
  return reportOf(lines.map((line) => ({ line, found: resultOf('case', line, pairs) }))).split('\n');
}

test.each(CASES.map((one) => [one.name, one] as const))('no row of `%s` is too wide', (_, { lines }) => {
  // Six digits each, and ratios from hundredths to thousands.
  const rows = rowsOf(lines, [
    { ours: 987_654, other: 987_654 },
    { ours: 987_654, other: 567 },
  ]);

  expect(rows.filter(({ length }) => length > COLUMNS_MAX)).toEqual([]);
  expect(rows).toHaveLength(1 + new Set(lines.map(({ title, unit }) => `${title} ${unit}`)).size + lines.length);
});

test('a row shows both numbers, the ratio with its spread, the target, and whether it was reached', () => {
  const [, title, row = ''] = rowsOf(
    [LINE],
    [
      { ours: 2_000, other: 10_000 },
      { ours: 3_000, other: 10_000 },
      { ours: 4_000, other: 10_000 },
    ],
  );

  expect(title).toBe('SQLite, one caller: units/s');
  expect(row.trim().split(/ {2,}/)).toEqual(['3,000', '10,000', 'floor', '0.30 (0.20 to 0.40)', 'at least 0.5', 'no']);
});

test('a target for our own number is told as one', () => {
  const [, , row = ''] = rowsOf(
    [{ ...LINE, better: 'less', target: { of: 'ours', limit: 17 } }],
    [{ ours: 16, other: 1 }],
  );

  expect(row.trim().split(/ {2,}/).slice(-2)).toEqual(['ours at most 17', 'yes']);
});

test('lines that measure the same share one title', () => {
  const rows = rowsOf([LINE, { ...LINE, id: 'other', against: 'plainjob' }], [{ ours: 1, other: 2 }]);

  expect(rows.filter((row) => row.startsWith(LINE.title))).toHaveLength(1);
  expect(rows).toHaveLength(4);
});

test.each(['not measured', 'not recorded'] as const)('a line that is %s says so, with its target', (found) => {
  const [, , row = ''] = reportOf([{ line: LINE, found }]).split('\n');

  expect(row.trim().split(/ {2,}/)).toEqual(['floor', found, 'at least 0.5']);
});
