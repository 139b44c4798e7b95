/**
 * A log that goes away while the store is open:
 * - a store whose log is deleted or replaced while it is open is neither written nor read any more
 * - a commit that others cannot see is not acknowledged
 * - a log that is replaced after the answer to a commit is not brought into the file
 * - a store that lost its log leaves what other processes wrote since as it is, also where it loses it while it closes:
 *   before it brings the log into the file, or meanwhile; if no call was told of the loss, closing tells it
 * - the rows of a store that is moved or restored are neither written nor read by way of a lost log
 * - a second opening in the process that lost the log is refused, until the first one is closed
 * - so is one in another process, which is told of the first; a store that is opened or closed just then is waited for
 * - no store and no backup is made where the log of another store lies, and nothing of that log is touched
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { openSqliteStorage } from '../src/index.ts';
import { beginBackup } from '../src/place/backup.ts';
import { openSqliteRows } from '../src/copy/row-store.ts';
import { Writer } from '../src/work/writer.ts';
import { aDecision, aSession, aStore, aTask, add } from './factories.ts';
import { look } from './files.ts';
import { newPath } from './temporary-store.ts';
import { onCommitting } from './open-process.ts';
import { inAnotherProcess } from './another-process.ts';

const NEW = { by: 'new', namespace: 'default', sessionIds: [], taskIds: [], dedupeKeys: [] } as const;
const HELD = { by: 'held', namespace: 'default', limit: 1, after: null } as const;

/** Adds a table, runs a pragma, and is killed. The product itself begins no second log beside a store in use. */
const tableByAnother = (path: string, pragma = 'user_version') => `
  import Database from 'better-sqlite3';
  const db = new Database(${JSON.stringify(path)});
  db.exec('CREATE TABLE another AS SELECT 1 AS value');
  db.pragma('${pragma}');
  process.kill(process.pid, 'SIGKILL');`;

const losses: Record<string, (path: string) => void> = {
  'log deleted': (path) => rmSync(`${path}-wal`),
  'index of the log deleted': (path) => rmSync(`${path}-shm`),
  'log moved': (path) => renameSync(`${path}-wal`, `${path}-old`),
  'log replaced': (path) => {
    renameSync(`${path}-wal`, `${path}-old`);
    writeFileSync(`${path}-wal`, '', { mode: 0o600 });
  },
};

test.each(Object.entries(losses))('%s: neither written nor read any more', async (_, lose) => {
  const { path, storage } = await aStore();
  await add(storage, aSession(), [aTask()]);
  lose(path);

  const written = storage.transact(HELD, () => aDecision(1));

  await expect(written).rejects.toMatchObject({ code: 'STORE_REPLACED' });
  await expect(storage.read.task('default', 't1')).rejects.toMatchObject({ code: 'STORE_REPLACED' });
  await storage.close();
});

test.each(Object.entries(losses))('%s during a commit: it is not acknowledged', async (_, lose) => {
  const { path, storage } = await aStore();
  await add(storage, aSession({ id: 's0' }));
  let losing = true;
  onCommitting?.(() => {
    if (losing) lose(path);
    losing = false;
  });

  const added = add(storage, aSession(), [aTask()]);

  await expect(added).rejects.toMatchObject({ code: 'STORE_REPLACED' });
  await storage.close();
});

test.each(Object.entries(losses))('%s after an answer: the log is not brought into the file', async (_, lose) => {
  const { path, storage } = await aStore({ synchronous: 'FULL' });
  await add(storage, aSession());
  const checkpoint = vi.spyOn(Writer.prototype, 'shortenLog');
  let before: Buffer | null = null;

  // The answer's own continuation: it runs before the log is brought into the file, which has become long enough.
  const written = storage
    .transact(NEW, () => aDecision('done', { tasks: muchWork() }))
    .then((reply) => {
      lose(path);
      before = readFileSync(path);
      return reply;
    });

  expect(await written).toBe('done');
  await new Promise((resume) => setImmediate(resume));
  await expect(storage.transact(HELD, () => aDecision(1))).rejects.toMatchObject({ code: 'STORE_REPLACED' });
  await storage.close();
  expect(checkpoint).not.toHaveBeenCalled();
  expect(readFileSync(path).equals(before ?? Buffer.of())).toBe(true);
  checkpoint.mockRestore();
});

