/*
 * The phrases of lint/retired-words.mjs are not used any more, wherever people read:
 *  - in the help of any command, an error of the catalogue, the docs of an event
 *  - in a page, a migration, and the comments and texts of any source, over the end of a line too
 *  - a phrase that is planted is found, on its line, with the word to use; words that only look like it are not
 * That no identifier is a retired one is a lint rule, tried in lint-rules.test.ts.
 */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ERRORS, EVENT_DOCS } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { createProgram } from '../apps/cli/src/program.ts';
import { EXEMPT, retiredPhrases } from '../lint/retired-words.mjs';
import { root } from './support/readme.ts';

/** Installed, built, or written by a tool. */
const SKIPPED = new Set(['node_modules', 'dist', 'coverage', '.git', '.turbo']);
const TEXTS = '*.{ts,mts,js,mjs,cjs,md,sql,sh,yml,yaml,jsonc}';

const files = globSync([`**/${TEXTS}`, `{.github,.changeset}/**/${TEXTS}`, '.ci/*'], {
  cwd: root,
  // A folder with `.tmp-` in its name is another test's, and can be gone at any moment.
  exclude: (path) =>
    SKIPPED.has(basename(path)) || basename(path).includes('.tmp-') || path.startsWith('apps/cli/drizzle'),
})
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => !EXEMPT.includes(name))
  .toSorted();

/** What is to be said instead, as a list that a failed test shows. */
const foundIn = (text: string): string[] =>
  retiredPhrases(text).map(({ line, phrase, now }) => `line ${line}: ${phrase} → ${now}`);

interface Command {
  readonly commands: readonly Command[];
  helpInformation(): string;
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

test('no help uses one', async () => {
  const program = await createProgram(['help'], { exit() {}, say() {}, complain() {} });
  const help = everyCommand(program).map((command) => command.helpInformation());

  expect(help.length).toBeGreaterThan(30);
  expect(help.flatMap(foundIn)).toEqual([]);
});

test('no error of the catalogue uses one', () => {
  expect(foundIn(JSON.stringify(ERRORS, null, 1))).toEqual([]);
});

test('no docs of an event use one', () => {
  expect(foundIn(JSON.stringify(EVENT_DOCS, null, 1))).toEqual([]);
});

test('there are pages, migrations and sources to read', () => {
  for (const one of ['README.md', 'docs/security.md', 'packages/core/src/index.ts', '.ci/run', 'lint/import-table.mjs'])
    expect(files).toContain(one);
  expect(files.filter((name) => name.endsWith('.sql')).length).toBeGreaterThan(3);
});

test.each(files)('%s uses none', (name) => {
  expect(foundIn(readFileSync(join(root, name), 'utf8'))).toEqual([]);
});

test('a phrase that is planted is found, on its line, with the word to use', () => {
  const text = ['// The first line.', '/*', ' * It has the way', ' * on in it.', ' */', "say('Whoever reads')"].join(
    '\n',
  );

  expect(retiredPhrases(text)).toEqual([
    { phrase: 'the way on', line: 3, now: 'the next step' },
    { phrase: 'Whoever', line: 6, now: 'name the actor: the holder, the operator, an agent' },
  ]);
});

test.each(['1 times', 'It goes on', 'nobody’s', "somebody's", 'mended', 'stands on the door', 'lease_mark'])(
  'found: %s',
  (phrase) => {
    expect(retiredPhrases(`A text with ${phrase}.`)).toHaveLength(1);
  },
);

test.each(['11 times', 'amend, recommend', 'going once', 'a busybody', 'lease markers', 'plain'])(
  'not found: %s',
  (phrase) => {
    expect(retiredPhrases(`A text with ${phrase}.`)).toEqual([]);
  },
);
