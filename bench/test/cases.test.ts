/*
 * What the list of cases promises:
 * - names of cases, and of lines within a case, are unique
 * - the README says what each case compares
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CASES } from '../src/cases/index.ts';
import { keyOf } from '../src/line.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('no two cases have the same name, and no two lines the same key', () => {
  const names = CASES.map(({ name }) => name);
  const keys = CASES.flatMap(({ name, lines }) => lines.map((line) => keyOf(name, line)));

  expect(names).toEqual([...new Set(names)]);
  expect(keys).toEqual([...new Set(keys)]);
});

test.each(CASES.map(({ name }) => name))('the README says what `%s` compares', (name) => {
  const [store, shape] = name.split('-backlog-');

  expect(README).toContain(shape === undefined ? `\`${name}\`` : `\`${store}-backlog-…\``);
});
