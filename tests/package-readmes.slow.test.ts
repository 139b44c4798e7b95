/*
 * The README of every package that is published, as npm shows it to a stranger:
 *  - it begins with the package's name and one sentence, and shows how to install it
 *  - it links to pages of the documentation
 *  - its first program runs as it stands on the built packages, and prints what the README shows
 *  - all first programs, and those of the other pages, pass TypeScript's strict checks
 */
import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { blocks, missingLines, root, runsTypeScript, shownLines } from './support/readme.ts';
import { Shell } from './support/shell.ts';
import { newPlace } from './support/stores.ts';

const PACKAGES = globSync('{packages,apps}/*/package.json', { cwd: root })
  .toSorted()
  .flatMap((path) => {
    const folder = path.replace(/[/\\]package\.json$/u, '').replaceAll('\\', '/');
    const manifest = JSON.parse(readFileSync(join(root, path), 'utf8')) as { name: string; private?: boolean };
    // What is private is installed with another package.
    if (manifest.private === true) return [];
    const file = join(root, folder, 'README.md');
    return [{ name: manifest.name, text: existsSync(file) ? readFileSync(file, 'utf8') : '' }];
  });

describe.each(PACKAGES)('$name', ({ name, text }) => {
  test('begins with its name and one sentence, and shows how to install it', () => {
    const [title, sentence = '', install = ''] = text.split(/\n{2,}/u);

    expect(title).toBe(`# ${name}`);
    expect(sentence.replaceAll('\n', ' ')).toMatch(/^[^.!?]+\.$/u);
    expect(install).toMatch(new RegExp(`^\`\`\`sh\nnpm install (?:--[a-z-]+ )?(?:\\S+ )*${name}(?: |\n)`, 'u'));
  });

  test('links to pages of the documentation', () => {
    expect(text).toMatch(/\]\((?:\.\.\/)+docs\/[a-z-]+\.md[#)]/u);
  });

  test.skipIf(!runsTypeScript)('its first program runs as it stands, and prints what the README shows', async () => {
    await using shell = await Shell.withHome();
    const stdout = await outputOf(text, shell);

    const beginning = text.slice(0, text.indexOf('\n## '));
    expect({ missing: missingLines(beginning, stdout), stdout }).toEqual({ missing: [], stdout });
    expect(shownLines(beginning)).not.toEqual([]);
  });
});

test('all first programs, and those of the other pages, pass the strict checks of TypeScript', async () => {
  const pages = ['README.md', 'docs/tutorial.md', 'docs/fail-over.md'].map((name) =>
    readFileSync(join(root, name), 'utf8'),
  );
  const programs = [...PACKAGES.map(({ text }) => text), ...pages].flatMap((text) => blocks(text, 'ts').slice(0, 1));
  const folder = await mkdtemp(join(root, 'tests', 'readme.tmp-'));
  const files = programs.map((_, at) => join(folder, `program-${at}.mts`));
  await Promise.all(programs.map((code, at) => writeFile(files[at] ?? '', code)));

  const flags = '--ignoreConfig --noEmit --strict --skipLibCheck --module nodenext --target esnext --types node';
  const words = [join(root, 'node_modules/typescript/bin/tsc'), ...flags.split(' '), ...files];
  const problems = await promisify(execFile)(process.execPath, words, { cwd: root }).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );
  await rm(folder, { recursive: true });

  expect(programs.length).toBeGreaterThanOrEqual(9);
  expect(problems).toBe('');
});

/** A suite is no program, but a file of tests. */
function isSuite(text: string): boolean {
  return blocks(text, 'ts')[0]?.includes('conformance({') ?? false;
}

/** All that the first program prints: TypeScript, or without any what is typed after it is installed. */
async function outputOf(text: string, shell: Shell): Promise<string> {
  const [code] = blocks(text.slice(0, text.indexOf('\n## ')), 'ts');
  if (code === undefined) return shell.typeAll(blocks(text, 'sh').slice(1).join('\n'));

  // In the repository, because there the packages are found by their names.
  const folder = await mkdtemp(join(root, 'tests', 'readme.tmp-'));
  const [, file = ''] = /as\s+`(\S+)`/u.exec(text) ?? [];
  await writeFile(join(folder, file), code);
  // Some of it, because all of it takes longer than all other tests here.
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--root', folder, '-t', '^my storage.*claim and release'];
  const words = isSuite(text) ? vitest : ['first.mts'];
  const env = { ...shell.env, ...(code.includes('DATABASE_URL') && { DATABASE_URL: await newPlace('postgres') }) };
  try {
    return (await promisify(execFile)(process.execPath, words, { cwd: isSuite(text) ? root : folder, env })).stdout;
  } finally {
    await rm(folder, { recursive: true });
  }
}
