/*
 * What `FULL` and `NORMAL` promise on SQLite: ours and the floor write with the mode that the line names, and move
 * their log into the file after equally many pages. SQLite is asked for the mode, in the very connection that writes;
 * how long the log grows is seen.
 */
import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, expect, test, vi } from 'vitest';
import { CONTESTANTS } from '../src/contestants/catalogue.ts';
import { sqlite } from '../src/places/sqlite.ts';
import { newFolder } from './harness.ts';

/** As SQLite numbers them. */
const MODES = { NORMAL: 1, FULL: 2 } as const;
const PAGES = { NORMAL: 8_000, FULL: 1_000 } as const;
/** A page of 4 KiB and its head. */
const FRAME_BYTES = 4_096 + 24;
const TASKS = Array.from({ length: 100 }, (_, index) => index);
const NAMES = ['ours', 'ours, claim next', 'ours, batches', 'raw SQLite'] as const;

afterEach(() => {
  vi.restoreAllMocks();
});

test.each(NAMES.flatMap((name) => (['FULL', 'NORMAL'] as const).map((mode) => [name, mode] as const)))(
  '`%s` writes with synchronous = %s',
  async (name, synchronous) => {
    using folder = newFolder();
    await using store = await sqlite(folder.path).fresh();
    const pragma = vi.spyOn(Database.prototype, 'pragma');

    const contestant = await CONTESTANTS[name]({
      url: store.url,
      synchronous,
      callers: 1,
      processes: 1,
      isFirst: true,
    });
    try {
      await contestant.enqueue([0, 1, 2]);
      const writers = [...new Set(pragma.mock.contexts as unknown as readonly Database.Database[])].filter(
        (db) => db.open && !db.readonly,
      );
      const modes = writers.map((db) => db.pragma('synchronous', { simple: true }));

      expect(modes.length).toBeGreaterThan(0);
      for (const mode of modes) expect(mode).toBe(MODES[synchronous]);
    } finally {
      await contestant.close();
    }
  },
);

test.each(
  (['ours', 'raw SQLite'] as const).flatMap((name) =>
    (['FULL', 'NORMAL'] as const).map((mode) => [name, mode] as const),
  ),
)('`%s` with %s moves its log into the file when it has so many pages', async (name, synchronous) => {
  using folder = newFolder();
  await using store = await sqlite(folder.path).fresh();
  const contestant = await CONTESTANTS[name]({ url: store.url, synchronous, callers: 1, processes: 1, isFirst: true });
  try {
    const pages = () => statSync(`${store.url.slice('sqlite:'.length)}-wal`).size / FRAME_BYTES;
    // A log that is in the file is written over from its beginning, so its file grows no more.
    for (let unchanged = 0, seen = 0; unchanged < 8 && seen < 2 * PAGES[synchronous];) {
      await contestant.enqueue(TASKS);
      unchanged = pages() > seen ? 0 : unchanged + 1;
      seen = pages();
    }

    expect(pages()).toBeGreaterThan(PAGES[synchronous]);
    expect(pages()).toBeLessThan(1.5 * PAGES[synchronous]);
  } finally {
    await contestant.close();
  }
});
