/*
 * What `--check` promises:
 * - a ratio within the margin passes, on both sides of it
 * - a ratio that became worse fails, whichever direction is worse
 * - a ratio that became better is told, and does not fail
 * - a ratio that was never recorded, or was not measured, fails
 * - only ratios are compared: the same ratio passes on a machine of another speed
 * - `--short` compares only what a loaded machine does not shift, and a fixed limit is never compared
 * - `--short` finds processor time that doubled, and no smaller loss
 */
import { expect, test } from 'vitest';
import { deviations, fails } from '../src/check.ts';
import { resultOf, type Line, type Result } from '../src/line.ts';
import type { RecordedRatios } from '../src/recorded.ts';

const MACHINE = { node: 'v24.0.0', sqlite: '3.50.0', cpu: '2 x a processor', load: 1 };
const LINE: Line = { id: 'line', title: 'A line', unit: 'units/s', against: 'floor', better: 'more', checked: 'full' };

function measured(line: Partial<Line>, ours: number, other = 100): Result {
  return resultOf('case', { ...LINE, ...line }, [{ ours, other }]);
}

function recordedAt(median: number): RecordedRatios {
  return { 'case/line': { median, min: median, max: median, rounds: 5, machine: MACHINE } };
}

test.each([39, 50, 64])('a ratio of %d % passes where 50 % was recorded', (ours) => {
  expect(deviations([measured({}, ours)], recordedAt(0.5), 'full')).toEqual([]);
});

test.each([
  ['more', 38],
  ['less', 66],
] as const)('of a number of which %s is better, a ratio of %d % fails where 50 % was recorded', (better, ours) => {
  const [deviation] = deviations([measured({ better }, ours)], recordedAt(0.5), 'full');

  expect(deviation).toMatchObject({ key: 'case/line', is: 'worse' });
  expect(deviation && fails(deviation)).toBe(true);
});

test.each([
  ['more', 66],
  ['less', 38],
] as const)('of a number of which %s is better, a ratio of %d % is told and does not fail', (better, ours) => {
  const [deviation] = deviations([measured({ better }, ours)], recordedAt(0.5), 'full');

  expect(deviation).toMatchObject({ key: 'case/line', is: 'better' });
  expect(deviation && fails(deviation)).toBe(false);
});

test('a ratio that was never recorded fails', () => {
  expect(deviations([measured({}, 50)], {}, 'full')).toMatchObject([{ key: 'case/line', is: 'unknown' }]);
});

test('a ratio that was not measured fails', () => {
  expect(deviations([measured({}, Number.NaN)], recordedAt(0.5), 'full')).toMatchObject([{ is: 'unknown' }]);
});

test('the same ratio passes on a machine that is ten times slower', () => {
  expect(deviations([measured({}, 5, 10)], recordedAt(0.5), 'full')).toEqual([]);
});

test.each([
  ['always', 'short', 1],
  ['always', 'full', 1],
  ['full', 'short', 0],
  ['full', 'full', 1],
  ['never', 'full', 0],
  ['never', 'short', 0],
] as const)('a line that is checked %s: with the check %s there are %d deviations', (checked, check, count) => {
  expect(deviations([measured({ checked }, 1)], recordedAt(0.5), check)).toHaveLength(count);
});

test.each([
  [0.9, 0],
  [1.1, 1],
] as const)('processor time that was 0.5 of the floor and is %d: short, there are %d deviations', (ratio, count) => {
  const result = measured({ checked: 'roughly', better: 'less' }, ratio, 1);

  expect(deviations([result], recordedAt(0.5), 'short')).toHaveLength(count);
});
