/**
 * One file, one log:
 * - a file with two names is refused by each of them, and left as it was
 * - a backup that still has the name of before it was complete is refused, with that name as the one to remove
 * - a later backup removes all that killed ones left, but nothing of what has two names
 * - the name of an incomplete backup is opened by the process that makes it alone
 * - a file that is mounted alone is refused, and one whose folder is mounted is not
 * - a file that gets a second name while it is open is neither written nor read any more
 */
import { copyFileSync, existsSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { openSqliteStorage } from '../src/index.ts';
import { beginBackup } from '../src/place/backup.ts';
import { openSqliteRows } from '../src/copy/row-store.ts';
import { aDecision, aSession, aStore, add } from './factories.ts';
import { fingerprint } from './files.ts';
import { BACKUP, COMPANIONS, leftFiles } from './left-files.ts';
import { inAnotherProcess } from './another-process.ts';
import { folderOf, newPath } from './temporary-store.ts';

const HELD = { by: 'held', namespace: 'default', limit: 1, after: null } as const;

const opened = (path: string) => `
  import { openSqliteStorage } from '@agent-orchestrator/storage-sqlite';
  console.log(await openSqliteStorage({ path: ${JSON.stringify(path)} }).then(() => 'opened', (error) => error.code));`;

describe('a file with two names', () => {
  test.each(['create', 'existing', 'read-only'] as const)('is refused by each, in mode %s', async (mode) => {
    const { path, storage } = await aStore();
    await storage.close();
    const other = join(folderOf(newPath()), 'other.db');
    linkSync(path, other);
    const before = fingerprint(path);

    for (const name of [path, other])
      await expect(openSqliteStorage({ path: name, mode })).rejects.toMatchObject({ code: 'STORE_SECOND_NAME' });

    expect(fingerprint(path)).toEqual(before);
  });

  test('is named where both lie in one folder', async () => {
    const { path, storage } = await aStore();
    await storage.close();
    linkSync(path, `${path}.copy`);

    await expect(openSqliteStorage({ path })).rejects.toThrow(`${path}.copy`);
  });

  test('is told what to remove if a killed backup left the other one, and opened after that', async () => {
    const { path, storage } = await aStore();
    await storage.close();
    const left = leftByBackup(path);

    await expect(openSqliteStorage({ path })).rejects.toMatchObject({ hint: expect.stringContaining(left) as string });
    rmSync(left);

    await (await openSqliteStorage({ path })).close();
  });

  test.each([
    ['that only resembles the one of a backup', (path: string) => linkSync(path, `${path}.partial-0123`)],
    ['that has a log beside it', (path: string) => writeFileSync(`${leftByBackup(path)}-wal`, '')],
  ])('is not told to remove a name %s', async (_, link) => {
    const { path, storage } = await aStore();
    await storage.close();
    link(path);

    await expect(openSqliteStorage({ path })).rejects.toMatchObject({
      code: 'STORE_SECOND_NAME',
      hint: expect.stringMatching(/^Stop the programs that use the store.* contains `.partial-`, rename it/) as string,
    });
  });

  test('is not told to remove the name of a backup that this process still makes', async () => {
    const { path, storage } = await aStore();
    const place = newPath();
    using backup = await beginBackup(place, path);
    linkSync(backup.path, place);

    await expect(openSqliteStorage({ path: place })).rejects.toMatchObject({
      code: 'STORE_SECOND_NAME',
      hint: expect.stringMatching(/^Stop the programs that use the store/) as string,
    });

    await storage.close();
  });

  test.each(COMPANIONS)('keeps all its files when a later backup removes what killed ones left: %s', async (suffix) => {
    const { path, storage } = await aStore();
    const place = newPath();
    const kept = leftFiles(place, 'a');
    linkSync(kept[COMPANIONS.indexOf(suffix)] ?? '', join(folderOf(newPath()), 'other'));
    const left = leftFiles(place, 'b');

    (await beginBackup(place, path))[Symbol.dispose]();

    expect(kept.map((file) => existsSync(file))).toEqual([true, true, true, true]);
    expect(left.map((file) => existsSync(file))).toEqual([false, false, false, false]);
    await storage.close();
  });

  test('is not opened by the name of an incomplete backup, nor a file that has only that name', async () => {
    const { path, storage } = await aStore();
    await storage.close();
    const left = leftByBackup(path);

    // Nothing fills a file of that name: waiting does not help.
    const hint = expect.stringMatching(
      /^Take a new backup: .* Rename it, and the files beside it, only if you know that it is complete/,
    ) as string;
    const refused = { code: 'STORE_PARTIAL_NAME', retryable: false, hint };
    await expect(openSqliteStorage({ path: left })).rejects.toMatchObject(refused);
    rmSync(path);
    await expect(openSqliteStorage({ path: left })).rejects.toMatchObject(refused);
    await expect(beginBackup(path, left)).rejects.toMatchObject(refused);

    expect(existsSync(left)).toBe(true);
  });

  test('is not made with the name of an incomplete backup, and the error says nothing of a file', async () => {
    const path = `${newPath()}.partial-${'0'.repeat(16)}`;

    await expect(openSqliteStorage({ path })).rejects.toMatchObject({
      code: 'STORE_PARTIAL_NAME',
      message: expect.stringMatching(/is the name of a backup that is not complete\.$/) as string,
      hint: expect.stringMatching(/^There is no such file\. Use a name without/) as string,
    });
    expect(existsSync(path)).toBe(false);
  });

  test('is not opened by the name of an incomplete backup in capitals', async () => {
    const { path, storage } = await aStore();
    await storage.close();
    // On a disk that does not tell the cases of letters apart, this is the same file as with small ones.
    const inCapitals = `${path}.PARTIAL-${'A'.repeat(16)}`;
    copyFileSync(path, inCapitals);

    await expect(openSqliteStorage({ path: inCapitals })).rejects.toMatchObject({ code: 'STORE_PARTIAL_NAME' });
  });

  test('is opened by the name of an incomplete backup by the process that makes it, until it is complete', async () => {
    const { path, storage } = await aStore();
    const folder = folderOf(newPath());
    symlinkSync(folder, `${folder}-link`);
    // The folder of the backup is made for it, below a link.
    const backup = await beginBackup(join(`${folder}-link`, 'new', 'backup.db'), path);

    const rows = await openSqliteRows({ path: backup.path, mode: 'read-only' });
    await rows[Symbol.asyncDispose]();
    await backup.seal(BACKUP);
    backup.publish();

    const again = openSqliteRows({ path: backup.path, mode: 'read-only' });
    await expect(again).rejects.toMatchObject({ code: 'STORE_PARTIAL_NAME' });
    rmSync(`${folder}-link`);
    await storage.close();
  });

  test('is neither written nor read any more if it was open before', async () => {
    const { path, storage } = await aStore();
    await add(storage, aSession());
    linkSync(path, join(folderOf(newPath()), 'other.db'));

    const written = storage.transact(HELD, () => aDecision(1));

    await expect(written).rejects.toMatchObject({ code: 'STORE_SECOND_NAME' });
    await expect(storage.read.namespaces()).rejects.toMatchObject({ code: 'STORE_SECOND_NAME' });
    await storage.close();
  });
});

describe.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)('a mount (needs root)', () => {
  test('of the file alone is refused; of its folder it is not', async () => {
    const { path, storage } = await aStore();
    await storage.close();
    const folder = folderOf(newPath());
    const alone = join(folder, 'alone.db');
    writeFileSync(alone, '');
    mkdirSync(join(folder, 'whole'));
    const mounts = [`mount --bind "${path}" "${alone}"`, `mount --bind "${folderOf(path)}" "${folder}/whole"`];
    const inNamespace = ['unshare', '--mount', 'sh', '-c', `${mounts.join(' && ')} && exec "$@"`, 'sh'];

    expect(inAnotherProcess(opened(alone), inNamespace)).toBe('STORE_SECOND_NAME');
    expect(inAnotherProcess(opened(join(folder, 'whole', 'store.db')), inNamespace)).toBe('opened');
  });
});

/** The name that a backup has until it is complete, as a second one. */
function leftByBackup(path: string): string {
  const name = `${path}.partial-0123456789abcdef`;
  linkSync(path, name);
  return name;
}
