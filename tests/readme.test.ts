// What the README tells a newcomer to type:
// - its shell lines work in a row, in an empty HOME
// - its TypeScript runs as it stands, in the file and by the line that it names, whatever Node the host has
// - both READMEs show the same code, and the same output
// - what both link to is there
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { blocks, bringsNode, emptyHome, page, root, runsTypeScript, section } from './support/readme.ts';

const run = promisify(execFile);

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

test.for(['README.md', 'README.ko.md'])('what %s links to is there', async (name) => {
  const links = [...(await page(name)).matchAll(/\]\((?!https?:)([^)#]+)/gu)].map(([, path = '']) => path);

  expect(links.length).toBeGreaterThan(10);
  expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

async function codeOf(name: string): Promise<string[]> {
  const text = await page(name);
  const code = ['sh', 'ts', 'json'].flatMap((language) => blocks(text, language)).map(withoutComments);
  return [...code, ...blocks(text, '')];
}

function withoutComments(code: string): string {
  return code.replaceAll(/\s*(#|\/\/) .*$/gmu, '');
}
