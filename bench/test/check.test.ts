/*
 * What `--check` promises:
 * - ratios as they were recorded pass, and a fall of any one of them by more than the margin fails, and names it alone
 * - a ratio within the margin passes, on both sides of it; one that became better is told, and does not fail
 * - a line that gave no number in one round fails: zero, NaN or infinite, on either side
 * - a line or a case that is not recorded fails; a line that swings more than the margin is not compared, and the check
 *   says so
 * - on a calm machine, noise alone fails a whole check less than once in a thousand times
 * - a check that compares nothing does not pass
 * - a failure names both medians, spreads and loads, and the limit, and says when it is not reliable
 * - only ratios are compared: the same ratio passes on a machine of another speed
 */
import { expect, test } from 'vitest';
import type { BenchCase } from '../src/bench-case.ts';
import { CASES } from '../src/cases/index.ts';
import { comparedOf, fails, findingsOf, isWorse } from '../src/check.ts';
import type { Conditions } from '../src/conditions.ts';
import { keyOf, resultOf, type Line, type Pair, type Result } from '../src/line.ts';
import { ROUNDS_OF_CHECK } from '../src/options.ts';
import { NOTHING, type Recording } from '../src/recorded.ts';
import { PATIENCE } from '../src/run-cases.ts';
import { casesOf, comparableOf } from '../src/selection.ts';

const MACHINE = { node: 'v24.0.0', sqlite: '3.50.0', cpu: '2 x a processor', load: 0.25 };
const CALM: Conditions = { machine: MACHINE, loadAtEnd: 0.75, others: 0.02, rounds: 5 };
const BUSY: Conditions = { ...CALM, others: 0.61 };
const LINE: Line = { id: 'line', title: 'A line', unit: 'units/s', against: 'floor', better: 'more', isChecked: true };
const STAMP = { commit: 'abc1234', at: '2030-01-02T03:04Z' } as const;
const CHECKED = CASES.flatMap(({ name, lines }) =>
  lines.flatMap((line) => (line.isChecked ? [{ key: keyOf(name, line), name, line }] : [])),
);

/** Just beyond the margin of 30 %. */
const FALL = 1.31;

function measured(line: Partial<Line>, ...pairs: readonly Pair[]): Result {
  return resultOf('case', { ...LINE, ...line }, pairs);
}

function recordedAt(median: number, { min = median, max = median } = {}, conditions = CALM): Recording {
  const ratio = { median, min, max };
  return { cases: { case: { ...STAMP, conditions, lines: { line: { ours: ratio, other: ratio, ratio } } } } };
}

const ALL: Recording = {
  cases: Object.fromEntries(
    CASES.map(({ name, lines }) => [
      name,
      {
        ...(recordedAt(0.4).cases['case'] ?? never()),
        lines: Object.fromEntries(lines.map(({ id }) => [id, recordedAt(0.4).cases['case']?.lines['line'] ?? never()])),
      },
    ]),
  ),
};

/** A run that comes to the recorded ratios, but for one that is worse by so much. */
function runOf(fallen?: string): Result[] {
  return CHECKED.map(({ key, name, line }) => {
    const loss = key === fallen ? FALL : 1;
    const ratio = line.better === 'more' ? 0.4 / loss : 0.4 * loss;
    return resultOf(name, line, [{ ours: ratio * 3, other: 3 }]);
  });
}

function swinging(median: number): Pair[] {
  return [20, median, 90].map((ours) => ({ ours, other: 100 }));
}

function never(): never {
  throw new Error('a recording without its line');
}

test('ratios as they are recorded pass', () => {
  expect(findingsOf(runOf(), ALL, CALM)).toEqual([]);
  expect(comparedOf(runOf(), [])).toBe(CHECKED.length);
});

test.each(CHECKED.map(({ key }) => key))('a fall of `%s` beyond the margin fails, and no other ratio does', (key) => {
  const found = findingsOf(runOf(key), ALL, CALM);

  expect(found).toMatchObject([{ key, is: 'worse' }]);
  expect(found.some(fails)).toBe(true);
});

test.each([39, 50, 64])('a ratio of %d % passes where 50 % was recorded', (ours) => {
  expect(findingsOf([measured({}, { ours, other: 100 })], recordedAt(0.5), CALM)).toEqual([]);
});

test.each([
  ['more', 38],
  ['less', 66],
] as const)('of a number of which %s is better, a ratio of %d % fails where 50 % was recorded', (better, ours) => {
  const result = measured({ better }, { ours, other: 100 });
  const [finding] = findingsOf([result], recordedAt(0.5), CALM);

  expect(finding).toMatchObject({ key: 'case/line', is: 'worse' });
  expect(finding && fails(finding)).toBe(true);
  expect(isWorse(result, recordedAt(0.5))).toBe(true);
});

test.each([
  ['more', 66],
  ['less', 38],
] as const)('of a number of which %s is better, a ratio of %d % is told and does not fail', (better, ours) => {
  const [finding] = findingsOf([measured({ better }, { ours, other: 100 })], recordedAt(0.5), CALM);

  expect(finding).toMatchObject({ key: 'case/line', is: 'better' });
  expect(finding && fails(finding)).toBe(false);
});

test.each([
  ['ours', 0],
  ['ours', Number.NaN],
  ['ours', Number.POSITIVE_INFINITY],
  ['other', 0],
  ['other', Number.NaN],
  ['other', Number.POSITIVE_INFINITY],
] as const)('a round in which %s is %d fails, however good the others are', (side, value) => {
  const good = { ours: 50, other: 100 };
  const [finding] = findingsOf([measured({}, good, { ...good, [side]: value }, good)], recordedAt(0.5), CALM);

  expect(finding).toMatchObject({ key: 'case/line', is: 'not measured' });
  expect(finding && fails(finding)).toBe(true);
});

