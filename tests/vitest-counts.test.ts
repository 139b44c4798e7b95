/*
 * The end of a test run, also where a library ends the process with 0 as soon as there is nothing left to do:
 *  - a run with a failed test ends with 1, and the last line counts it
 *  - so does a run with a file that could not be loaded
 *  - a run in which all pass ends with 0
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const RUN_MS = 120_000;

test.for([
  ['a failed test', `test('x', () => expect(1).toBe(2));`, 1, '0 passed, 1 failed'],
  ['a file that cannot be loaded', `throw new Error('no');`, 1, '0 passed, 1 failed'],
  ['a test that passes', `test('x', () => expect(1).toBe(1));`, 0, '1 passed, 0 failed'],
] as const)('with %s the run ends as it should', { timeout: RUN_MS }, async ([, body, exit, counted]) => {
  const folder = mkdtempSync(join(tmpdir(), 'vitest-counts-'));
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'one.test.ts'), `import { expect, test } from 'vitest';\n${body}\n`);
    writeFileSync(
      join(folder, 'setup.ts'),
      `export default () => void process.on('beforeExit', () => process.nextTick(process.exit.bind(null, 0)));\n`,
    );
    const config = { test: { globalSetup: ['setup.ts'], reporters: [join(ROOT, 'scripts/vitest-counts.ts')] } };
    writeFileSync(join(folder, 'vitest.config.ts'), `export default ${JSON.stringify(config)};\n`);

    const ran = await runIn(folder);

    expect([ran.exit, ran.stdout.trimEnd().split('\n').at(-1)]).toEqual([exit, counted]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** A run of its own: nothing of this one may reach it. */
async function runIn(folder: string): Promise<{ exit: number | null; stdout: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run'], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const [exit] = (await once(child, 'close')) as [number | null];
  return { exit, stdout };
}
