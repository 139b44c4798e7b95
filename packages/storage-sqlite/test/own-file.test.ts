/**
 * What is there is this user's own, or it is refused with whose it is:
 * - a file of another user at the place of the store, or beside it, is refused and left as it was
 * - so it is for root, but in a folder of that user
 * - a file that other users may write to is refused until that is put right; one that they may read is not
 * - what is no file beside the store is refused, and is not waited for
 * - a backup is written to a file that only its own process made
 * - what a killed process of another user left behind stays, and is in the way of no other process
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { openSqliteStorage } from '../src/index.ts';
import { beginBackup } from '../src/place/backup.ts';
import { fixPlace } from '../src/place/fix.ts';
import { inspectPlace } from '../src/place/inspect.ts';
import { aSession, aStore, add } from './factories.ts';
import { fingerprint } from './files.ts';
import { folderOf, newPath } from './temporary-store.ts';

const isRoot = process.getuid?.() === 0;
const hasModes = process.platform !== 'win32';
const ANOTHER = 20_002;

/** The folder is everyone's, as that for temporary files. */
function inSharedFolder(): string {
  const path = newPath();
  chmodSync(folderOf(path), 0o1777);
  return path;
}

describe.skipIf(!isRoot)('a file of another user (needs root)', () => {
  test.each(['', '-wal', '-shm', '-journal'])('is refused and left as it was: store.db%s', async (suffix) => {
    const path = inSharedFolder();
    writeFileSync(path + suffix, '', { mode: 0o600 });
    chownSync(path + suffix, ANOTHER, ANOTHER);
    const before = fingerprint(path);

    for (const mode of ['create', 'existing', 'read-only'] as const) {
      if (mode !== 'create' && !existsSync(path)) continue;
      const opening = openSqliteStorage({ path, mode });
      await expect(opening).rejects.toMatchObject({ code: 'STORE_FOREIGN' });
      await expect(opening).rejects.toThrow(`${path}${suffix} belongs to the user with uid ${ANOTHER}`);
    }

    expect(fingerprint(path)).toEqual(before);
  });

  test('root may look after the store in a folder of its user', async () => {
    const { path, storage } = await aStore();
    await storage.close();
    for (const file of [folderOf(path), path]) chownSync(file, ANOTHER, ANOTHER);

    const { schema } = await inspectPlace(path);

    expect(schema).toBeGreaterThan(0);
  });

  test('what root makes in a folder of a user belongs to that user: a store, its folder, and a backup', async () => {
    const folder = folderOf(newPath());
    chownSync(folder, ANOTHER, ANOTHER);
    const path = join(folder, 'data', 'store.db');
    const storage = await openSqliteStorage({ path });
    await storage.migrate();

    const backup = await beginBackup(join(folder, 'backup.db'), path);
    backup.publish();
    backup[Symbol.dispose]();

    const made = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
    expect(made).toEqual(['backup.db', 'data', 'data/store.db', 'data/store.db-shm', 'data/store.db-wal']);
    for (const name of made) expect([name, statSync(join(folder, name)).uid]).toEqual([name, ANOTHER]);
    await storage.close();
  });

  test.each(['', '-wal'])('what a killed process of another user left stays: its backup%s', async (suffix) => {
    const { path, storage } = await aStore();
    const place = inSharedFolder();
    const left = `${place}.partial-0123456789abcdef`;
    for (const file of [left, `${left}-wal`]) {
      writeFileSync(file, '');
      utimesSync(file, 0, 0);
    }
    chownSync(left + suffix, ANOTHER, ANOTHER);

    const backup = await beginBackup(place, path);
    await backup.seal({ status: 'backup', id: 'b', address: 'sqlite:/s.db', at: 1 });
    backup.publish();
    await storage.close();

    expect(readdirSync(folderOf(place)).toSorted()).toEqual(
      [place, left, `${left}-wal`].map((file) => basename(file)).toSorted(),
    );
  });
});

describe.skipIf(!hasModes)('a file that other users may write to', () => {
  test.each(['', '-wal', '-shm'])('is refused until that is put right: store.db%s', async (suffix) => {
    const { path, storage } = await aStore();
    await add(storage, aSession());
    chmodSync(path + suffix, 0o620);

    await expect(openSqliteStorage({ path })).rejects.toMatchObject({ code: 'STORE_FOREIGN' });
    const { findings } = await inspectPlace(path);
    const fixed = await fixPlace(path, 'tighten_files');

    expect(findings).toContainEqual(expect.objectContaining({ check: 'permissions', fix: 'tighten_files' }));
    expect(fixed.done).toBe(true);
    await (await openSqliteStorage({ path })).close();
    await storage.close();
  });

  test('one that they may only read is opened', async () => {
    const { path, storage } = await aStore();
    await storage.close();
    chmodSync(path, 0o644);

    const again = await openSqliteStorage({ path });

    expect(await again.read.namespaces()).toEqual([]);
    await again.close();
  });
});

describe.skipIf(!hasModes)('what is no file beside the store', () => {
  test.each(['a link', 'a pipe'])('is refused: %s', async (what) => {
    const path = newPath();
    const target = join(folderOf(newPath()), 'target');
    writeFileSync(target, '');
    if (what === 'a link') symlinkSync(target, `${path}-wal`);
    else spawnSync('mkfifo', [`${path}-wal`]);

    await expect(openSqliteStorage({ path })).rejects.toMatchObject({ code: 'STORE_FOREIGN' });

    expect(readFileSync(target, 'utf8')).toBe('');
  });
});

test('a backup is not given its name once another file is at the place where it was written', async () => {
  const { path, storage } = await aStore();
  const place = newPath();
  const backup = await beginBackup(place, path);
  writeFileSync(`${backup.path}.other`, 'planted');
  spawnSync('mv', [`${backup.path}.other`, backup.path]);

  expect(() => backup.publish()).toThrow(expect.objectContaining({ code: 'STORE_REPLACED' }));

  expect(existsSync(place)).toBe(false);
  await storage.close();
});
