/**
 * Promises about reading the old file:
 * - reading changes nothing, neither the file nor what is beside it
 * - what an old process wrote last is read, though the process crashed
 * - the rows are those of one moment; a write afterwards is noticed
 * - progress is told while rows are read
 * - what is no old database is refused, and left as it was
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { crashAfter, fingerprint, look } from '../../storage-sqlite/test/files.ts';
import { aStore } from '../../storage-sqlite/test/factories.ts';
import { newPath } from '../../storage-sqlite/test/temporary-store.ts';
import { isLegacyDatabase, openLegacyDatabase } from '../src/index.ts';
import { contentsOf, imported, plan } from './imported.ts';
import { ago, COMMON, event, NOW, OBSERVED, oldFile, session, task } from './old-files.ts';

const ANOTHER_TASK = `INSERT INTO task_queue (task_id, session_id, task_type, created_at)
  VALUES ('last', 'free', 'x', '${ago(1)}')`;

describe('reading', () => {
  test('changes nothing', async () => {
    const path = oldFile([4], { ...COMMON, ...OBSERVED });
    const before = fingerprint(path);

    await plan(path);
    expect(isLegacyDatabase(path)).toBe(true);

    expect(fingerprint(path)).toEqual(before);
  });

  test('changes nothing beside a process that has the file open', async () => {
    const path = oldFile([4], COMMON);
    const other = new Database(path);
    other.exec(ANOTHER_TASK);
    const before = fingerprint(path);

    await plan(path);

    expect(fingerprint(path)).toEqual(before);
    other.close();
  });

  test('finds what an old process wrote last, though it crashed', async () => {
    const path = newPath('orchestrator.db');
    copyFileSync(oldFile([4], COMMON), path);
    crashAfter(path, ANOTHER_TASK);
    const before = fingerprint(path);

    const store = await imported(path);

    expect((await contentsOf(store)).tasks.map(({ id }) => id)).toContain('last');
    expect(fingerprint(path)).toEqual(before);
  });

  test('tells how far it has come', async () => {
    const events = Array.from({ length: 2_500 }, (_, n) => event({ session_id: 'free', event_seq: n + 10 }));
    const path = oldFile([4], { ...COMMON, event_log: events });
    const told: string[] = [];

    using old = await openLegacyDatabase(path, {
      at: NOW,
      onProgress: (done, of) => void told.push(`${done} of ${of}`),
    });

    expect(told).toEqual(['3 of 2505', '1003 of 2505', '2003 of 2505', '2505 of 2505']);
    expect(old.report.imported.events).toBe(2_500);
  });

  test('leaves nothing open when it is cut off', async () => {
    const path = oldFile([4], COMMON);

    await expect(openLegacyDatabase(path, { at: NOW, onProgress: noMore })).rejects.toThrow('no more');

    look(path, (db) => expect(db.pragma('journal_mode = DELETE', { simple: true })).toBe('delete'));
  });
});

describe('the rows', () => {
  test('are those of one moment, and a write afterwards is noticed', async () => {
    const path = oldFile([4], COMMON);
    using old = await openLegacyDatabase(path, { at: NOW });

    const unchanged = old.isChanged();
    look(path, (db) => db.exec(ANOTHER_TASK));

    expect([unchanged, old.isChanged()]).toEqual([false, true]);
    expect([await old.count('tasks'), (await old.rows('tasks', null, 500)).length]).toEqual([3, 3]);
  });

  test('are those of one moment, whatever is written while they are read', async () => {
    const path = oldFile([4], COMMON);
    const onProgress = (done: number) => {
      if (done < 6) look(path, (db) => db.exec(ANOTHER_TASK));
    };

    using old = await openLegacyDatabase(path, { at: NOW, onProgress });

    expect(await old.count('tasks')).toBe(3);
    expect(old.isChanged()).toBe(true);
  });

  test('are others for another time, and for another file', async () => {
    const path = oldFile([4], COMMON);

    const digests = [
      await digestOf(path, NOW),
      await digestOf(path, NOW),
      await digestOf(path, NOW + 1),
      await digestOf(oldFile([4], { ...COMMON, event_log: [] }), NOW),
    ];

    expect(digests[0]).toBe(digests[1]);
    expect(new Set(digests).size).toBe(3);
  });
});

describe('what is no old database', () => {
  const files: readonly [what: string, code: string, make: (path: string) => unknown][] = [
    ['nothing', 'STORE_NOT_FOUND', () => {}],
    ['a folder', 'STORE_NOT_A_DATABASE', (path) => mkdirSync(path)],
    ['an empty file', 'STORE_NOT_LEGACY', (path) => writeFileSync(path, '')],
    ['one byte', 'STORE_NOT_A_DATABASE', (path) => writeFileSync(path, 'x')],
    ['a text', 'STORE_NOT_A_DATABASE', (path) => writeFileSync(path, 'Dear diary, '.repeat(1_000))],
    ["another application's", 'STORE_NOT_LEGACY', sql('CREATE TABLE customers (id)')],
    ['half of an old one', 'STORE_NOT_LEGACY', sql('CREATE TABLE session_state (session_id, status)')],
    [
      "another application's with tables of the same names",
      'STORE_NOT_LEGACY',
      sql('CREATE TABLE session_state (id, state); CREATE TABLE task_queue (id, session_id, status)'),
    ],
    [
      "another application's with the columns that each old row needs",
      'STORE_NOT_LEGACY',
      sql(
        'CREATE TABLE session_state (session_id, status, phase); CREATE TABLE event_log (event_id, payload); ' +
          'CREATE TABLE task_queue (task_id, session_id, status, priority, payload)',
      ),
    ],
    ['one with a version, which old ones never had', 'STORE_NOT_LEGACY', versioned('user_version')],
    ['one of an application with a number', 'STORE_NOT_LEGACY', versioned('application_id')],
    ['a store', 'STORE_NOT_LEGACY', async (path) => (await aStore({ path })).storage.close()],
  ];

  test.each(files)('%s is refused with %s and left as it was', async (_what, code, make) => {
    const path = newPath();
    await make(path);
    const before = fingerprint(path);

    // It is the file that is wrong, whatever --store says.
    await expect(plan(path)).rejects.toMatchObject({ code, hint: expect.not.stringContaining('--store') });
    expect(isLegacyDatabase(path)).toBe(false);

    expect(fingerprint(path)).toEqual(before);
  });

  test('a damaged old one is called damaged', async () => {
    const path = oldFile([4], {
      session_state: [session()],
      task_queue: [task()],
      event_log: Array.from({ length: 300 }, (_, n) =>
        event({ event_seq: n, payload: JSON.stringify('x'.repeat(500)) }),
      ),
    });
    look(path, (db) => db.pragma('journal_mode = DELETE'));
    damage(path);

    await expect(plan(path)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });
});

function noMore(): never {
  throw new Error('no more');
}

async function digestOf(file: string, at: number): Promise<string> {
  using old = await openLegacyDatabase(file, { at });
  return old.digest;
}

/** A whole old file, marked as no old program marked one. */
function versioned(name: 'user_version' | 'application_id'): (path: string) => void {
  return (path) => {
    oldFile([4], {}, path);
    look(path, (db) => db.pragma(`${name} = 7`));
  };
}

/** A file with these tables. */
function sql(text: string): (path: string) => void {
  return (path) => void look(path, (db) => db.exec(text));
}

/** The header and the schema stay; what follows is noise. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  writeFileSync(path, Buffer.concat([bytes.subarray(0, bytes.length / 2), Buffer.alloc(bytes.length / 2, 0x5a)]));
}
