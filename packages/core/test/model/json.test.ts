// What counts as JSON, and what a database can hold:
// - every JSON value is taken; a property that is undefined counts as absent
// - what JSON cannot say, U+0000 and lone surrogates are refused, and the problem names the place
// - the limit is in UTF-8 bytes, to the byte
// - equal values have one text, whatever the order of their keys
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalize } from '../../src/log/canonical.ts';
import { findJsonProblem, type Json } from '../../src/model/json.ts';
import { LIMITS } from '../../src/model/limits.ts';

const isStorable = (value: unknown) => !/\\u0000|\\u[dD][89a-fA-F]/.test(JSON.stringify(value));

test('every JSON value that databases can hold is taken', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }).filter(isStorable), (value) => {
      expect(findJsonProblem(value, LIMITS.payload_bytes_max)).toBeNull();
    }),
  );
});

test('a property that is undefined counts as absent', () => {
  expect(findJsonProblem({ a: undefined, b: 1 }, 100)).toBeNull();
  expect(canonicalize({ a: undefined, b: 1 })).toBe('{"b":1}');
});

test.each([
  ['undefined', undefined, []],
  ['a number that is not finite', { a: [1, Number.NaN] }, ['a', 1]],
  ['a bigint', { a: 1n }, ['a']],
  ['a date', { at: new Date(0) }, ['at']],
  ['a map', new Map(), []],
  ['U+0000 in a value', ['\u0000'], [0]],
  ['U+0000 in a key', { 'a\u0000': 1 }, []],
  ['a lone surrogate', { a: '\ud800' }, ['a']],
])('%s is refused, and the problem names the place', (_what, value, path) => {
  expect(findJsonProblem(value, 100)).toMatchObject({ code: 'INVALID_INPUT', path });
});

test('the limit is in UTF-8 bytes, to the byte', () => {
  expect(findJsonProblem('é'.repeat(49), 100)).toBeNull();
  expect(findJsonProblem(`${'é'.repeat(49)}x`, 100)).toMatchObject({
    code: 'LIMIT_EXCEEDED',
    problem: 'is 101 bytes of JSON, the limit is 100',
  });
});

test('nesting has a limit', () => {
  expect(findJsonProblem(nested(LIMITS.json_depth_max), 10_000)).toBeNull();
  expect(findJsonProblem(nested(LIMITS.json_depth_max + 1), 10_000)).toMatchObject({ code: 'LIMIT_EXCEEDED' });
});

test('equal values have one text, whatever the order of their keys', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string().filter((key) => key.isWellFormed()),
        fc.integer(),
      ),
      (value) => {
        const reversed = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalize(reversed)).toBe(canonicalize(value));
      },
    ),
  );
});

function nested(levels: number): Json {
  return Array.from({ length: levels }).reduce<Json>((inner) => [inner], 1);
}
