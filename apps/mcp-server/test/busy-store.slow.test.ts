/*
 * A store that another process keeps locked:
 *  - each tool says so in one line, as an error, and never that there is no work
 *  - what is held stays held, and the same call works when the store is free again
 *  - a release that could not be stored is repeated without a second effect
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, expect, test } from 'vitest';
import { StoreAccess } from '@agent-orchestrator/runtime';
import { Workplace } from './support/workplace.ts';

const folder = mkdtempSync(join(tmpdir(), 'mcp-busy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BUSY =
  /^The store did not answer \[STORE_BUSY\] .*it says nothing about open work\. Next: make the same call again/u;

test('each tool says so in one line, and works again afterwards', { timeout: 120_000 }, async () => {
  const path = join(folder, 'store.db');
  await using work = new Workplace({ store: new StoreAccess(`sqlite:${path}`, 'default') });
  await work.call('enqueue_task', { title: 'a' });
  await work.call('enqueue_task', { title: 'b' });
  await work.call('claim_task');
  const other = new Database(path);
  other.exec('BEGIN IMMEDIATE');

  const said = await Promise.all([
    work.call('claim_task'),
    work.call('checkpoint', { next_action: 'x' }),
    work.call('enqueue_task', { title: 'c', dedupe_key: 'c' }),
    work.call('release_task', { outcome: 'succeeded' }),
  ]);
  other.exec('ROLLBACK');
  other.close();

  for (const { isError, lines } of said) expect([isError, lines]).toEqual([true, [expect.stringMatching(BUSY)]]);
  expect(work.held.names).toEqual(['t1']);
  expect((await work.call('checkpoint', { next_action: 'x' })).text).toMatch(/^Saved as checkpoint 1 of t1/u);
  expect((await work.call('enqueue_task', { title: 'c', dedupe_key: 'c' })).text).toMatch(/^Added t/u);
  expect((await work.call('release_task', { outcome: 'succeeded' })).text).toMatch(/^t1 was released as succeeded/u);
  expect((await work.call('claim_task')).text).toMatch(/^You hold t2 /u);
});
