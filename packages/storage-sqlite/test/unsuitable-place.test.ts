/**
 * A place that will not do is found when the store is opened, and each reason has an error of its own:
 * - a path that is longer than SQLite takes is refused before anything is made; the longest one works
 * - so is the path of a backup
 * - a name that is longer than the system takes
 * - a database that keeps its text in another encoding is refused and left as it was
 * - a place that is mounted read-only is named
 * - the process that keeps the lock is read from the list of locks
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { openSqliteStorage } from '../src/index.ts';
import { holderIn } from '../src/file/lock-holder.ts';
import { beginBackup } from '../src/place/backup.ts';
import { APPLICATION_ID } from '../src/file/store-file.ts';
import { aStore } from './factories.ts';
import { fingerprint, makeDatabase } from './files.ts';
import { folderOf, newPath } from './temporary-store.ts';

/** In folders with names in Hangul: a third of the bytes are letters. */
function pathOfBytes(bytes: number): string {
  let folder = folderOf(newPath());
  while (Buffer.byteLength(folder) < bytes - 130) folder = join(folder, '문서보관함'.repeat(8));
  return join(folder, 'x'.repeat(bytes - Buffer.byteLength(folder) - 1));
}

test.each([505, 1_500])('a path of %d bytes is refused before anything is made', async (bytes) => {
  const path = pathOfBytes(bytes);

  const opening = openSqliteStorage({ path });

  await expect(opening).rejects.toMatchObject({ code: 'STORE_PATH_TOO_LONG' });
  await expect(opening).rejects.toThrow(`${bytes} bytes`);
  expect(existsSync(dirname(path))).toBe(false);
});

test('the longest path works', async () => {
  const { storage } = await aStore({ path: pathOfBytes(504) });

  expect(await storage.read.namespaces()).toEqual([]);
  await storage.close();
});

test('the path of a backup that would be too long while it is written is refused, and leaves nothing', async () => {
  const { path, storage } = await aStore();
  const place = pathOfBytes(500);

  await expect(beginBackup(place, path)).rejects.toMatchObject({ code: 'STORE_PATH_TOO_LONG' });

  expect(existsSync(dirname(place))).toBe(false);
  await storage.close();
});

test('a name that is longer than the system takes', async () => {
  const path = join(folderOf(newPath()), 'x'.repeat(300));

  await expect(openSqliteStorage({ path })).rejects.toMatchObject({ code: 'STORE_PATH_TOO_LONG' });
});

test.each([
  ['that is empty', `CREATE TABLE x (y); DROP TABLE x`],
  ['that says it is ours', `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1; CREATE TABLE x (y)`],
])('a database in UTF-16 %s is refused and left as it was', async (_, sql) => {
  const path = newPath();
  makeDatabase(path, `PRAGMA encoding = 'UTF-16le'; ${sql}`);
  const before = fingerprint(path);

  await expect(openSqliteStorage({ path })).rejects.toMatchObject({ code: 'STORE_ENCODING' });

  expect(fingerprint(path)).toEqual(before);
});

test.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)(
  'a place that is mounted read-only is named, for readers and writers alike (needs root)',
  async () => {
    const { path, storage } = await aStore();
    await storage.close();
    const folder = folderOf(path);
    const program = `
      import { openSqliteStorage } from '@agent-orchestrator/storage-sqlite';
      import { inspectPlace } from './../src/place/inspect.ts';
      const path = ${JSON.stringify(path)};
      const said = (error) => console.log(error.code, error.message);
      for (const mode of ['create', 'existing', 'read-only']) await openSqliteStorage({ path, mode }).catch(said);
      await openSqliteStorage({ path: path + '.new' }).catch(said);
      await inspectPlace(path).catch(said);`;
    const mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"';
    const node = [process.execPath, '--conditions=@agent-orchestrator/source', '--input-type=module', '-e', program];

    const { stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', mount, folder, ...node], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
    });

    expect(stderr).toBe('');
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(5);
    for (const line of lines) expect(line).toMatch(/^STORE_READ_ONLY .* lies below .*, which is mounted read-only/);
    expect(lines[0]).toContain(`below ${folder},`);
    expect(readdirSync(folder)).toEqual(['store.db']);
  },
);

const LOCKS = `1: POSIX  ADVISORY  READ 3868 fe:00:77 128 128
2: POSIX  ADVISORY  READ 3868 fe:00:66 1073741826 1073742335
3: POSIX  ADVISORY  WRITE 3844 fe:00:77 120 120
3: -> POSIX  ADVISORY  WRITE 3845 fe:00:77 120 120
4: FLOCK  ADVISORY  WRITE 3000 fe:00:55 0 EOF
5: POSIX  ADVISORY  WRITE 3900 fe:00:88 121 121
6: POSIX  ADVISORY  WRITE 3901 fe:00:99 1073741824 1073742335`;

test.each([
  ['the one that writes to the log', { database: '66', index: '77' }, 1, 3844],
  ['not the own process', { database: '66', index: '77' }, 3844, null],
  ['not one that copies the log into the database', { database: '66', index: '88' }, 1, null],
  ['the one that has the file for itself', { database: '99', index: null }, 1, 3901],
  ['none', { database: '1', index: '2' }, 1, null],
] as const)('of the locks: %s', (_, inodes, own, pid) => {
  expect(holderIn(LOCKS, inodes, own)).toBe(pid);
});
