/*
 * - a run that shows only that the cases work never touches, and is never compared with, the committed ratios
 * - a run either records or compares
 */
import { expect, test } from 'vitest';
import { readOptions } from '../src/options.ts';

test.each(['--check', '--record'])('--smallest with %s needs a file of its own', (what) => {
  expect(() => readOptions(['--smallest', what])).toThrow('bench/recorded.json');
  expect(readOptions(['--smallest', what, '--recorded', 'other.json'])).toMatchObject({ smallest: true });
});

test('a run either records or compares', () => {
  expect(() => readOptions(['--check', '--record'])).toThrow('one of them');
});
