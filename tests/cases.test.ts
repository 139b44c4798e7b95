/*
 * The cases of `npm run cases`:
 *  - each names tests that are there, under a name of its own
 *  - a case passes if each of its tests has passed; it is left out if a test needs what is missing, and says what
 *  - a test that failed, is missing, or was left out without a reason fails the case
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Case } from './cases/case.ts';
import { CASES } from './cases/cases.ts';
import { outcomeOf, patternOf } from './cases/outcomes.ts';
import { root } from './support/readme.ts';

/** The cases that every storage has are written in the suite. */
const SUITE = 'packages/storage-conformance/src/cases/names.ts';

test.for(CASES.flatMap(({ name, tests }) => tests.map(([file, title]) => [name, file, title] as const)))(
  '%s: %s has the test %s',
  ([, file, title]) => {
    const source = readFileSync(join(root, file.endsWith('/conformance.test.ts') ? SUITE : file), 'utf8');

    expect(readFileSync(join(root, file), 'utf8').length).toBeGreaterThan(0);
    expect(source.replaceAll(/\s+/gu, ' ')).toContain(title);
  },
);

test('each case has a name of its own', () => {
  expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
});

test('a name with placeholders is that of each test that it became', () => {
  const pattern = patternOf('%s is refused (with %j)');

  expect(['a file is refused (with {"x":1})', 'a is refused (with 1)'].every((title) => pattern.test(title))).toBe(
    true,
  );
  expect(pattern.test('a file is refused with 1')).toBe(false);
});

const ONE: Case = { name: 'x', tests: [['a.test.ts', '%s works']] };
const ran = (...statuses: string[]) =>
  statuses.map((status, at) => ({ file: 'a.test.ts', title: `${at} works`, status }));

test.for([
  [ONE, ran('passed', 'passed'), 'PASS', '2 tests'],
  [ONE, ran('passed', 'skipped'), 'PASS', '1 test'],
  [ONE, ran('passed', 'failed'), 'FAIL', 'a.test.ts: 1 works'],
  [ONE, [], 'FAIL', 'no such test ran: a.test.ts: %s works'],
  [ONE, ran('skipped'), 'FAIL', 'its tests were left out, and the case does not say what they need'],
  [{ ...ONE, needs: 'root' }, ran('skipped'), 'SKIP', 'needs root'],
  [{ ...ONE, needs: 'root' }, ran('failed'), 'FAIL', 'a.test.ts: 0 works'],
] as const)('case %#', ([one, tests, is, reason]) => {
  expect(outcomeOf(one, tests)).toEqual({ is, reason });
});
