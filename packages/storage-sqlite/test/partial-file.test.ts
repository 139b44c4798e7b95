/**
 * The file of a backup that is not complete:
 * - a later backup removes what was not written for ten minutes, but nothing of what is written, or is no file
 * - while this process makes it, it stays, and looks written
 * - if it is removed or replaced, the next step of the backup says so, even if that happens during the last one
 */
import fs, {
  copyFileSync,
  existsSync,
  lstatSync,
  lutimesSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { expect, onTestFinished, test, vi } from 'vitest';
import { beginBackup } from '../src/place/backup.ts';
import { aStore } from './factories.ts';
import { BACKUP, COMPANIONS, leftFiles, writtenAgo } from './left-files.ts';
import { newPath } from './temporary-store.ts';

test.each(COMPANIONS)(
  'stays while any of its files is written, as by a process that cannot be seen: %s',
  async (suffix) => {
    const { path, storage } = await aStore();
    const place = newPath();
    const written = leftFiles(place, 'a', 60);
    writtenAgo(written[COMPANIONS.indexOf(suffix)] ?? '', 9);

    (await beginBackup(place, path))[Symbol.dispose]();

    expect(written.map((file) => existsSync(file))).toEqual([true, true, true, true]);
    await storage.close();
  },
);

test('is only what is a file: a link by such a name stays', async () => {
  const { path, storage } = await aStore();
  const place = newPath();
  const link = `${place}.partial-${'a'.repeat(16)}`;
  symlinkSync(path, link);
  lutimesSync(link, 0, 0);

  (await beginBackup(place, path))[Symbol.dispose]();

  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  await storage.close();
});

test('stays if this process makes it, however long it was not written', async () => {
  const { path, storage } = await aStore();
  const place = newPath();
  using first = await beginBackup(place, path);
  writtenAgo(first.path, 60);

  (await beginBackup(place, path))[Symbol.dispose]();

  expect(existsSync(first.path)).toBe(true);
  await storage.close();
});

test('looks written while it is only read', async () => {
  const { path, storage } = await aStore();
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  using backup = await beginBackup(newPath(), path);
  writtenAgo(backup.path, 9);

  vi.advanceTimersByTime(60_000);

  expect(Date.now() - statSync(backup.path).mtimeMs).toBeLessThan(60_000);
  backup[Symbol.dispose]();
  expect(vi.getTimerCount()).toBe(0);
  await storage.close();
});

const losses: [string, (file: string) => void][] = [
  ['removed', (file) => rmSync(file)],
  ['replaced', (file) => (renameSync(file, `${file}-old`), copyFileSync(`${file}-old`, file))],
];

test.each(losses)('was %s: no step of the backup works on, and each says why', async (_, lose) => {
  const { path, storage } = await aStore();
  using backup = await beginBackup(newPath(), path);
  lose(backup.path);

  await expect(backup.seal(BACKUP)).rejects.toMatchObject(lost(backup.path));
  expect(() => backup.publish()).toThrow(expect.objectContaining(lost(backup.path)) as Error);
  await storage.close();
});

test.each(losses)('was %s while it was brought to the disk: it gets no name', async (_, lose) => {
  const { path, storage } = await aStore();
  const place = newPath();
  using backup = await beginBackup(place, path);
  await backup.seal(BACKUP);
  onSyncing(() => lose(backup.path));

  expect(() => backup.publish()).toThrow(expect.objectContaining(lost(backup.path)) as Error);

  expect(existsSync(place)).toBe(false);
  await storage.close();
});

function lost(file: string) {
  const message = `${file} was removed or replaced while the backup was being made.`;
  return { code: 'STORE_REPLACED', message, hint: 'Take a new backup.' };
}

/** Until the test ends, calls `listener` before a file is brought to the disk. */
function onSyncing(listener: () => void): void {
  const { fsyncSync } = fs;
  fs.fsyncSync = (descriptor) => (listener(), fsyncSync(descriptor));
  syncBuiltinESMExports();
  onTestFinished(() => {
    fs.fsyncSync = fsyncSync;
    syncBuiltinESMExports();
  });
}
