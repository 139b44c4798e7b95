/*
 * What the list of cases promises:
 * - names of cases, and of lines within a case, are unique
 * - every line that `--check` compares has a recorded ratio, but for those of large cases, and no other line has one
 * - the README says what each case compares
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { BenchCase } from '../src/bench-case.ts';
import { CASES } from '../src/cases/index.ts';
import { keyOf } from '../src/line.ts';
import { readRecorded } from '../src/recorded.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

function checkedKeys(cases: readonly BenchCase[]): string[] {
  return cases.flatMap(({ name, lines }) =>
    lines.filter(({ isChecked }) => isChecked).map((line) => keyOf(name, line)),
  );
}

test('no two cases have the same name, and no two lines the same key', () => {
  const names = CASES.map(({ name }) => name);
  const keys = CASES.flatMap(({ name, lines }) => lines.map((line) => keyOf(name, line)));

  expect(names).toEqual([...new Set(names)]);
  expect(keys).toEqual([...new Set(keys)]);
});

test('every line that is compared has a recorded ratio, and no other line has one', () => {
  const recorded = Object.keys(readRecorded());

  expect(recorded).toEqual(expect.arrayContaining(checkedKeys(CASES.filter(({ large }) => large !== true))));
  expect(checkedKeys(CASES)).toEqual(expect.arrayContaining(recorded));
});

test.each(CASES.map(({ name }) => name))('the README says what `%s` compares', (name) => {
  const [store, shape] = name.split('-backlog-');

  expect(README).toContain(shape === undefined ? `\`${name}\`` : `\`${store}-backlog-…\``);
});
