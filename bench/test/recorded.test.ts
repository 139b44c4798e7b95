/*
 * What a recording promises:
 * - the README shows what is recorded, and nothing else, with commit, date and load of each case
 * - a line that is not recorded is shown as such, with how many cases there are
 * - cases are recorded one by one, and each leaves the others as they are
 * - a case with a line that was not measured is not recorded, nor is one that ran beside other work
 * - a line that swings is recorded, and named as one that no check can compare
 * - `--missing` leaves out what is recorded at this commit, unless files were changed since
 * - a run on a busy machine is told from a calm one by the load before it, and by what other work took meanwhile
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { BenchCase } from '../src/bench-case.ts';
import { CASES } from '../src/cases/index.ts';
import { busyBefore, busyDuring, othersOf, Watch, type Conditions } from '../src/conditions.ts';
import { keyOf, resultOf, type Line, type MeasuredCase } from '../src/line.ts';
import { notHere } from '../src/not-here.ts';
import { NOTHING, readRecorded, withCase } from '../src/recorded.ts';
import { Recorder } from '../src/recorder.ts';
import { missingOf } from '../src/selection.ts';
import { withResults } from '../src/results-page.ts';
import { newFolder } from './harness.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const MACHINE = { node: 'v24.0.0', sqlite: '3.50.0', cpu: '2 x a processor', load: 0.25 };
const CALM: Conditions = { machine: MACHINE, loadAtEnd: 0.75, others: 0.02, rounds: 5 };
const LINE: Line = { id: 'line', title: 'A line', unit: 'units/s', against: 'floor', better: 'more', isChecked: true };
const LINES = [LINE, { ...LINE, id: 'more', against: 'another floor' }];
const STAMP = { commit: 'abc1234', at: '2030-01-02T03:04Z' } as const;
const CASE: BenchCase = {
  name: 'case',
  seconds: { begin: 0, round: 1 },
  lines: LINES,
  begin: () => Promise.reject(new Error('not run')),
};
const PAGE = '# Bench\n\n<!-- results -->\nold\n<!-- end of results -->\n\nThe end.\n';

function measured(ours: readonly number[], conditions = CALM, name = 'case'): MeasuredCase {
  const result = resultOf(
    name,
    LINE,
    ours.map((one) => ({ ours: one, other: 100 })),
  );
  return { name, conditions, results: [result] };
}

function recorderIn(folder: string, evenLoaded = false) {
  const file = join(folder, 'recorded.json');
  return { file, recorder: new Recorder({ recorded: file, evenLoaded }, { commit: STAMP.commit, cases: [CASE] }) };
}

test('the README shows what bench/recorded.json says', () => {
  expect(withResults(README, readRecorded(), CASES)).toBe(README);
});

test('every recorded line is one of the table', () => {
  const keys = CASES.flatMap(({ name, lines }) => lines.map((line) => keyOf(name, line)));
  const recorded = Object.entries(readRecorded().cases).flatMap(([name, { lines }]) =>
    Object.keys(lines).map((id) => `${name}/${id}`),
  );

  expect(keys).toEqual(expect.arrayContaining(recorded));
});

test('results stand in their place, with the lines that are not recorded', () => {
  const page = withResults(PAGE, withCase(NOTHING, measured([48, 50, 52]), STAMP), [CASE, { ...CASE, name: 'other' }]);

  expect(page).toMatch(/^# Bench\n\n<!-- results -->\n\n1 of 2 cases are not recorded\.\n/);
  expect(page).toContain('Node v24.0.0, SQLite 3.50.0, 2 x a processor, 5 rounds\n');
  expect(page).toMatch(/^ {2}case +2030-01-02T03:04Z {2}abc1234 {2}load 0\.25 to 0\.75, other work 2 %$/m);
  expect(page).toMatch(/50 {8}100 {2}floor .*0\.50 \(0\.48 to 0\.52\)\n/);
  expect(page).toMatch(/another floor +not recorded\n/);
  expect(page.endsWith('```\n\n<!-- end of results -->\n\nThe end.\n')).toBe(true);
  expect(page).not.toContain('old');
});

test('no line of the results is wider than a page', () => {
  const stamp = { commit: 'abc1234+', at: STAMP.at };
  const busy = { ...CALM, others: 0.99, loadAtEnd: 100.25 };
  const recording = CASES.reduce((all, { name }) => withCase(all, measured([50], busy, name), stamp), NOTHING);

  expect(
    withResults(PAGE, recording, CASES)
      .split('\n')
      .filter((line) => line.length > 120),
  ).toEqual([]);
});

test('results of a busy machine say that they are not reliable', () => {
  const recording = withCase(NOTHING, measured([50], { ...CALM, others: 0.5 }), STAMP);

  expect(withResults(PAGE, recording, [CASE])).toContain('other work 50 %, NOT RELIABLE\n');
});

test('cases are recorded one by one, and each leaves the others as they are', () => {
  using folder = newFolder();
  const { file, recorder } = recorderIn(folder.path);
  const cases = [CASE, { ...CASE, name: 'other' }, { ...CASE, name: 'left' }];

  expect(recorder.add(measured([48, 50, 52]))).toBe('case is recorded');
  const alone = readRecorded(file).cases['case'];
  recorder.add(measured([10, 11, 12], CALM, 'other'));

  expect(readRecorded(file).cases['case']).toEqual(alone);
  expect(Object.keys(readRecorded(file).cases)).toEqual(['case', 'other']);
  expect(recorder.without(cases).map(({ name }) => name)).toEqual(['left']);
});

test.each([
  ['with a line that was not measured in every round', measured([50, 0, 50]), 'not measured in every round: case/line'],
  ['that ran beside other work', measured([50], { ...CALM, others: 0.5 }), 'other work had 50 % of the processors'],
] as const)('a case %s is not recorded, and leaves what was', (_, one, reason) => {
  using folder = newFolder();
  const { file, recorder } = recorderIn(folder.path);
  recorder.add(measured([48, 50, 52]));
  const before = readRecorded(file);

  expect(recorder.add(one)).toContain(`case is not recorded: ${reason}`);
  expect(readRecorded(file)).toEqual(before);
});

test('a case that ran beside other work is recorded if that is asked for', () => {
  using folder = newFolder();
  const { recorder } = recorderIn(folder.path, true);

  expect(recorder.add(measured([50], { ...CALM, others: 0.5 }))).toBe('case is recorded');
});

test('a line that swings is recorded, and named as one that no check can compare', () => {
  using folder = newFolder();
  const { file, recorder } = recorderIn(folder.path);

  expect(recorder.add(measured([20, 50, 90]))).toContain('no check will compare case/line, which swings too much');
  expect(readRecorded(file).cases['case']?.lines['line']?.ratio).toEqual({ median: 0.5, min: 0.2, max: 0.9 });
});

test.each([
  [{ id: 'abc1234', isChanged: false }, ['other']],
  [{ id: 'def5678', isChanged: false }, ['case', 'other']],
  [{ id: 'abc1234', isChanged: true }, ['case', 'other']],
  [null, ['case', 'other']],
])('at commit %j a run with --missing measures %j', (commit, names) => {
  const recording = withCase(NOTHING, measured([50]), STAMP);

  expect(missingOf([CASE, { ...CASE, name: 'other' }], recording, commit).map(({ name }) => name)).toEqual(names);
});

test('a machine is busy when others had much of it, or when it was loaded before', () => {
  expect(busyDuring(CALM)).toBeUndefined();
  expect(busyDuring({ ...CALM, others: 0.16 })).toContain('other work had 16 %');
  expect(busyDuring({ ...CALM, others: null, machine: { ...MACHINE, load: 999 } })).toContain('the load is 999.00');
  expect(busyBefore({ ...MACHINE, load: 999 })).toContain('the load is 999.00');
});

test.each([
  [{ allMs: 500, ownMs: 500 }, 0],
  [{ allMs: 1_500, ownMs: 500 }, 0.5],
  // Ticks of the kernel are coarse.
  [{ allMs: 490, ownMs: 500 }, 0],
  [{ allMs: Number.NaN, ownMs: 500 }, null],
])('of 2,000 ms of processor time, %j is %s of others', (spent, others) => {
  expect(othersOf(spent, 2_000)).toBe(others);
});

test.runIf(notHere() === undefined)('on Linux the share of other work is known', async () => {
  const watch = new Watch(MACHINE);
  await setTimeout(50);

  expect(watch.conditions(1)).toMatchObject({ rounds: 1, others: expect.any(Number) });
});
