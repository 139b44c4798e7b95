/**
 * Promises about the file that becomes a store:
 * - a look shows what would come and what would change, just as the import then does it, and changes nothing
 * - the old tables stay, with their indexes, out of the way; their names are views that nobody can write
 * - the copy is whole, private, and overwrites nothing
 * - what fails on the way leaves the file as it was
 * - an old process that is at work has its rows brought over, and fails loudly afterwards
 * - a second import changes nothing, and says so; of two at once, one does it
 * - what is no old database is refused, and not touched
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { importLegacy, openSqliteStorage } from '../src/index.ts';
import { checkPlace } from '../src/place/check.ts';
import { aStore } from './factories.ts';
import { crashAfter, fingerprint, look, modeOf, rowsOfOldTables } from './files.ts';
import { clockAt, contentsOf, imported, plan } from './imported.ts';
import { ago, COMMON, event, NOW, OBSERVED, oldFile, session, task } from './old-files.ts';
import { Program } from './program.ts';
import { folderOf, newPath } from './temporary-store.ts';
import { judge, WHOLE } from './whole.ts';

describe('a look', () => {
  test('shows what the import then does, and changes nothing', async () => {
    const path = oldFile([4], { ...COMMON, ...OBSERVED });
    const before = fingerprint(path);

    const planned = await plan(path);

    expect(fingerprint(path)).toEqual(before);
    const { importedAt, copy, ...done } = await imported(path);
    expect({ ...planned, outcome: 'imported' }).toEqual(done);
    expect([importedAt, existsSync(copy)]).toEqual([NOW, true]);
  });
});

describe('what was there', () => {
  test('stays in tables of another name, row by row, with its indexes', async () => {
    const path = oldFile([4], { ...COMMON, ...OBSERVED });
    const before = look(path, (db) => rowsOfOldTables(db, ''));

    await imported(path);

    look(path, (db) => {
      expect(rowsOfOldTables(db, 'legacy_')).toEqual(before);
      expect(indexesOf(db).filter((name) => name.startsWith('legacy_'))).toEqual([
        'legacy_event_log_seq',
        'legacy_idx_task_queue_status',
        'legacy_tasks_due',
      ]);
      expect(
        db
          .prepare(`EXPLAIN QUERY PLAN SELECT * FROM legacy_task_queue WHERE status = 'queued' AND session_id = 'x'`)
          .all(),
      ).toMatchObject([{ detail: expect.stringContaining('legacy_') }]);
    });
  });

  test('can be read by its old name, and not be written', async () => {
    const path = oldFile([4], { ...COMMON, ...OBSERVED });
    await imported(path);
    const writes = [
      `INSERT INTO task_queue (task_id, session_id, task_type, created_at) VALUES ('x', 'free', 'x', '${ago(1)}')`,
      `INSERT OR IGNORE INTO session_state (session_id, created_at, updated_at) VALUES ('x', '${ago(1)}', '${ago(1)}')`,
      `UPDATE session_state SET heartbeat_at = '${ago(0)}'`,
      `DELETE FROM distributed_lock`,
      `INSERT INTO event_log (session_id, event_seq, event_type, actor_agent, created_at) VALUES ('busy', 9, 'x', 'y', '${ago(1)}')`,
      `SELECT max(event_seq) FROM event_log`,
      `INSERT INTO alerts (alert_key, level, message, created_at) VALUES ('a', 'b', 'c', '${ago(1)}')`,
      `ALTER TABLE task_queue ADD COLUMN more TEXT`,
    ];

    look(path, (db) => {
      const tasks = db.prepare('SELECT task_id, status FROM task_queue ORDER BY task_id').all();
      expect(tasks).toMatchObject([{ task_id: 'next' }, { task_id: 'now', status: 'running' }, { task_id: 'was' }]);
      for (const sql of writes)
        expect(() => db.exec(sql)).toThrow(/it is a view|to a view|no such column|has no column/);
    });
  });

  test('does not trouble the check of the file, however its rows hang together', async () => {
    const path = oldFile([4], { task_queue: [task({ session_id: 'lost' })] });
    await imported(path);

    expect(await checkPlace(path)).toEqual([]);
  });

  test('leaves tables of others alone', async () => {
    const path = oldFile([4], COMMON);
    look(path, (db) => db.exec(`CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine')`));

    await imported(path);

    look(path, (db) => expect(db.prepare('SELECT * FROM notes').all()).toEqual([{ text: 'mine' }]));
  });
});

describe('the copy', () => {
  test('is whole, private, and stands beside the file under a name with the time', async () => {
    const path = oldFile([4], { ...COMMON, ...OBSERVED });
    const before = look(path, (db) => rowsOfOldTables(db, ''));

    const { copy } = await imported(path);

    expect([folderOf(copy), basename(copy), modeOf(copy)]).toEqual([
      folderOf(path),
      'orchestrator.legacy-20260301T120000Z.db',
      '600',
    ]);
    expect(look(copy, (db) => rowsOfOldTables(db, ''))).toEqual(before);
    await expect(openSqliteStorage({ path: copy })).rejects.toMatchObject({ code: 'STORE_LEGACY' });
    expect(readdirSync(folderOf(path)).filter((name) => !/^orchestrator\.db(-wal|-shm)?$/.test(name))).toEqual([
      basename(copy),
    ]);
  });

  test('holds what an old process wrote last, though it crashed', async () => {
    const path = newPath('orchestrator.db');
    copyFileSync(oldFile([4], COMMON), path);
    crashAfter(
      path,
      `INSERT INTO task_queue (task_id, session_id, task_type, created_at) VALUES ('last', 'free', 'x', '${ago(1)}')`,
    );

    const { copy } = await imported(path);

    look(copy, (db) => expect(db.prepare(`SELECT count(*) FROM task_queue`).pluck().get()).toBe(4));
    expect((await contentsOf(path)).tasks.map(({ id }) => id)).toContain('last');
  });

  test('overwrites nothing, and takes the place of one that was never finished', async () => {
    const path = oldFile([4], COMMON);
    const taken = join(folderOf(path), 'orchestrator.legacy-20260301T120000Z.db');
    writeFileSync(taken, 'of somebody');
    writeFileSync(`${path}.copying`, 'half');

    const { copy } = await imported(path);

    expect(basename(copy)).toBe('orchestrator.legacy-20260301T120000Z-2.db');
    expect([existsSync(`${path}.copying`), modeOf(copy)]).toEqual([false, '600']);
  });
});

describe('the file', () => {
  test("is its owner's alone afterwards", async () => {
    const path = oldFile([4], COMMON);
    chmodSync(path, 0o644);

    await imported(path);

    expect(modeOf(path)).toBe('600');
  });

  test('behind a link is the one that is brought over', async () => {
    const path = oldFile([4], COMMON);
    const link = newPath();
    symlinkSync(path, link);

    expect(await importLegacy({ path: link, apply: true })).toMatchObject({ outcome: 'imported' });
    expect((await contentsOf(path)).tasks).toHaveLength(3);
  });

  test('that was moved meanwhile stays an old one, and the import says so', async () => {
    const path = oldFile([4], COMMON);
    const moved = `${path}.moved`;

    const importing = importLegacy({
      path,
      apply: true,
      onProgress: ({ step }) => {
        if (step === 'verify') renameSync(path, moved);
      },
    });

    await expect(importing).rejects.toMatchObject({ code: 'STORE_REPLACED' });
    expect(await plan(moved)).toMatchObject({ outcome: 'planned' });
  });

  test.each(['copy', 'rename', 'create', 'rows', 'verify', 'commit'])(
    'is as it was if something fails at %s',
    async (failing) => {
      const path = oldFile([4], COMMON);
      const before = look(path, schemaOf);

      const importing = importLegacy({
        path,
        apply: true,
        onProgress: ({ step }) => {
          if (step === failing) throw new Error('no more');
        },
      });

      await expect(importing).rejects.toThrow('no more');
      expect([look(path, schemaOf), readdirSync(folderOf(path))]).toEqual([before, ['orchestrator.db']]);
      await imported(path);
    },
  );

  test('says how far it has come', async () => {
    const events = Array.from({ length: 2_500 }, (_, n) => event({ session_id: 'free', event_seq: n + 10 }));
    const path = oldFile([4], { ...COMMON, event_log: events });
    const heard: string[] = [];

    await importLegacy({
      path,
      apply: true,
      onProgress: ({ step, done, total }) => heard.push(done === undefined ? step : `${done} of ${total}`),
    });

    expect(heard).toEqual([
      'copy',
      'rename',
      'create',
      '3 of 2505',
      '1003 of 2505',
      '2003 of 2505',
      '2505 of 2505',
      'verify',
      'commit',
    ]);
  });

  test('with something of its own by a name that the store needs is refused, by a look already', async () => {
    const path = oldFile([4], COMMON);
    look(path, (db) =>
      db.exec('CREATE TABLE notes (text TEXT); CREATE INDEX TASKS_QUEUED ON notes(text); CREATE TABLE meta (x)'),
    );

    for (const apply of [false, true])
      await expect(importLegacy({ path, apply })).rejects.toMatchObject({
        code: 'STORE_UNSUITABLE',
        message: expect.stringContaining('TASKS_QUEUED, meta'),
      });
  });
});

describe('an old process', () => {
  test('has what it wrote brought over, and fails at its next write', async () => {
    const path = oldFile([4], { session_state: [session()] });
    const writer = new Program('old-writer', folderOf(path), { path });
    const { tasks: before } = await writer.said('wrote');
    writer.tell('go on');
    await writer.said('writing');

    const result = await importLegacy({ path, apply: true });

    const failed = await writer.said('failed');
    const { came } = result as Extract<typeof result, { outcome: 'imported' }>;
    expect(failed['message']).toMatch(/cannot modify task_queue because it is a view/);
    expect(came.tasks.queued).toBe(failed['tasks']);
    expect(came.tasks.queued).toBeGreaterThanOrEqual(Number(before));
    await writer.exited();
  });

  test('that is started afterwards fails as well, and harms nothing', async () => {
    const path = oldFile([4], COMMON);
    await imported(path);

    expect(() => oldFile([4], {}, path)).toThrow(/views may not be indexed/);

    expect((await judge(path)).whole).toEqual(WHOLE);
  });

  test('that keeps the lock is waited for, then named as the reason', async () => {
    const path = oldFile([4], COMMON);
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');

    await expect(importLegacy({ path, apply: true, busyTimeoutMs: 50 })).rejects.toMatchObject({ code: 'STORE_BUSY' });

    other.exec('ROLLBACK');
    other.close();
    await imported(path);
  });
});

describe('a second import', () => {
  test('changes nothing, and says when and where to the first one went', async () => {
    const path = oldFile([4], COMMON);
    const { copy } = await imported(path);
    const before = fingerprint(path);

    const again = [await importLegacy({ path, apply: false }), await importLegacy({ path, apply: true })];

    expect(again).toEqual(again.map(() => ({ outcome: 'imported_before', importedAt: NOW, copy })));
    expect(fingerprint(path)).toEqual(before);
  });

  test('at the same time finds that the first one did it', async () => {
    const path = oldFile([4], COMMON);

    const results = await Promise.all([1, 2, 3].map(() => importLegacy({ path, apply: true, clock: clockAt() })));

    expect(results.map(({ outcome }) => outcome).toSorted()).toEqual([
      'imported',
      'imported_before',
      'imported_before',
    ]);
    expect(readdirSync(folderOf(path)).filter((name) => name.includes('legacy'))).toHaveLength(1);
  });
});

describe('what is no old database', () => {
  const files: readonly [what: string, code: string, make: (path: string) => unknown][] = [
    ['nothing', 'STORE_NOT_FOUND', () => {}],
    ['a folder', 'STORE_NOT_A_DATABASE', (path) => mkdirSync(path)],
    ['an empty file', 'STORE_NOT_LEGACY', (path) => writeFileSync(path, '')],
    ['a text', 'STORE_NOT_A_DATABASE', (path) => writeFileSync(path, 'Dear diary, '.repeat(1_000))],
    [
      "another application's",
      'STORE_NOT_A_DATABASE',
      (path) => look(path, (db) => db.exec('CREATE TABLE customers (id)')),
    ],
    [
      'half of an old one',
      'STORE_NOT_A_DATABASE',
      (path) => look(path, (db) => db.exec('CREATE TABLE session_state (session_id)')),
    ],
    ['a store', 'STORE_NOT_LEGACY', async (path) => (await aStore({ path })).storage.close()],
  ];

  test.each(files)('%s is refused with %s and left as it was', async (_what, code, make) => {
    const path = newPath();
    await make(path);
    const before = fingerprint(path);

    for (const apply of [false, true]) await expect(importLegacy({ path, apply })).rejects.toMatchObject({ code });

    expect(fingerprint(path)).toEqual(before);
  });

  test('a damaged old one is called damaged', async () => {
    const path = oldFile([4], {
      session_state: [session()],
      event_log: Array.from({ length: 300 }, (_, n) =>
        event({ event_seq: n, payload: JSON.stringify('x'.repeat(500)) }),
      ),
    });
    look(path, (db) => db.pragma('journal_mode = DELETE'));
    damage(path);

    await expect(importLegacy({ path, apply: true })).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    expect(readdirSync(folderOf(path)).filter((name) => name.includes('copying') || name.includes('legacy'))).toEqual(
      [],
    );
  });
});

function schemaOf(db: Database.Database): unknown {
  return db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all();
}

function indexesOf(db: Database.Database): string[] {
  return db
    .prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name`)
    .pluck()
    .all();
}

/** The header and the schema stay; what follows is noise. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  writeFileSync(path, Buffer.concat([bytes.subarray(0, bytes.length / 2), Buffer.alloc(bytes.length / 2, 0x5a)]));
}
