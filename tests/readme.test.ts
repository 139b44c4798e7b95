// What the README tells a newcomer to type:
// - its shell lines work in a row, in an empty HOME
// - its TypeScript runs as it stands, in an empty HOME
// - both READMEs show the same code
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

test('its shell lines work in a row, in an empty HOME', async () => {
  await using home = await emptyHome();
  const lines = (await blocks('README.md', 'sh')).find((block) => block.includes('task create')) ?? '';

  const { stdout } = await run('bash', ['-eu', '-c', lines], { cwd: root, env: home.env });

  expect(stdout).toContain('Write the parser');
  expect(stdout).toContain('✓ succeeded');
});

test('its TypeScript runs as it stands, in an empty HOME', async () => {
  await using home = await emptyHome();
  const [code = ''] = await blocks('README.md', 'ts');
  // In the repository, because there the packages are found by their names.
  const file = join(root, 'tests', `readme-${process.pid}.tmp.mts`);
  await writeFile(file, code);

  try {
    const { stdout } = await run('node', [file], { cwd: root, env: home.env });
    expect(stdout).toContain('Write the parser');
  } finally {
    await rm(file);
  }
});

test('both READMEs show the same code', async () => {
  const [english, korean] = await Promise.all(['README.md', 'README.ko.md'].map(codeOf));

  expect(korean).toEqual(english);
});

async function codeOf(page: string): Promise<string[]> {
  return [...(await blocks(page, 'sh')), ...(await blocks(page, 'ts'))].map(withoutComments);
}

async function blocks(page: string, language: string): Promise<string[]> {
  const text = await readFile(join(root, page), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gmsu'))].map(([, code = '']) => code);
}

function withoutComments(code: string): string {
  return code.replaceAll(/\s*(#|\/\/) .*$/gmu, '');
}

async function emptyHome() {
  const path = await mkdtemp(join(tmpdir(), 'readme-'));
  const kept = Object.entries(process.env).filter(([name]) => !/^(ORCH|OPENCLAW)/u.test(name));
  return {
    env: { ...Object.fromEntries(kept), HOME: path, NO_COLOR: '1' },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}
