/*
 * The program:
 *  - --version takes at most three times as long as `node -e 0`
 *  - a write waits for a locked store, then says so: 75
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { Cli } from './support/cli.ts';

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
