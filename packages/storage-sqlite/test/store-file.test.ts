/**
 * Promises about the file:
 * - what is created is readable and writable by its owner alone, whatever the umask takes
 * - opening for reading, or for what must exist, creates nothing
 * - a file that is not ours is refused by a code of its own, and not a byte or a neighbour of it changes
 * - no store and no backup gets a name that SQLite gives to a file of another database, by a link neither
 * - a folder that cannot be made, and a file that goes away, are told apart
 * - a file that cannot be written is refused as such
 * - a file that was moved or replaced is neither written nor read any more
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { afterEach, describe, expect, test } from 'vitest';
import { translateError } from '../src/errors.ts';
import { beginBackup } from '../src/place/backup.ts';
import { openSqliteStorage } from '../src/index.ts';
import { APPLICATION_ID } from '../src/file/store-file.ts';
import { aDecision, aSession, aStore, aTask, add } from './factories.ts';
import { crashAfter, fingerprint, makeDatabase, modeOf } from './files.ts';
import { folderOf, newPath } from './temporary-store.ts';

const NEW = { by: 'new', namespace: 'default', sessionIds: [], taskIds: [], dedupeKeys: [] } as const;

describe('what is created', () => {
  const umask = process.umask(0o077);
  process.umask(umask);
  afterEach(() => {
    process.umask(umask);
  });

  // The last two take what the owner needs, too.
  test.for(['000', '777', '400'])(
    'is readable by its owner alone, side files and new folders included, under umask %s',
    async (mask) => {
      const path = join(folderOf(newPath()), 'new', 'folders', 'store.db');
      process.umask(mask);

      const { storage } = await aStore({ path });
      await add(storage, aSession());

      const folder = dirname(path);
      const files = readdirSync(folder).toSorted();
      expect(files).toEqual(['store.db', 'store.db-shm', 'store.db-wal']);
      expect(files.map((file) => modeOf(join(folder, file)))).toEqual(['600', '600', '600']);
      for (const made of [folder, dirname(folder)]) expect(modeOf(made)).toBe('700');
      await storage.close();
    },
  );
});

describe('what must exist', () => {
  test.each(['existing', 'read-only'] as const)('mode %s creates nothing', async (mode) => {
    const path = join(folderOf(newPath()), 'no', 'store.db');

    await expect(openSqliteStorage({ path, mode })).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });

    expect(existsSync(dirname(path))).toBe(false);
  });

  test.skipIf(process.platform !== 'linux').each(['below /proc', 'behind a link to nowhere'])(
    'what cannot be made is a matter of permission: %s',
    async (where) => {
      const link = join(folderOf(newPath()), 'link');
      symlinkSync('/nowhere', link);
      const path = where === 'below /proc' ? '/proc/orchestrator/folder/store.db' : join(link, 'store.db');

      await expect(openSqliteStorage({ path })).rejects.toMatchObject({ code: 'STORE_PERMISSION' });
    },
  );

  test('a file that goes away while it is looked at is not there', () => {
    const error = Object.assign(new Error('ENOENT: no such file, stat'), { code: 'ENOENT' });

    expect(translateError(error)).toMatchObject({ code: 'STORE_NOT_FOUND' });
  });

  test.each(['existing', 'read-only'] as const)('an empty file is no store in mode %s', async (mode) => {
    const path = newPath();
    writeFileSync(path, '');

    await expect(openSqliteStorage({ path, mode })).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
  });

  test('before migrate() everything else says that there is no store yet', async () => {
    const storage = await openSqliteStorage({ path: newPath() });

    await expect(storage.transact(NEW, () => aDecision(1))).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
    await expect(storage.read.task('default', 't1')).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
    await storage.migrate();

    expect(await storage.transact(NEW, () => aDecision(1))).toBe(1);
    await storage.close();
  });
});

describe('a file that is not ours', () => {
  /** One of its tables has the name of one of ours. */
  const FOREIGN = `CREATE TABLE event_log (event_id INTEGER PRIMARY KEY); INSERT INTO event_log VALUES (1);`;

  const files: Record<string, [code: string, make: (path: string) => void]> = {
    'of another application': ['STORE_NOT_A_DATABASE', (path) => makeDatabase(path, FOREIGN)],
    'of another application, whose last process crashed': ['STORE_NOT_A_DATABASE', (path) => crashAfter(path, FOREIGN)],
    'of another application, by its id': [
      'STORE_NOT_A_DATABASE',
      (path) => makeDatabase(path, 'PRAGMA application_id = 7'),
    ],
    'of a newer version': [
      'STORE_NEWER',
      (path) => makeDatabase(path, `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 99`),
    ],
    'that is a text': ['STORE_NOT_A_DATABASE', (path) => writeFileSync(path, 'Dear diary, '.repeat(1000))],
    'that is one byte': ['STORE_NOT_A_DATABASE', (path) => writeFileSync(path, 'x')],
    'that is a folder': ['STORE_NOT_A_DATABASE', (path) => mkdirSync(path)],
  };

  const cases = Object.entries(files).flatMap(([what, [code, make]]) =>
    (['create', 'existing', 'read-only'] as const).map((mode) => ({ what, code, make, mode })),
  );

  test.each(cases)('$what is refused in mode $mode with $code and left as it was', async ({ code, make, mode }) => {
    const path = newPath();
    make(path);
    const before = fingerprint(path);

    await expect(openSqliteStorage({ path, mode })).rejects.toMatchObject({ code });

    expect(fingerprint(path)).toEqual(before);
  });

  test('a damaged store is reported as such', async () => {
    const { path, storage } = await aStore();
    for (let n = 0; n < 50; n += 1)
      await add(storage, aSession({ id: `s${n}` }), [aTask({ id: `t${n}`, sessionId: `s${n}` })]);
    await storage.close();
    const bytes = readFileSync(path);
    // The header stays; what follows is noise.
    writeFileSync(path, Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 0x5a)]));

    await expect(openSqliteStorage({ path })).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });
});