test('what other processes wrote after an answer stays as it is', async () => {
  const { path, storage } = await aStore({ synchronous: 'FULL' });
  await add(storage, aSession());

  await storage
    .transact(NEW, () => aDecision(null, { tasks: muchWork() }))
    .then(() => {
      for (const suffix of ['-wal', '-shm']) rmSync(path + suffix);
      return inAnotherProcess(tableByAnother(path, 'wal_checkpoint(TRUNCATE)'));
    });
  await new Promise((resume) => setImmediate(resume));
  await expect(storage.transact(HELD, () => aDecision(1))).rejects.toMatchObject({ code: 'STORE_REPLACED' });
  await storage.close();

  expectTable(path);
});

test('what other processes wrote since stays, even if the last of them was killed', async () => {
  const { path, storage } = await aStore();
  await add(storage, aSession({ id: 'before' }));
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix);
  inAnotherProcess(tableByAnother(path));

  await expect(storage.close()).rejects.toMatchObject({ code: 'STORE_REPLACED' });

  expectTable(path);
});

describe.each([
  ['before it brings the log into the file', beforeLook],
  ['while it brings the log into the file', afterCheckpoint],
])('and the store closes: others write %s', (_where, atMoment) => {
  test.each(['user_version', 'wal_checkpoint(TRUNCATE)'])('and the last of them runs %s', async (pragma) => {
    const { path, storage } = await aStore({ synchronous: 'FULL' });
    await add(storage, aSession());
    using _ = atMoment(() => {
      for (const suffix of ['-wal', '-shm']) rmSync(path + suffix);
      inAnotherProcess(tableByAnother(path, pragma));
    });

    // The answer's own continuation: the log is long, and not yet brought into the file.
    const closed = storage.transact(NEW, () => aDecision(null, { tasks: muchWork() })).then(() => storage.close());

    await expect(closed).rejects.toMatchObject({ code: 'STORE_REPLACED' });
    expectTable(path);
  });
});

test('closing tells nothing that a call was told', async () => {
  const { path, storage } = await aStore();
  await add(storage, aSession());
  rmSync(`${path}-wal`);
  await expect(storage.transact(HELD, () => aDecision(1))).rejects.toMatchObject({ code: 'STORE_REPLACED' });

  await expect(storage.close()).resolves.toBeUndefined();
});

test('rows are neither written nor read any more', async () => {
  const { path, storage } = await aStore();
  await storage.close();
  const rows = await openSqliteRows({ path });
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix);

  const state = { status: 'moving', address: 'sqlite:/new.db', id: 'm1', at: 1 } as const;
  await expect(rows.changeStoreState(null, state)).rejects.toMatchObject({ code: 'STORE_REPLACED' });
  await expect(rows.lastEventId()).rejects.toMatchObject({ code: 'STORE_REPLACED' });
  await rows[Symbol.asyncDispose]();
});

test('a second opening in the same process is refused, until the first one is closed', async () => {
  const { path, storage } = await aStore();
  await storage.read.namespaces();
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix);

  // Which of the two depends on what SQLite still finds in its memory of the log.
  const refused = { code: expect.stringMatching(/^STORE_(REPLACED|IO)$/) as string };
  await expect(openSqliteStorage({ path })).rejects.toMatchObject(refused);

  await expect(storage.close()).rejects.toMatchObject({ code: 'STORE_REPLACED' });
  await (await openSqliteStorage({ path })).close();
});

