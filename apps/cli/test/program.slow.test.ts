/*
 * The program: a write waits for a locked store, then says so: 75.
 */
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { Cli } from './support/cli.ts';

test('a write waits for a locked store, then says so: 75', { timeout: 90_000 }, async () => {
  using cli = new Cli();
  await cli.run(['store', 'init']);
  const lock = new Database(cli.path);
  lock.exec('BEGIN IMMEDIATE');

  const { exit, error } = await cli.json(['task', 'create', 'x']);

  lock.close();
  expect([exit, error.code, error.retryable]).toEqual([75, 'STORE_BUSY', true]);
});
