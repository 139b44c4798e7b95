/*
 * - a run that shows only that the cases work, or that has other turns, never touches the committed ratios
 * - a run either records or compares
 * - a run of few rounds is not recorded, unless that is asked for
 * - cases can be recorded one by one, within a time that is limited
 * - a check has fewer rounds than other runs
 */
import { expect, test } from 'vitest';
import { readOptions } from '../src/options.ts';

test.each(['--check', '--record'])('--smallest with %s needs a file of its own', (what) => {
  expect(() => readOptions(['--smallest', what])).toThrow('bench/recorded.json');
  expect(readOptions(['--smallest', what, '--recorded', 'other.json'])).toMatchObject({ smallest: true });
});

test.each([
  [['--check', '--record'], 'one of them'],
  [['--record', '--rounds', '4'], 'at least 5'],
  [['--check', '--stretch', '4'], 'bench/recorded.json'],
  [['--check', '--even-loaded'], 'only with --record'],
  [['--check', '--missing'], 'only with --record'],
  [['--minutes', 'x'], 'not a positive whole number'],
  [['--rounds', '0'], 'not a positive whole number'],
])('%j is refused', (args, reason) => {
  expect(() => readOptions(args)).toThrow(reason);
});

test('a run of few rounds is recorded if that is asked for', () => {
  expect(readOptions(['--record', '--rounds', '1', '--even-loaded'])).toMatchObject({ rounds: 1, evenLoaded: true });
});

test.each([
  [['--record', '--case', 'sqlite'], { record: true, cases: ['sqlite'], minutes: 25, rounds: 5 }],
  [['--record', '--missing', '--minutes', '40'], { missing: true, minutes: 40 }],
  [['--check'], { rounds: 3, minutes: Number.POSITIVE_INFINITY }],
  [[], { rounds: 5, minutes: Number.POSITIVE_INFINITY }],
])('%j means %j', (args, options) => {
  expect(readOptions(args)).toMatchObject(options);
});
