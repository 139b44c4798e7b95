/*
 * Opening:
 *  - a SQLite store is made by the first who opens it, and found by the next
 *  - without a URL, the environment names the store
 *  - reading from a store that is not there creates nothing, not even its folder
 *  - nor does opening one that has to exist
 *  - a memory store is new each time
 *  - command ids are UUIDv7 and grow
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { newCommandId, openOrchestrator } from '../src/index.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runtime-'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test('a SQLite store is made by the first who opens it, and found by the next', async () => {
  const url = `sqlite:${join(folder, 'new', 'store.db')}`;
  {
    await using first = await openOrchestrator(url);
    await first.enqueueTask({ title: 'Count', dedupeKey: 'count' });
  }

  await using next = await openOrchestrator(url, { mode: 'read-only' });

  const { items } = await next.listTasks();
  expect(items.map(({ title }) => title)).toEqual(['Count']);
});

test('without a URL, the environment names the store', async () => {
  vi.stubEnv('ORCHESTRATOR_STORE', `sqlite:${join(folder, 'named.db')}`);

  await using _ = await openOrchestrator();

  expect(existsSync(join(folder, 'named.db'))).toBe(true);
});

test.for(['read-only', 'existing'] as const)(
  'opening a store that is not there as %s creates nothing',
  async (mode) => {
    const url = `sqlite:${join(folder, 'absent', 'store.db')}`;

    await expect(openOrchestrator(url, { mode })).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });

    expect(existsSync(join(folder, 'absent'))).toBe(false);
  },
);

test('a memory store is new each time', async () => {
  await using first = await openOrchestrator('memory:');
  await first.enqueueTask({ title: 'Count' });
  await using second = await openOrchestrator('memory:');

  expect((await first.listTasks()).items).toHaveLength(1);
  expect((await second.listTasks()).items).toHaveLength(0);
});

test('command ids are UUIDv7 and grow', () => {
  const ids = Array.from({ length: 100 }, newCommandId);

  expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(
    true,
  );
  expect(ids).toEqual(ids.toSorted());
});
