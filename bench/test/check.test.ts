/*
 * What `--check` promises:
 * - ratios as they are recorded in `bench/recorded.json` pass
 * - a fall of any one of these ratios by more than the margin fails, and names that ratio alone
 * - a ratio within the margin passes, on both sides of it
 * - a ratio that became worse fails, whichever direction is worse
 * - a ratio that became better is told, and does not fail
 * - a ratio that was never recorded, or was not measured, fails
 * - only ratios are compared: the same ratio passes on a machine of another speed
 * - a line whose other side is a fixed limit is not compared
 */
import { expect, test } from 'vitest';
import { CASES } from '../src/cases/index.ts';
import { deviations, fails } from '../src/check.ts';
import { keyOf, resultOf, type Line, type Result } from '../src/line.ts';
import { readRecorded, type RecordedRatios } from '../src/recorded.ts';

const MACHINE = { node: 'v24.0.0', sqlite: '3.50.0', cpu: '2 x a processor', load: 1 };
const LINE: Line = { id: 'line', title: 'A line', unit: 'units/s', against: 'floor', better: 'more', isChecked: true };

/** Just beyond the margin of 30 %. */
const FALL = 1.31;

function measured(line: Partial<Line>, ours: number, other = 100): Result {
  return resultOf('case', { ...LINE, ...line }, [{ ours, other }]);
}

function recordedAt(median: number): RecordedRatios {
  return { 'case/line': { median, min: median, max: median, rounds: 5, machine: MACHINE } };
}

/** A run that comes to the recorded ratios, but for one that is worse by so much. */
function runOf(recorded: RecordedRatios, fallen?: string): Result[] {
  return CASES.flatMap(({ name, lines }) =>
    lines.flatMap((line) => {
      const before = recorded[keyOf(name, line)];
      if (before === undefined) return [];
      const loss = keyOf(name, line) === fallen ? FALL : 1;
      const ratio = line.better === 'more' ? before.median / loss : before.median * loss;
      return [resultOf(name, line, [{ ours: ratio * 3, other: 3 }])];
    }),
  );
}

test('ratios as they are recorded pass', () => {
  const recorded = readRecorded();

  expect(runOf(recorded)).toHaveLength(Object.keys(recorded).length);
  expect(deviations(runOf(recorded), recorded)).toEqual([]);
});

test.each(Object.keys(readRecorded()))('a fall of `%s` beyond the margin fails, and no other ratio does', (key) => {
  const found = deviations(runOf(readRecorded(), key), readRecorded());

  expect(found).toMatchObject([{ key, is: 'worse' }]);
  expect(found.some(fails)).toBe(true);
});

test.each([39, 50, 64])('a ratio of %d % passes where 50 % was recorded', (ours) => {
  expect(deviations([measured({}, ours)], recordedAt(0.5))).toEqual([]);
});

test.each([
  ['more', 38],
  ['less', 66],
] as const)('of a number of which %s is better, a ratio of %d % fails where 50 % was recorded', (better, ours) => {
  const [deviation] = deviations([measured({ better }, ours)], recordedAt(0.5));

  expect(deviation).toMatchObject({ key: 'case/line', is: 'worse' });
  expect(deviation && fails(deviation)).toBe(true);
});

test.each([
  ['more', 66],
  ['less', 38],
] as const)('of a number of which %s is better, a ratio of %d % is told and does not fail', (better, ours) => {
  const [deviation] = deviations([measured({ better }, ours)], recordedAt(0.5));

  expect(deviation).toMatchObject({ key: 'case/line', is: 'better' });
  expect(deviation && fails(deviation)).toBe(false);
});

test('a ratio that was never recorded fails', () => {
  const [deviation] = deviations([measured({}, 50)], {});

  expect(deviation).toMatchObject({ key: 'case/line', is: 'unknown' });
  expect(deviation && fails(deviation)).toBe(true);
});

test('a ratio that was not measured fails', () => {
  const [deviation] = deviations([measured({}, Number.NaN)], recordedAt(0.5));

  expect(deviation).toMatchObject({ is: 'unknown' });
  expect(deviation && fails(deviation)).toBe(true);
});

test('the same ratio passes on a machine that is ten times slower', () => {
  expect(deviations([measured({}, 5, 10)], recordedAt(0.5))).toEqual([]);
});

test('a line whose other side is a fixed limit is not compared', () => {
  expect(deviations([measured({ isChecked: false }, 1)], recordedAt(0.5))).toEqual([]);
});