test('a line without any round fails', () => {
  expect(findingsOf([measured({})], recordedAt(0.5), CALM)).toMatchObject([{ is: 'not measured' }]);
});

test.each([
  ['is not recorded', {}, NOTHING, 'not recorded'],
  ['swung when it was recorded', {}, recordedAt(0.5, { min: 0.3 }), 'not compared'],
] as const)('a line that %s is not compared, and the check says so', (_, line, recording, is) => {
  const results = [measured(line, { ours: 10, other: 100 })];
  const findings = findingsOf(results, recording, CALM);

  expect(findings).toMatchObject([{ key: 'case/line', is }]);
  expect(findings[0]?.message).toContain('not compared');
  expect(() => comparedOf(results, findings)).toThrow('compared no line at all');
});

test('a line that swings is not compared, but a median beyond the limit fails all the same', () => {
  expect(findingsOf([measured({}, ...swinging(50))], recordedAt(0.5), CALM)).toMatchObject([{ is: 'not compared' }]);
  expect(findingsOf([measured({}, ...swinging(30))], recordedAt(0.5), CALM)).toMatchObject([{ is: 'worse' }]);
});

test('a failure names medians, spreads, loads and the limit', () => {
  const pairs = [28, 30, 32].map((ours) => ({ ours, other: 100 }));
  const [finding] = findingsOf([measured({}, ...pairs)], recordedAt(0.5, { min: 0.45, max: 0.55 }), CALM);

  expect(finding?.message).toBe(
    'became worse: 0.300 (0.280 to 0.320) now, load 0.25 to 0.75, other work 2 %; ' +
      '0.500 (0.450 to 0.550) when it was recorded, load 0.25 to 0.75, other work 2 %; the limit is at least 0.385',
  );
});

test.each([
  ['now', BUSY, CALM],
  ['then', CALM, BUSY],
] as const)('a failure is not reliable when the machine was busy %s', (when, now, then) => {
  const [finding] = findingsOf([measured({}, { ours: 30, other: 100 })], recordedAt(0.5, {}, then), now);

  expect(finding?.message).toMatch(new RegExp(`NOT RELIABLE, because ${when} other work had 61 % of the processors`));
});

test('the same ratio passes on a machine that is ten times slower', () => {
  expect(findingsOf([measured({}, { ours: 5, other: 10 })], recordedAt(0.5), CALM)).toEqual([]);
});

test('a line whose other side is a fixed limit is not compared', () => {
  expect(findingsOf([measured({ isChecked: false }, { ours: 1, other: 100 })], recordedAt(0.5), CALM)).toEqual([]);
});

const ONE: BenchCase = {
  name: 'case',
  seconds: { begin: 0, round: 1 },
  lines: [LINE],
  begin: () => Promise.reject(new Error('not run')),
};

test.each([
  ['of which nothing is recorded', [ONE], NOTHING],
  ['that has no line to compare', [{ ...ONE, lines: [{ ...LINE, isChecked: false }] }], recordedAt(0.5)],
  ['that is empty', [], recordedAt(0.5)],
] as const)('a check of a selection %s is an error', (_, chosen, recording) => {
  expect(() => comparableOf(chosen, recording)).toThrow('--check has nothing to compare');
});

test('a case of which nothing is recorded is named, and so is one of which nothing is compared', () => {
  const other = { ...ONE, name: 'other' };
  const limit = { ...ONE, name: 'limit', lines: [{ ...LINE, isChecked: false }] };

  expect(comparableOf([ONE, other, limit], recordedAt(0.5))).toEqual({
    cases: [ONE],
    unrecorded: [other],
    uncompared: [limit],
  });
});

test('a line that is not recorded fails, however good the others are', () => {
  expect(findingsOf([measured({ id: 'new' }, { ours: 50, other: 100 })], recordedAt(0.5), CALM).some(fails)).toBe(true);
});

test('a failure on another machine than that of the recording says so', () => {
  const then = { ...CALM, machine: { ...MACHINE, cpu: '64 x another' } };
  const [finding] = findingsOf([measured({}, { ours: 30, other: 100 })], recordedAt(0.5, {}, then), CALM);

  expect(finding?.message).toContain('NOT RELIABLE, because it was recorded on another machine, 64 x another');
});

/** In how many of so many rounds just this many lie beyond the limit. */
function chanceOf(hits: number, rounds: number, beyond: number): number {
  let ways = 1;
  for (let at = 1; at <= hits; at += 1) ways = (ways * (rounds - hits + at)) / at;
  return ways * beyond ** hits * (1 - beyond) ** (rounds - hits);
}

/** That the median is beyond the limit after the first rounds, and then after all of them. */
function chanceOfFailure(beyond: number): number {
  const [first, all] = [ROUNDS_OF_CHECK, ROUNDS_OF_CHECK * PATIENCE];
  let chance = 0;
  for (let early = Math.ceil(first / 2); early <= first; early += 1) {
    for (let late = Math.ceil(all / 2) - early; late <= all - first; late += 1)
      chance += chanceOf(early, first, beyond) * chanceOf(late, all - first, beyond);
  }
  return chance;
}

test('a whole check fails by noise and finds a loss as often as the README says', () => {
  const lines = CASES.filter(({ large }) => large !== true).flatMap(({ lines: all }) =>
    all.filter(({ isChecked }) => isChecked),
  );

  expect(1 - (1 - chanceOfFailure(0.1)) ** lines.length).toBeLessThan(1 / 1_000);
  expect(chanceOfFailure(0.9)).toBeGreaterThan(0.97);
});

test('a name that fits no case is an error', () => {
  expect(() => casesOf([ONE], { cases: ['cas', 'sqlite'], large: false })).toThrow('no case sqlite; there are case');
});
