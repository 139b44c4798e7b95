// What the tutorial tells a newcomer to type, in an empty HOME:
// - the five minutes by hand work when they are pasted, and show what the page shows
// - any command runs under a lease, and shows what the page shows
// - the worker continues after a kill -9, and stops when it is asked to
// - the tests type every block of the page
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { blocks, emptyHome, missingLines, page, root, runsTypeScript, section } from './support/readme.ts';
import { Shell } from './support/shell.ts';

const run = promisify(execFile);
const PROGRAM = join(root, 'apps/cli/bin/orchestrator.js');
const PAGE = 'docs/tutorial.md';
const SECTIONS = {
  byHand: 'Five minutes by hand',
  run: 'Any command under a lease',
  worker: 'A worker in TypeScript',
} as const;

// Elsewhere no process can see those that `why` names, nor know at once that a holder is dead.
const isLinux = process.platform === 'linux';

test.runIf(isLinux)(
  'the five minutes by hand work when they are pasted, and show what the page shows',
  async () => {
    await using home = await emptyHome();
    const text = await section(SECTIONS.byHand, PAGE);
    const lines = ['exec 2>&1', ...blocks(text, 'sh')].join('\n');

    const { stdout } = await run('bash', ['-eu', '-c', lines], { cwd: root, env: home.env, timeout: 150_000 });

    expect({ missing: missingLines(text, stdout), stdout }).toEqual({ missing: [], stdout });
    const saved = [...stdout.matchAll(/session\.checkpointed .* next_action=translate page (\d+)/gu)].map(([, n]) => n);
    expect(saved).toEqual(['2', '3', '4', '5', '6', '7']);
  },
  160_000,
);

test.skipIf(process.platform === 'win32')(
  'any command runs under a lease, and shows what the page shows',
  async () => {
    await using shell = await Shell.withHome();
    shell.env['ORCHESTRATOR_AGENT'] = 'company-agent';
    const text = await section(SECTIONS.run, PAGE);

    const stdout = await shell.typeAll(blocks(text, 'sh').join('\n'));

    expect({ missing: missingLines(text, stdout), stdout }).toEqual({ missing: [], stdout });
  },
  60_000,
);

test.runIf(isLinux && runsTypeScript)(
  'the worker continues after a kill -9, and stops when it is asked to',
  async () => {
    await using home = await emptyHome();
    const [code = ''] = blocks(await section(SECTIONS.worker, PAGE), 'ts');
    const folder = await mkdtemp(join(root, 'tests', 'readme.tmp-'));
    const file = join(folder, 'worker.mts');
    await writeFile(file, code);
    const orchestrator = (...words: string[]) => run(process.execPath, [PROGRAM, ...words], { env: home.env });
    const work = () => spawn(process.execPath, [file], { env: home.env, stdio: ['ignore', 'pipe', 'inherit'] });

    try {
      await orchestrator('task', 'create', 'Translate the handbook');
      const killed = work();
      const first = await linesUntil(killed, 'page 2');
      killed.kill('SIGKILL');
      const restarted = work();
      const second = await linesUntil(restarted, 'page 5');
      restarted.kill('SIGTERM');
      const [exit] = await once(restarted, 'exit');

      const pages = [...first, ...second];
      expect([exit, new Set(pages).size]).toEqual([0, pages.length]);
      expect((await orchestrator('task', 'list')).stdout).toMatch(/✓ succeeded .* 1\/4 /u);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  100_000,
);

test('the tests type every block of the page', async () => {
  const text = await page(PAGE);
  const typed = (await Promise.all(Object.values(SECTIONS).map((heading) => section(heading, PAGE)))).join('');

  for (const language of ['sh', 'ts', '']) expect(blocks(typed, language)).toEqual(blocks(text, language));
  expect(blocks(text, 'ts')).toHaveLength(1);
});

/** The lines that it prints, up to and with this one. */
async function linesUntil(child: ReturnType<typeof spawn>, last: string): Promise<string[]> {
  const lines: string[] = [];
  if (child.stdout === null) throw new Error('the worker has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line === last) return lines;
  }
  throw new Error(`the worker ended after: ${lines.join(', ')}`);
}