test.skipIf(process.platform !== 'linux')(
  'without -wal, -shm or both another process is refused, and told who has the store open',
  async () => {
    const losses = [['-wal'], ['-shm'], ['-wal', '-shm']];
    const stores = await Promise.all(losses.map(() => aStore()));
    for (const [at, { path, storage }] of stores.entries()) {
      await add(storage, aSession());
      for (const suffix of losses[at] ?? []) rmSync(path + suffix);
    }

    // Some wait for a lock as long as they may: so all of them do at once.
    const refused = inAnotherProcess(`
      import { openSqliteRows, openSqliteStorage } from '@agent-orchestrator/storage-sqlite';
      import { checkPlace } from '../src/place/check.ts';
      import { emptyLog } from '../src/place/fix.ts';
      import { inspectPlace } from '../src/place/inspect.ts';
      const calls = ${JSON.stringify(stores.map(({ path }) => path))}.flatMap((path) => {
        const opening = { path, busyTimeoutMs: 100 };
        return [
          ...['create', 'existing', 'read-only'].map((mode) => () => openSqliteStorage({ ...opening, mode })),
          () => openSqliteRows(opening), () => checkPlace(path), () => inspectPlace(path), () => emptyLog(path),
        ];
      });
      await Promise.all(calls.map((call) => call().then(
        () => console.log('opened'),
        ({ code, message }) => console.log(code, message.includes('process ${process.pid} (')))));`);

    expect(refused.split('\n')).toEqual(Array.from({ length: 3 * 7 }, () => 'STORE_REPLACED true'));
    for (const { storage } of stores) await expect(storage.close()).rejects.toMatchObject({ code: 'STORE_REPLACED' });
  },
);

describe.each(['-wal', '-journal'])('where only %s of another store lies', (suffix) => {
  test.each<[what: string, (path: string) => Promise<unknown>]>([
    ['no store is made', (path) => openSqliteStorage({ path })],
    ['no backup is made', (path) => beginBackup(path, null)],
  ])('%s, and the log stays', async (_, make) => {
    const path = newPath();
    writeFileSync(path + suffix, 'commits', { mode: 0o600 });

    await expect(make(path)).rejects.toMatchObject({ code: 'STORE_REPLACED' });

    expect(readFileSync(path + suffix, 'utf8')).toBe('commits');
    expect(existsSync(path)).toBe(false);
  });
});

test('an empty file beside a log is no place for a store', async () => {
  const path = newPath();
  for (const [suffix, text] of [
    ['', ''],
    ['-wal', 'commits'],
  ] as const)
    writeFileSync(path + suffix, text, { mode: 0o600 });

  await expect(openSqliteStorage({ path })).rejects.toMatchObject({ code: 'STORE_REPLACED' });

  expect(readFileSync(`${path}-wal`, 'utf8')).toBe('commits');
});

/** Enough for a log that is brought into the file: about 1,250 pages. */
function muchWork() {
  const payload = JSON.stringify('x'.repeat(1_000_000));
  return Array.from({ length: 5 }, (_, at) => ({ before: null, after: aTask({ id: `big${at}`, payload }) }));
}

/** Once, when the log was found to be long, and the files were not looked at since. */
function beforeLook(act: () => void) {
  // oxlint-disable-next-line typescript/unbound-method -- called on the writer it was taken from
  const { hasLongLog } = Writer.prototype;
  const spy = vi.spyOn(Writer.prototype, 'hasLongLog').mockImplementation(function (this: Writer, fileBytes) {
    const isLong = hasLongLog.call(this, fileBytes);
    if (isLong) spy.mockRestore();
    if (isLong) act();
    return isLong;
  });
  return spy;
}

/** Once, when the pages of the log are in the file, which is not yet closed. */
function afterCheckpoint(act: () => void) {
  // oxlint-disable-next-line typescript/unbound-method -- called on the writer it was taken from
  const { shortenLog } = Writer.prototype;
  const spy = vi.spyOn(Writer.prototype, 'shortenLog').mockImplementation(function (this: Writer) {
    shortenLog.call(this);
    spy.mockRestore();
    act();
  });
  return spy;
}

/** What another process committed is there, and the file is whole. */
function expectTable(path: string): void {
  expect(look(path, (db) => db.prepare('SELECT value FROM another').pluck().get())).toBe(1);
  expect(look(path, (db) => db.pragma('integrity_check', { simple: true }))).toBe('ok');
}
