/*
 * Reading words and printing times:
 *  - a duration is a whole number and its unit; anything else is refused
 *  - a printed duration has its two largest units
 *  - letters of East Asia take two columns
 *  - JSON: keys become snake_case, times ISO-8601, what users put in stays
 */
import { expect, test } from 'vitest';
import { flagOf } from '../src/failure.ts';
import { parseDuration, parseInteger } from '../src/input/parse.ts';
import { toJson } from '@agent-orchestrator/runtime/wire-json';
import { printable, shorten, widthOf } from '../src/output/printable.ts';
import { duration, relative } from '../src/output/time.ts';

test.for([
  ['500ms', 500],
  ['30s', 30_000],
  ['2m', 120_000],
  ['8h', 28_800_000],
  ['0s', 0],
] as const)('%s is %i ms', ([text, ms]) => {
  expect(parseDuration(text)).toBe(ms);
});

test.for(['', '5', 's', '1.5s', '-1s', '1 s', '1S', '1h30m', '1e3s', '０s', 'Infinitys', '9007199254740993ms', '1d'])(
  '%j is no duration',
  (text) => {
    expect(() => parseDuration(text)).toThrow('Write a whole number and its unit');
  },
);

test.for(['', '1.0', '-1', '0x10', '1e3', ' 1', '9007199254740993'])('%j is no whole number', (text) => {
  expect(() => parseInteger(text)).toThrow('Write a whole number');
});

test('a printed duration has its two largest units', () => {
  expect([0, 999, 1_000, 61_000, 3_600_000, 90_061_000].map(duration)).toEqual([
    '0ms',
    '999ms',
    '1s',
    '1m 1s',
    '1h',
    '1d 1h',
  ]);
  expect([relative(5_000, 1_000), relative(1_000, 5_000), relative(1_000, 1_200)]).toEqual(['in 4s', '4s ago', 'now']);
});

test('letters of East Asia take two columns', () => {
  expect([widthOf('abc'), widthOf('한글'), widthOf('é'), widthOf('日本')]).toEqual([3, 4, 1, 4]);
  expect(shorten('한글입니다', 5)).toBe('한글…');
  expect(printable('a\tb')).toBe(String.raw`a\tb`);
});

test('JSON: keys become snake_case, times ISO-8601, what users put in stays', () => {
  const record = {
    createdAt: 0,
    startedAt: null,
    ttlMs: 5,
    payload: { runAt: 1, aB: [1] },
    until: 1_000,
    heldBy: [{ leaseExpiresAt: 2 }],
    token: 7,
  };

  expect(toJson(record)).toEqual({
    created_at: '1970-01-01T00:00:00.000Z',
    started_at: null,
    ttl_ms: 5,
    payload: { runAt: 1, aB: [1] },
    until: '1970-01-01T00:00:01.000Z',
    held_by: [{ lease_expires_at: '1970-01-01T00:00:00.002Z' }],
    token: 7,
  });
});

test('an error names the flag that sets the field', () => {
  expect(['ttlMs', 'staleAfterMs', 'sessionId', 'kinds[0]', 'dedupeKey', 'title'].map(flagOf)).toEqual([
    '--ttl',
    '--stale-after',
    '--session',
    '--kind',
    '--dedupe-key',
    'TITLE',
  ]);
});
