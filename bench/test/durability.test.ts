/*
 * What `FULL` and `NORMAL` promise on SQLite: ours and the floor write with the mode that the line names, and move
 * their log into the file after equally many pages. SQLite is asked, in the very connection that writes.
 */
import Database from 'better-sqlite3';
import { afterEach, expect, test, vi } from 'vitest';
import { CONTESTANTS } from '../src/contestants/catalogue.ts';
import { sqlite } from '../src/places/sqlite.ts';
import { newFolder } from './harness.ts';

/** As SQLite numbers them. */
const MODES = { NORMAL: 1, FULL: 2 } as const;
const PAGES = { NORMAL: 8_000, FULL: 1_000 } as const;
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

    const contestant = await CONTESTANTS[name]({ url: store.url, synchronous, callers: 1, isFirst: true });
    try {
      await contestant.enqueue([0, 1, 2]);
      const writers = [...new Set(pragma.mock.contexts as unknown as readonly Database.Database[])].filter(
        (db) => db.open && !db.readonly,
      );
      const asked = writers.map((db) => ({
        mode: db.pragma('synchronous', { simple: true }),
        pages: db.pragma('wal_autocheckpoint', { simple: true }),
      }));

      expect(asked.length).toBeGreaterThan(0);
      for (const one of asked) expect(one).toEqual({ mode: MODES[synchronous], pages: PAGES[synchronous] });
    } finally {
      await contestant.close();
    }
  },
);
