/*
 * The report of the mutation tests:
 *  - each survivor that is accepted is still a line of the source, and has its reason
 *  - survivors are read off the report of Stryker with the code that was changed, and the score off their counts
 *  - one that is not explained is called so in the page
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ACCEPTED } from '../scripts/mutation/accepted.ts';
import { countsOf, pageOf, reasonFor, scoreOf, survivorsOf, total } from '../scripts/mutation/report.ts';

test.each(ACCEPTED)('it is still a line of the source: $file $text', ({ file, text, was = '', reason }) => {
  const source = readFileSync(new URL(`../packages/core/src/${file}`, import.meta.url), 'utf8');
  const lines = source.split('\n').filter((line) => line.includes(text));

  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(was);
  expect(reason).toMatch(/^\S.{10,}$/u);
});

test('no two of them are about the same change', () => {
  const about = ACCEPTED.map(({ file, text, was = '' }) => `${file} ${text} ${was}`);

  expect(new Set(about).size).toBe(about.length);
});

const mutant = (status: string, line: number, start: number, end: number, replacement: string) => ({
  mutatorName: 'Some',
  status,
  replacement,
  location: { start: { line, column: start }, end: { line: line + (end < start ? 1 : 0), column: end } },
});

const REPORT = {
  files: {
    'packages/core/src/log/a.ts': {
      source: 'if (a === b)\n  return c(\n    1);\n',
      mutants: [
        mutant('Survived', 1, 5, 12, 'true'),
        mutant('NoCoverage', 2, 10, 7, ''),
        mutant('Killed', 1, 5, 12, 'false'),
        mutant('Timeout', 1, 5, 12, 'a !== b'),
        mutant('RuntimeError', 1, 5, 12, '?'),
      ],
    },
    'packages/core/src/log/types.ts': { source: '', mutants: [] },
  },
};

test('survivors are read off the report with the code that was changed', () => {
  expect(survivorsOf(REPORT)).toEqual([
    { file: 'log/a.ts', line: 1, text: 'if (a === b)', was: 'a === b', became: 'true' },
    { file: 'log/a.ts', line: 2, text: 'return c(', was: 'c( 1)', became: '' },
  ]);
});

test('the score is the share of changes that a test noticed, a loop included', () => {
  const counts = countsOf(REPORT);

  expect([...counts]).toEqual([['log/a.ts', { killed: 1, timedOut: 1, survived: 2 }]]);
  expect(scoreOf(total(counts.values()))).toBe(50);
});

test('a survivor is explained by its line, and by the part of it that is named', () => {
  const [first, second] = survivorsOf(REPORT) as [ReturnType<typeof survivorsOf>[0], ReturnType<typeof survivorsOf>[0]];
  const line = { file: 'log/a.ts', text: 'if (a === b)', reason: 'why' };

  expect(reasonFor(first, [line])).toBe(line);
  expect(reasonFor(first, [{ ...line, was: 'a === b' }])).toBeDefined();
  expect(reasonFor(first, [{ ...line, was: 'b' }])).toBeUndefined();
  expect(reasonFor(second, [line])).toBeUndefined();
});

test('one that is not explained is called so in the page', () => {
  const page = pageOf(REPORT, [{ file: 'log/a.ts', text: 'if (a === b)', reason: 'no test can tell' }]);

  expect(page).toContain('- `log/a.ts`: `a === b` became `true`\n  no test can tell\n');
  expect(page).toContain('- `log/a.ts`: `c( 1)` became nothing\n  **not explained**\n');
  expect(page).toContain('| all | 4 | 1 | 1 | 2 | 50.0 |');
});
