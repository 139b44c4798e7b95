/*
 * The pages for those who work on this repository:
 *  - every command that they name is a script of package.json
 *  - every file and folder that they name is there, and so is every page that they link to
 *  - every decision is in the index, and fits on one page
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './support/readme.ts';

const PAGES = [
  'AGENTS.md',
  'CONTRIBUTING.md',
  '.changeset/README.md',
  '.github/PULL_REQUEST_TEMPLATE.md',
  ...globSync(['docs/decisions/*.md', 'examples/**/README.md'], {
    cwd: root,
    exclude: (path) => path.includes('node_modules'),
  }).toSorted(),
];
const DECISION_LINES_MAX = 40;

const scripts = new Set(Object.keys(JSON.parse(read('package.json')).scripts));

test.each(PAGES)('%s names commands that exist', (page) => {
  const named = [...read(page).matchAll(/\bnpm (?:run ([a-z][a-z:-]*)|(test))\b/gu)].map(
    ([, run, test]) => run ?? test,
  );

  expect(named.filter((name) => !scripts.has(name ?? ''))).toEqual([]);
});

test.each(PAGES)('%s names files that exist', (page) => {
  const text = read(page);
  const paths = [
    ...text.matchAll(/`((?:packages|apps|docs|lint|scripts|tests|bench|examples|\.github|\.ci)\/[^`\s*<…]*)`/gu),
  ];
  const links = [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/gu)];

  expect(paths.map(([, path = '']) => path).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  expect(links.map(([, to = '']) => to).filter((to) => !existsSync(join(root, dirname(page), to)))).toEqual([]);
});

test('every decision is in the index, and fits on one page', () => {
  const names = globSync('*.md', { cwd: join(root, 'docs/decisions') }).filter((name) => name !== 'README.md');
  const index = read('docs/decisions/README.md');

  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !index.includes(`](${name})`))).toEqual([]);
  for (const name of names) {
    const lines = read(`docs/decisions/${name}`).trimEnd().split('\n').length;
    expect([name, Math.max(lines, DECISION_LINES_MAX)]).toEqual([name, DECISION_LINES_MAX]);
  }
});

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
