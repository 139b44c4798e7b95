// The parts of the README that take as long as a person does:
// - the five minutes by hand work when they are pasted, and show what the README shows
// - its worker goes on after a kill -9, and stops when it is asked to
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { blocks, emptyHome, root, runsTypeScript, section } from './support/readme.ts';

const run = promisify(execFile);
const PROGRAM = join(root, 'apps/cli/bin/orchestrator.js');

// Elsewhere nobody can see the processes that `why` names, nor know at once that a holder is dead.
const isLinux = process.platform === 'linux';

test.runIf(isLinux)(
  'the five minutes by hand work when they are pasted, and show what the README shows',
  async () => {
    await using home = await emptyHome();
    const text = await section('Five minutes by hand');
    const lines = ['exec 2>&1', ...blocks(text, 'sh')].join('\n');

    const { stdout } = await run('bash', ['-eu', '-c', lines], { cwd: root, env: home.env, timeout: 150_000 });

    const left = stdout.split('\n');
    const missing = shownLines(text).filter((shown) => {
      const at = left.findIndex((line) => shown.test(line));
      left.splice(0, at + 1);
      return at === -1;
    });
    expect({ missing, stdout }).toEqual({ missing: [], stdout });
    const saved = [...stdout.matchAll(/session\.checkpointed .* next_action=translate page (\d+)/gu)].map(([, n]) => n);
    expect(saved).toEqual(['2', '3', '4', '5', '6', '7']);
  },
  160_000,
);

test.runIf(isLinux && runsTypeScript)(
  'its worker goes on after a kill -9, and stops when it is asked to',
  async () => {
    await using home = await emptyHome();
    const code = blocks(await section('Five lines of TypeScript'), 'ts')[1] ?? '';
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

/** What a terminal showed, line by line: ids and numbers differ each time, `…` stands for whatever is left out. */
function shownLines(text: string): RegExp[] {
  const patterns = blocks(text, '')
    .flatMap((block) => block.trimEnd().split('\n'))
    .filter((line) => !['', '…'].includes(line.trim()))
    .map((line) =>
      line
        .replaceAll(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`)
        .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/gu, (found) =>
          found.length === 36 ? '[0-9a-f-]{36}' : String.raw`\d+`,
        )
        .replaceAll('…', '.*'),
    );
  // How far the translation has come after so many seconds depends on the machine.
  return patterns
    .filter((pattern, at) => pattern !== patterns[at - 1])
    .map((pattern) => new RegExp(`^${pattern}$`, 'u'));
}

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
