/*
 * What a recording promises:
 * - the README shows the run that is recorded, and no other
 * - a line that is not recorded is shown as such, with how many there are
 * - a line that swings, or that was not measured, is not recorded; one that swings is if that is asked for
 * - a run on a busy machine is told from a calm one by the load before it, and by what other work took meanwhile
 */
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { BenchCase } from '../src/bench-case.ts';
import { CASES } from '../src/cases/index.ts';
import { busyBefore, busyDuring, othersOf, Watch, type Conditions } from '../src/conditions.ts';
import { keyOf, resultOf, type Line } from '../src/line.ts';
import { notHere } from '../src/not-here.ts';
import { readRecorded, recordingOf, unfit } from '../src/recorded.ts';
import { withResults } from '../src/results-page.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const MACHINE = { node: 'v24.0.0', sqlite: '3.50.0', cpu: '2 x a processor', load: 0.25 };
const CALM: Conditions = { machine: MACHINE, loadAtEnd: 0.75, others: 0.02, rounds: 5 };
const LINE: Line = { id: 'line', title: 'A line', unit: 'units/s', against: 'floor', better: 'more', isChecked: true };
const LINES = [LINE, { ...LINE, id: 'more', against: 'another floor' }];
const CASE: BenchCase = { name: 'case', lines: LINES, begin: () => Promise.reject(new Error('not run')) };
const PAGE = '# Bench\n\n<!-- results -->\nold\n<!-- end of results -->\n\nThe end.\n';

function measured(...ours: readonly number[]) {
  return resultOf(
    'case',
    LINE,
    ours.map((one) => ({ ours: one, other: 100 })),
  );
}

test('the README shows what bench/recorded.json says', () => {
  expect(withResults(README, readRecorded(), CASES)).toBe(README);
});

test('every recorded line is one of the table', () => {
  const keys = CASES.flatMap(({ name, lines }) => lines.map((line) => keyOf(name, line)));

  expect(keys).toEqual(expect.arrayContaining(Object.keys(readRecorded().lines)));
});

test('results stand in their place, with the lines that are not recorded', () => {
  const page = withResults(PAGE, recordingOf([measured(48, 50, 52)], CALM), [CASE]);

  expect(page).toMatch(/^# Bench\n\n<!-- results -->\n\nNode v24\.0\.0.*load 0\.25\.\n5 rounds, /);
  expect(page).toContain('1 of 2 lines are not recorded, and `--check` does not compare those.');
  expect(page).toMatch(/50 {8}100 {2}floor .*0\.50 \(0\.48 to 0\.52\)\n/);
  expect(page).toMatch(/another floor +not recorded\n/);
  expect(page.endsWith('```\n\n<!-- end of results -->\n\nThe end.\n')).toBe(true);
  expect(page).not.toContain('old');
});

test('results of a busy machine say that they are not reliable', () => {
  const recording = recordingOf([measured(50)], { ...CALM, others: 0.5 });

  expect(withResults(PAGE, recording, [CASE])).toContain('**Not reliable:** other work had 50 % of the processors');
});

test.each([
  ['swings too much', [20, 50, 90], undefined],
  ['was not measured in every round', [50, 0, 50], 'was not measured in every round'],
] as const)('a line that %s is not recorded', (reason, ours, evenLoaded) => {
  expect(unfit(measured(...ours), { evenLoaded: false })).toContain(reason);
  expect(unfit(measured(...ours), { evenLoaded: true })).toBe(evenLoaded);
});

test('a line of which each round is near the median is recorded', () => {
  expect(unfit(measured(40, 50, 64), { evenLoaded: false })).toBeUndefined();
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
  const watch = new Watch();
  await setTimeout(50);

  expect(watch.conditions(1)).toMatchObject({ rounds: 1, others: expect.any(Number) });
});
