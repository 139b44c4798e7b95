// What the README tells a newcomer to type, and how long it is:
// - its shell lines work in a row, in an empty HOME
// - its TypeScript runs as it stands, in the file and by the line that it names, whatever Node the host has
// - its first two commands are scripts of the repository
// - both READMEs show the same code, and the same output
// - both have at most 150 lines, and the same sections and tables
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { blocks, bringsNode, emptyHome, page, root, runsTypeScript, section } from './support/readme.ts';

const run = promisify(execFile);
const LINES_MAX = 150;

test('its shell lines work in a row, in an empty HOME', async () => {
  await using home = await emptyHome();
  const [lines = ''] = blocks(await section('Five lines of shell'), 'sh');

  const { stdout } = await run('bash', ['-eu', '-c', lines], { cwd: root, env: home.env });

  expect(stdout).toContain('Write the parser');
  expect(stdout).toContain('✓ succeeded');
});

test.skipIf(!runsTypeScript)(
  'its TypeScript runs as it stands, in the file and by the line that it names, whatever Node the host has',
  async () => {
    await using home = await emptyHome();
    const text = await section('Five lines of TypeScript');
    const [[code = ''], [line = '']] = [blocks(text, 'ts'), blocks(text, 'sh')];
    const [, file = ''] = /^npx node (\S+)/u.exec(line) ?? [];
    // In the repository, because there the packages are found by their names.
    const folder = await mkdtemp(join(root, 'tests', 'readme.tmp-'));
    await writeFile(join(folder, file), code);

    try {
      const { stdout } = await run('bash', ['-eu', '-c', bringsNode ? line : line.replace('npx ', '')], {
        cwd: folder,
        env: home.env,
      });
      expect(stdout).toBe('Write the parser\n');
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

test('both READMEs show the same code, and the same output', async () => {
  const [english, korean] = await Promise.all(['README.md', 'README.ko.md'].map(codeOf));

  expect(korean).toEqual(english);
});

test('its first two commands are scripts of the repository', async () => {
  const { scripts } = JSON.parse(await page('package.json')) as { scripts: Record<string, string> };
  const [first = ''] = blocks(await page('README.md'), 'sh');

  const names = [...first.matchAll(/npm ci && npm (?:run )?(\S+)/gu)].map(([, name = '']) => name);
  expect(names).toEqual(['demo', 'test']);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(names));
});

test('both have at most 150 lines, and the same sections and tables', async () => {
  const shapes = await Promise.all(
    ['README.md', 'README.ko.md'].map(async (name) => {
      const text = await page(name);
      expect([name, Math.max(text.split('\n').length - 1, LINES_MAX)]).toEqual([name, LINES_MAX]);
      const marks = text.split('\n').flatMap((line) => /^(?:#+ |\|.*\|$)/u.exec(line)?.[0] ?? []);
      return marks.map((mark) => mark.replaceAll(/[^#|]/gu, ''));
    }),
  );

  expect(shapes[0]?.length).toBeGreaterThan(20);
  expect(shapes[1]).toEqual(shapes[0]);
});

async function codeOf(name: string): Promise<string[]> {
  const text = await page(name);
  const code = ['sh', 'ts', 'json'].flatMap((language) => blocks(text, language)).map(withoutComments);
  return [...code, ...blocks(text, '')];
}

function withoutComments(code: string): string {
  return code.replaceAll(/\s*(#|\/\/) .*$/gmu, '');
}
