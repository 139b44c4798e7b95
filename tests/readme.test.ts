// What the README tells a newcomer to type:
// - its shell lines work in a row, in an empty HOME
// - its TypeScript runs as it stands, in the file and by the line that it names, whatever Node the host has
// - both READMEs show the same code
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
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

// `npx node` asks the registry for a Node where the repository brings none; there the README's other way is tried.
const bringsNode = existsSync(join(root, 'node_modules/.bin/node'));

test.skipIf(!bringsNode && parseInt(process.versions.node, 10) < 24)(
  'its TypeScript runs as it stands, in the file and by the line that it names, whatever Node the host has',
  async () => {
    await using home = await emptyHome();
    const [code = ''] = await blocks('README.md', 'ts');
    const line = (await blocks('README.md', 'sh')).find((block) => block.startsWith('npx node ')) ?? '';
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

test('both READMEs show the same code', async () => {
  const [english, korean] = await Promise.all(['README.md', 'README.ko.md'].map(codeOf));

  expect(korean).toEqual(english);
});

/** Without the folders in front that npm scripts add: a newcomer's shell does not have them. */
function hostPath(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.filter((folder) => !folder.includes('node_modules')).join(delimiter);
}

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
    env: { ...Object.fromEntries(kept), HOME: path, PATH: hostPath(), NO_COLOR: '1' },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}
