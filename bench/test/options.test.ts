/*
 * - a run that shows only that the cases work, or that has other turns, never touches the committed ratios
 * - a run either records or compares
 * - a run of few rounds is not recorded, unless that is asked for
 * - the committed ratios are of one run of all cases
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
  [['--record', '--case', 'sqlite'], 'one run of all cases'],
  [['--check', '--stretch', '4'], 'bench/recorded.json'],
  [['--check', '--even-loaded'], 'only with --record'],
  [['--rounds', '0'], 'not a positive whole number'],
])('%j is refused', (args, reason) => {
  expect(() => readOptions(args)).toThrow(reason);
});

test('a run of few rounds is recorded if that is asked for', () => {
  expect(readOptions(['--record', '--rounds', '1', '--even-loaded'])).toMatchObject({ rounds: 1, evenLoaded: true });
});
