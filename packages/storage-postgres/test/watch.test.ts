/*
 * Wake-ups when the listener fails:
 *  - it was killed: watchers are told all the same, and soon there is a new one
 *  - behind a pooler there is none, watchers are told all the same, and the process says once what to do
 *  - a watcher that could not begin does not count as one
 *  - a hint that waits for a lock holds up no work on its connection
 *  - a hint that is not answered holds up no end of the program
 *  - a watch that begins while its storage closes is refused
 *  - closing waits for a look that is under way, and not for long
 */
import { expect, test, vi } from 'vitest';
import type { Answer } from '../src/connection.ts';
import { TIMEOUTS } from '../src/server/transactions.ts';
import { ChangeWatcher, POOLED } from '../src/watch.ts';
import { withAdmin } from './harness/databases.ts';
import { Proxy } from './harness/proxy.ts';
import { isTold, newDatabase, openStorage, orchestratorOn, until, warningsOf } from './open-database.ts';

const LISTENERS = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'LISTEN%'`;

/** How many listeners a database has. */
async function listeners(adminUrl: string): Promise<number[]> {
  return withAdmin(adminUrl, async (sql) => (await sql.unsafe(LISTENERS)).map((row) => row['pid'] as number));
}

test('when the listener is killed, changes are told all the same, and soon there is a new one', async () => {
  const { url, adminUrl } = await newDatabase();
  const [watching, changing] = [await openStorage(url), await openStorage(url)];
  const stop = await watching.watch(() => {});
  const before = await listeners(adminUrl);

  await withAdmin(adminUrl, async (sql) => void (await sql`SELECT pg_terminate_backend(${before[0] ?? 0})`));

  expect(before).toHaveLength(1);
  expect(await isTold(watching, changing)).toBe(true);
  await until(async () => (await listeners(adminUrl)).length === 1);
  expect(await listeners(adminUrl)).not.toEqual(before);
  await stop();
});

test('behind a pooler there is no listener, changes are told all the same, and it is said once', async () => {
  const said = warningsOf(POOLED);
  const { url, adminUrl } = await newDatabase();
  const proxy = await Proxy.before(url);
  proxy.isPooler = true;
  const [watching, changing] = [await openStorage(proxy.through(url)), await openStorage(url)];
  const another = await openStorage(proxy.through(url));
  const stop = await watching.watch(() => {});

  expect(await isTold(watching, changing)).toBe(true);
  expect(await isTold(another, changing)).toBe(true);
  expect(await listeners(adminUrl)).toEqual([]);
  expect(said).toEqual([expect.stringContaining('address of the server itself')]);
  await stop();
  await Promise.all([watching.close(), another.close()]);
  await proxy.close();
});

test('a watcher that could not begin does not count as one: the next is told', async () => {
  const { adminUrl } = await newDatabase({ migrated: false });
  const watching = await openStorage(adminUrl);
  const changing = await openStorage(adminUrl);

  await expect(watching.watch(() => {})).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
  await changing.migrate();

  expect(await isTold(watching, changing)).toBe(true);
});

test('a hint that another transaction holds up does not hold up the work on its connection', async () => {
  const { url, adminUrl } = await newDatabase();
  const orchestrator = orchestratorOn(await openStorage(url));

  const tookMs = await withAdmin(adminUrl, (sql) =>
    sql.begin(async (locking) => {
      await locking`ALTER SEQUENCE orchestrator.changes CACHE 1`;
      // Tells the others by a hint, which waits for the sequence.
      await orchestrator.enqueueTask({});
      const from = performance.now();
      await orchestrator.enqueueTask({});
      return performance.now() - from;
    }),
  );

  expect(tookMs).toBeLessThan(TIMEOUTS.lock_ms / 2);
});

function notConnected(): never {
  throw new Error('not connected');
}

/** A watcher whose reads are answered by hand. */
function watcherByHand() {
  const reads: ((answers: readonly Answer[]) => void)[] = [];
  const newConnection = vi.fn<() => never>(notConnected);
  const watcher = new ChangeWatcher({
    read: () => new Promise((answer) => reads.push(answer)),
    tell: () => Promise.resolve(),
    isDirect: () => Promise.resolve(true),
    newConnection,
  });
  return { watcher, reads, newConnection };
}

test('a watch that begins while its storage closes is refused', async () => {
  const { watcher, reads, newConnection } = watcherByHand();
  const added = watcher.add(() => {});
  await watcher.close();

  reads[0]?.([]);

  await expect(added).rejects.toMatchObject({ code: 'STORE_CLOSED' });
  expect(newConnection).not.toHaveBeenCalled();
});

test.each([
  ['a look that is under way', true],
  ['a look that is never answered, but not for long', false],
])('closing waits for %s', async (_what, isAnswered) => {
  const { watcher, reads } = watcherByHand();
  const added = watcher.add(() => {});
  reads[0]?.([]);
  await added;
  await until(() => reads.length === 2);
  let isClosed = false;

  const closed = watcher.close().then(() => (isClosed = true));
  await new Promise((resume) => setImmediate(resume));
  const before = isClosed;
  if (isAnswered) reads[1]?.([]);
  await closed;

  expect(before).toBe(false);
  expect(reads).toHaveLength(2);
});

test('a hint that is not answered does not hold up the end of the program', async () => {
  let told = 0;
  const watcher = new ChangeWatcher({
    read: () => Promise.reject(new Error('not read')),
    tell: () => {
      told += 1;
      return new Promise(() => {});
    },
    isDirect: () => Promise.resolve(true),
    newConnection: notConnected,
  });
  watcher.announce(true);
  watcher.announce(true);

  const from = performance.now();
  await watcher.close();

  expect(told).toBe(2);
  expect(performance.now() - from).toBeLessThan(2_000);
});