describe('a file that cannot be written', () => {
  test('a path that leads through a file', async () => {
    const path = newPath();
    writeFileSync(path, '');

    await expect(openSqliteStorage({ path: join(path, 'store.db') })).rejects.toMatchObject({
      code: 'STORE_PERMISSION',
    });
  });

  test('a folder without permission', async ({ skip }) => {
    if (process.getuid?.() === 0) return expectAsOtherUser('folder', 'STORE_PERMISSION', skip);
    const folder = folderOf(newPath());
    chmodSync(folder, 0o500);

    await expect(openSqliteStorage({ path: join(folder, 'new', 'store.db') })).rejects.toMatchObject({
      code: 'STORE_PERMISSION',
    });
  });

  test('a read-only file', async ({ skip }) => {
    if (process.getuid?.() === 0) return expectAsOtherUser('file', 'STORE_READ_ONLY', skip);
    const { path, storage } = await aStore();
    await storage.close();
    chmodSync(path, 0o400);

    await expect(openSqliteStorage({ path })).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
  });

  test('mode read-only reads, and refuses to write', async () => {
    const { path, storage } = await aStore();
    await add(storage, aSession(), [aTask()]);
    const reading = await openSqliteStorage({ path, mode: 'read-only' });

    expect((await reading.read.task('default', 't1'))?.title).toBe('a task');
    await expect(reading.transact(NEW, () => aDecision(1))).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
    await expect(reading.migrate()).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
    await Promise.all([reading.close(), storage.close()]);
  });
});

describe('a file that was moved or replaced', () => {
  test('is written no more', async () => {
    const { path, storage } = await aStore();
    await add(storage, aSession());
    renameSync(path, `${path}.moved`);

    const writes = async () => {
      for (let n = 0; n < 200; n += 1) await storage.transact(NEW, () => aDecision(n));
    };

    await expect(writes()).rejects.toMatchObject({ code: 'STORE_REPLACED' });
    await expect(storage.transact(NEW, () => aDecision(1))).rejects.toMatchObject({ code: 'STORE_REPLACED' });
    await storage.close();
  });

  test('is read no more, and those who watch it are told to look', async () => {
    const { path, storage } = await aStore();
    await add(storage, aSession());
    await storage.read.now();
    await storage.read.settledEventId();
    const told = new Promise<void>((resolve) => void storage.watch(resolve));
    renameSync(path, `${path}.moved`);
    writeFileSync(path, '');

    await told;

    await expect(storage.read.settledEventId()).rejects.toMatchObject({ code: 'STORE_REPLACED' });
    await expect(storage.read.snapshot((reader) => reader.namespaces())).rejects.toMatchObject({
      code: 'STORE_REPLACED',
    });
    await storage.close();
  });
});

/** Modes mean nothing to root, so the same is tried in a process that has become the user 65534. */
function expectAsOtherUser(what: 'folder' | 'file', code: string, skip: (reason: string) => void): void {
  const otherUser = 65_534;
  const parent = folderOf(newPath());
  chmodSync(parent, 0o755);
  const program = `
    import { chmodSync, chownSync, mkdtempSync } from 'node:fs';
    import { openSqliteStorage } from '@agent-orchestrator/storage-sqlite';
    const folder = mkdtempSync(${JSON.stringify(join(parent, 'other-user-'))});
    chownSync(folder, ${otherUser}, ${otherUser});
    process.setgid(${otherUser}); process.setuid(${otherUser});
    let path = folder + '/store.db';
    const storage = await openSqliteStorage({ path });
    await storage.migrate(); await storage.close();
    if (${what === 'folder'}) { chmodSync(folder, 0o500); path = folder + '/new/store.db'; }
    else chmodSync(path, 0o400);
    console.log(await openSqliteStorage({ path }).then(() => 'opened', (error) => error.code));`;
  const run = () =>
    execFileSync(process.execPath, ['--conditions=@agent-orchestrator/source', '--input-type=module', '-e', program], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  try {
    expect(run()).toBe(code);
  } catch (error) {
    if (!String(error).includes('EACCES') || String(error).includes('AssertionError')) throw error;
    skip('The tests run as root, and what they load lies where no other user may read.');
  }
}

test.for(['-wal', '-shm', '-JOURNAL'])('a name that ends in %s belongs to another database', async (ending) => {
  const { path, storage } = await aStore();
  const named = `${newPath()}${ending}`;
  const link = newPath();
  symlinkSync(named, link);
  writeFileSync(named, '');

  for (const file of [named, link])
    await expect(openSqliteStorage({ path: file })).rejects.toMatchObject({
      code: 'STORE_UNSUITABLE',
      // Renamed alone, a store would lose what its log holds.
      hint: expect.stringContaining(`${ending}-wal`),
    });
  for (const place of [named, `${path}${ending}`])
    await expect(beginBackup(place, path)).rejects.toMatchObject({ code: 'STORE_UNSUITABLE' });

  expect(readFileSync(named, 'utf8')).toBe('');
  await storage.close();
});
