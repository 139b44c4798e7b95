/*
 * The pages of this repository, all of them:
 *  - every command that a page names is a script of package.json
 *  - every file and folder that it names is there, and so is every page and heading that it links to
 *  - every page under docs/ is in the index, and every decision in the index of decisions
 *  - a decision fits on one page
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from './support/readme.ts';

const PAGES = globSync(
  ['*.md', 'docs/**/*.md', '{packages,apps,examples}/**/*.md', 'bench/*.md', '.changeset/*.md', '.github/*.md'],
  { cwd: root, exclude: (path) => /node_modules|dist|drizzle|\.tmp-/u.test(path) },
)
  .map((path) => path.replaceAll('\\', '/'))
  .toSorted();
const DECISION_LINES_MAX = 40;

const scripts = new Set(Object.keys(JSON.parse(read('package.json')).scripts));

describe.each(PAGES)('%s', (page) => {
  const text = read(page);

  test('names commands that exist', () => {
    const named = [...text.matchAll(/\bnpm (?:run ([a-z][a-z:-]*)|(test))\b/gu)].map(([, run, test]) => run ?? test);

    expect(named.filter((name) => !scripts.has(name ?? ''))).toEqual([]);
  });

  test('names files that exist', () => {
    expect(missingFilesIn(text)).toEqual([]);
  });

  test('links to pages and headings that exist', () => {
    const links = [...withoutCode(text).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/gu)];
    const broken = links.filter(([, to = '', heading]) => {
      const path = to === '' ? page : join(dirname(page), to);
      if (!existsSync(join(root, path))) return true;
      return heading !== undefined && !headingsOf(path).has(heading);
    });

    expect(broken.map(([link]) => link)).toEqual([]);
  });
});

test('every page under docs/ is in the index', () => {
  const index = read('docs/README.md');
  const names = globSync('*.md', { cwd: join(root, 'docs') }).filter((name) => name !== 'README.md');

  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !index.includes(`](${name})`))).toEqual([]);
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

/** What the page calls a file or a folder of the repository, and is none. */
function missingFilesIn(text: string): string[] {
  const paths = text.matchAll(
    /`((?:packages|apps|docs|lint|scripts|tests|bench|examples|\.github|\.ci)\/[^`\s*<…{]*)`/gu,
  );
  return [...paths].map(([, path = '']) => path).filter((path) => !existsSync(join(root, path)));
}

/** The anchors of a page's headings, as hosts of Markdown make them. */
function headingsOf(path: string): Set<string> {
  const headings = withoutCode(read(path)).matchAll(/^#+ (.*)$/gmu);
  return new Set(
    [...headings].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function withoutCode(text: string): string {
  return text.replaceAll(/^ *```.*?^ *```$/gmsu, '');
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
