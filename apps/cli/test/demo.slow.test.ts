/*
 * The demo, as a whole:
 *  - a planted fault makes it exit 1 and say which promises are broken
 *  - interrupted, it ends at once, and its agents with it
 * The command line:
 *  - --version takes at most three times as long as `node -e 0`
 *  - a write waits for a locked store, then says so: 75
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { Cli, finished } from './support/cli.ts';

test('a planted fault makes it exit 1 and say which promises are broken', { timeout: 60_000 }, async () => {
  using cli = new Cli();

  const { exit, stdout } = await cli.run(['demo', '--fault', 'start-over'], { env: { TMPDIR: cli.folder } });

  expect(exit).toBe(1);
  expect(stdout).toMatch(/files done twice: [1-9]\d*\n/);
  expect(stdout).toContain('✗ broken: no file is done twice');
});

test.skipIf(process.platform === 'win32')(
  'interrupted, it ends at once, and its agents with it',
  { timeout: 60_000 },
  async () => {
    using cli = new Cli();
    const demo = cli.start(['demo'], { env: { TMPDIR: cli.folder } });
    const pids: number[] = [];
    demo.stdout.on('data', (text) => {
      for (const [, pid] of String(text).matchAll(/process (\d+)/g)) pids.push(Number(pid));
      if (pids.length === 2) demo.kill('SIGINT');
    });

    const { exit } = await finished(demo);

    expect(exit).toBe(130);
    expect(pids.filter(isAlive)).toEqual([]);
  },
);

test('--version takes at most three times as long as `node -e 0`', { timeout: 60_000, retry: 2 }, () => {
  const program = fileURLToPath(new URL('../bin/orchestrator.js', import.meta.url));
  const times = { bare: [] as number[], version: [] as number[] };

  for (let round = 0; round < 15; round += 1) {
    times.bare.push(timeOf(['-e', '0']));
    times.version.push(timeOf([program, '--version']));
  }

  expect(median(times.version) / median(times.bare)).toBeLessThanOrEqual(3);
});

test('a write waits for a locked store, then says so: 75', { timeout: 90_000 }, async () => {
  using cli = new Cli();
  await cli.run(['store', 'init']);
  const lock = new Database(cli.path);
  lock.exec('BEGIN IMMEDIATE');

  const { exit, error } = await cli.json(['task', 'create', 'x']);

  lock.close();
  expect([exit, error.code, error.retryable]).toEqual([75, 'STORE_BUSY', true]);
});

function timeOf(words: readonly string[]): number {
  const start = performance.now();
  spawnSync(process.execPath, words);
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
