/**
 * Promises of group commit, where the database itself refuses a call:
 * - what a call of a group may not write is undone alone, and the others are saved
 * - the calls of a group see each other's rows, fences and numbers; what an undone call took is free again
 * - a receipt is found, whichever connection wrote it, whether its command id is old or new, and in each namespace
 * - a new command looks once for receipts after others wrote, and else not at all
 * - a row that is not as it was loaded fails its call
 * - a call that throws harms no other
 * - a commit that fails fails its group, and the next group works
 * - a locked store is waited for, and after the time limit reported as busy
 * - who had the lock a moment ago leaves it to others for longer than who comes with new work
 * - with FULL, the log is brought into the file while it is short; with NORMAL it may grow; the callers of the commit
 *   that made it long have their answers before
 * - so it is by processes that commit once, while another one keeps the store open
 * - calls under way when the storage is closed are finished; later ones are refused
 * - a snapshot sees one state, while others write and read
 * - a storage cannot be handed to another thread
 */
import { statSync } from 'node:fs';
import type { Storage } from '@agent-orchestrator/core';
import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { Writer } from '../src/work/writer.ts';
import { aDecision, anEvent, aReceipt, aSession, aStore, aTask, add } from './factories.ts';

const ABOUT = { by: 'sessions', namespace: 'default', sessions: [{ sessionId: 's1' }] } as const;
const NEW = { by: 'new', namespace: 'default', sessionIds: [], taskIds: [], dedupeKeys: [] } as const;

const created = (id: string) => ({ before: null, after: aTask({ id }) });

test('what one call of a group may not write is undone alone', async () => {
  const { storage } = await aStore();
  await add(storage, aSession(), [aTask()]);

  const results = await Promise.allSettled([
    storage.transact(NEW, () => aDecision('first', { tasks: [created('t2')] })),
    storage.transact(NEW, () => aDecision('refused', { tasks: [created('t3'), created('t1')] })),
    storage.transact(NEW, ({ greatestFence }) => {
      const events = [anEvent({ seq: 2, leaseEffect: 'granted', fence: greatestFence + 1 }), anEvent({ seq: 2 })];
      return aDecision('refused too', { events });
    }),
    storage.transact(NEW, ({ greatestFence }) => aDecision(greatestFence, { tasks: [created('t4')] })),
  ]);

  expect(results).toMatchObject([
    { status: 'fulfilled', value: 'first' },
    { status: 'rejected', reason: { code: 'INTERNAL' } },
    { status: 'rejected', reason: { code: 'INTERNAL' } },
    { status: 'fulfilled', value: 0 },
  ]);
  const tasks = await storage.read.tasks({ namespace: 'default', limit: 10 });
  expect(tasks.items.map(({ id }) => id)).toEqual(['t1', 't2', 't4']);
  expect((await storage.read.events({ namespace: 'default', sessionId: 's1', limit: 10 })).items).toHaveLength(1);
  await storage.close();
});

test("the calls of a group see each other's rows, fences and numbers", async () => {
  const { storage } = await aStore();
  const fence = 1_000;
  const adding = (id: string) =>
    storage.transact({ ...NEW, sessionIds: [id], taskIds: [id] }, ({ greatestFence, numbers }) => {
      const [number = 0] = numbers;
      const granted = Math.max(greatestFence + 1, fence);
      return aDecision([number, granted], {
        sessions: [{ before: null, after: aSession({ id, number }) }],
        tasks: [{ before: null, after: aTask({ id, sessionId: id, number }) }],
        events: [anEvent({ sessionId: id, leaseEffect: 'granted', fence: granted })],
      });
    });
  const refs = [{ fence: fence + 1 }, { sessionId: 's1' }, { fence }, { fence: 7 }];

  const results = await Promise.allSettled([
    adding('s1'),
    adding('s2'),
    // Its session is there already.
    adding('s1'),
    adding('s3'),
    storage.transact({ by: 'sessions', namespace: 'default', sessions: refs }, ({ named, sessions }) =>
      aDecision([named.map((one) => one?.sessionId), sessions.map(({ head }) => head?.id)]),
    ),
  ]);

  expect(results).toMatchObject([
    { value: [1, fence] },
    { value: [2, fence + 1] },
    { status: 'rejected', reason: { code: 'INTERNAL' } },
    { value: [3, fence + 2] },
    {
      value: [
        ['s2', 's1', 's1', undefined],
        ['s2', 's1'],
      ],
    },
  ]);
  await storage.close();
});

test('a row that is not as it was loaded fails its call', async () => {
  const { storage } = await aStore();
  await add(storage, aSession(), [aTask()]);

  const stale = storage.transact(ABOUT, () =>
    aDecision(null, { sessions: [{ before: aSession({ version: 7 }), after: aSession({ version: 8 }) }] }),
  );

  await expect(stale).rejects.toMatchObject({ code: 'INTERNAL' });
  await storage.close();
});

test('a call that throws harms no other', async () => {
  const { storage } = await aStore();
  const thrown = new Error('not like this');

  const results = await Promise.allSettled([
    storage.transact(NEW, () => aDecision(1)),
    storage.transact(NEW, () => {
      throw thrown;
    }),
    storage.transact(NEW, () => aDecision(3)),
  ]);

  expect(results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason))).toEqual([
    1,
    thrown,
    3,
  ]);
  await storage.close();
});

test('a locked store is waited for', async () => {
  const { path, storage } = await aStore();
  const other = new Database(path, { timeout: 0 });
  other.exec('BEGIN IMMEDIATE');

  const waiting = storage.transact(NEW, () => aDecision('done'));
  setTimeout(() => other.exec('COMMIT'), 50);

  expect(await waiting).toBe('done');
  other.close();
  await storage.close();
});

test('who had the lock a moment ago leaves it to others, who comes with new work does not', async () => {
  const { path, storage } = await aStore();
  const other = new Database(path);
  const clock = vi.spyOn(performance, 'now').mockReturnValue(1_000);
  const pauses = async () => {
    other.exec('BEGIN IMMEDIATE');
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const seen = () => timers.mock.calls.map(([, ms = 0]) => ms).filter((ms) => ms % 1 !== 0);
    const called = storage.transact(NEW, () => aDecision('done'));
    await vi.waitFor(() => expect(seen().length).toBeGreaterThan(1));
    other.exec('COMMIT');
    await called;
    const [first = 0, second = 0] = seen();
    timers.mockRestore();
    return [first, second];
  };
  await storage.transact(NEW, () => aDecision('had it'));

  const after = await pauses();
  clock.mockReturnValue(1_005);
  const fresh = await pauses();

  expect([after[0]! < 2, after[1]! >= 6, fresh[0]! >= 1, fresh[1]! >= 1 && fresh[1]! < 3]).toEqual([
    true,
    true,
    true,
    true,
  ]);
  clock.mockRestore();
  other.close();
  await storage.close();
});

test('a store that stays locked is reported as busy, and can be read meanwhile', async () => {
  const { path, storage } = await aStore({ busyTimeoutMs: 100 });
  await add(storage, aSession());
  const other = new Database(path, { timeout: 0 });
  other.exec('BEGIN IMMEDIATE');

  await expect(storage.transact(NEW, () => aDecision(1))).rejects.toMatchObject({
    code: 'STORE_BUSY',
    retryable: true,
  });
  expect((await storage.read.session('default', 's1'))?.session.id).toBe('s1');

  other.exec('ROLLBACK');
  expect(await storage.transact(NEW, () => aDecision(2))).toBe(2);
  other.close();
  await storage.close();
});

test.each([
  ['SQLITE_IOERR_FSYNC', 'STORE_IO'],
  ['SQLITE_FULL', 'STORE_FULL'],
])('a commit that fails with %s fails its whole group with %s, and the next one works', async (driver, code) => {
  const { storage } = await aStore();
  await add(storage, aSession());
  const commit = vi.spyOn(Writer.prototype, 'commit').mockImplementationOnce(() => {
    throw Object.assign(new Error('the disk said no'), { code: driver });
  });
  const adding = (id: string) => storage.transact(NEW, () => aDecision(id, { tasks: [created(id)] }));

  const results = await Promise.allSettled([adding('t1'), adding('t2')]);
  commit.mockRestore();

  expect(results).toMatchObject([
    { status: 'rejected', reason: { code, retryable: true } },
    { status: 'rejected', reason: { code, retryable: true } },
  ]);
  expect(await adding('t1')).toBe('t1');
  expect((await storage.read.tasks({ namespace: 'default', limit: 10 })).items.map(({ id }) => id)).toEqual(['t1']);
  await storage.close();
});

/** Answers the id of the receipt of an earlier command, or leaves one. */
const done = (by: Storage, commandId: string, namespace = 'default') =>
  by.transact({ ...NEW, namespace, commandId }, ({ receipt, now }) =>
    aDecision(receipt?.commandId ?? null, {
      receipt: receipt === null ? aReceipt({ namespace, commandId, at: now }) : null,
    }),
  );

/** As many ids of commands, of which each is greater than those before. */
const commandIds = (count: number) =>
  Array.from({ length: count }, (_, time) => `019a0f3c-7e1${time}-7abc-8def-0123456789ab`);

test('a receipt is found, whichever connection wrote it, and whether its command id is old or new', async () => {
  const { path, storage } = await aStore();
  const { storage: other } = await aStore({ path });
  await add(storage, aSession());
  const ids = commandIds(4);
  const [first = '', second = '', third = '', fourth = ''] = ids;

  // Each of them is new when it comes: between, before and after those that are there.
  expect(await done(storage, second)).toBeNull();
  expect(await done(other, first)).toBeNull();
  expect(await done(storage, fourth)).toBeNull();
  expect(await done(other, third)).toBeNull();

  for (const by of [storage, other]) for (const id of ids) expect(await done(by, id)).toBe(id);
  await storage.close();
  await other.close();
});

test('a receipt is found where one connection writes alone, in each namespace', async () => {
  const { path, storage } = await aStore();
  for (const namespace of ['default', 'other']) await add(storage, aSession({ namespace, id: namespace }));
  const [first = '', second = '', third = ''] = commandIds(3);

  for (const id of [first, second]) {
    expect(await done(storage, id)).toBeNull();
    expect(await done(storage, id)).toBe(id);
  }
  // It is new there, and older than what was just looked for in another namespace.
  expect(await done(storage, first, 'other')).toBeNull();
  expect(await done(storage, second)).toBe(second);
  expect(await done(storage, third)).toBeNull();
  expect(await done(storage, first, 'other')).toBe(first);
  await storage.close();

  const { storage: later } = await aStore({ path });
  expect(await done(later, first, 'other')).toBe(first);
  expect(await done(later, third)).toBe(third);
  await later.close();
});

test('a new command looks once for receipts after others wrote, and else not at all', async () => {
  const { path, storage } = await aStore();
  await add(storage, aSession());
  const [first = '', ...later] = commandIds(4);
  await done(storage, first);
  const other = new Database(path);
  const get = vi.spyOn(Object.getPrototypeOf(other.prepare('SELECT 1')) as Database.Statement, 'get');
  const statements = get.mock.contexts as Database.Statement[];

  other.exec(`INSERT INTO namespaces (name) VALUES ('other')`);
  for (const id of later) expect(await done(storage, id)).toBeNull();

  expect(statements.filter(({ source }) => source.includes('FROM receipts'))).toHaveLength(1);
  get.mockRestore();
  other.close();
  await storage.close();
});

test.each([
  ['FULL', 'is brought into the file while it is short', 500, 1_800],
  ['NORMAL', 'may grow', 4_000, 8_000],
] as const)('with %s, the log %s', async (synchronous, _what, pagesMin, pagesMax) => {
  const { path, storage } = await aStore({ synchronous });
  await add(storage, aSession());
  const payload = JSON.stringify('x'.repeat(100_000));
  const adding = (id: string) =>
    storage.transact(NEW, () => aDecision(null, { tasks: [{ before: null, after: aTask({ id, payload }) }] }));

  // Each changes about 32 pages.
  for (let count = 0; count < 160; count += 1) await adding(`big${count}`);

  const pages = statSync(`${path}-wal`).size / 4_120;
  expect(pages).toBeGreaterThan(pagesMin);
  expect(pages).toBeLessThan(pagesMax);
  await storage.close();
});

test.each([
  ['FULL', 5],
  // More than the 8,000 pages of SQLite's own rule as well.
  ['NORMAL', 34],
] as const)('with %s, callers are answered before the log is brought into the file', async (synchronous, megabytes) => {
  const { path, storage } = await aStore({ synchronous });
  await add(storage, aSession());
  const payload = JSON.stringify('x'.repeat(1_000_000));
  const tasks = Array.from({ length: megabytes }, (_, at) => ({
    before: null,
    after: aTask({ id: `big${at}`, payload }),
  }));
  const before = statSync(path).size;

  const atAnswer = await storage.transact(NEW, () => aDecision(null, { tasks })).then(() => statSync(path).size);
  await new Promise((resume) => setImmediate(resume));

  expect(atAnswer).toBe(before);
  expect(statSync(path).size).toBeGreaterThan(megabytes * 1_000_000);
  await storage.close();
});

test('processes that commit once bring the log into the file, while another one keeps the store open', async () => {
  const { path, storage } = await aStore();
  await add(storage, aSession());
  const payload = JSON.stringify('x'.repeat(1_000_000));

  // Each changes about 250 pages.
  for (let count = 0; count < 8; count += 1) {
    const { storage: other } = await aStore({ path });
    const after = aTask({ id: `big${count}`, payload });
    await other.transact(NEW, () => aDecision(null, { tasks: [{ before: null, after }] }));
    await other.close();
  }

  expect(statSync(`${path}-wal`).size / 4_120).toBeLessThan(1_500);
  await storage.close();
});

test('a snapshot sees one state, while others write and read', async () => {
  const { storage } = await aStore();
  await add(storage, aSession());

  await storage.read.snapshot(async (reader) => {
    await add(storage, aSession({ id: 's2' }));

    expect(await reader.session('default', 's2')).toBeNull();
    expect(await storage.read.session('default', 's2')).not.toBeNull();
    expect((await reader.sessions({ namespace: 'default', limit: 10 })).items).toHaveLength(1);
  });

  expect(await storage.read.snapshot((reader) => reader.session('default', 's2'))).not.toBeNull();
  await storage.close();
});

test('closing finishes what is under way and refuses what comes later', async () => {
  const { storage } = await aStore();
  const underWay = storage.transact(NEW, () => aDecision('finished'));

  const closing = storage.close();

  expect(await underWay).toBe('finished');
  await closing;
  await expect(storage.transact(NEW, () => aDecision(1))).rejects.toMatchObject({ code: 'STORE_CLOSED' });
  await expect(storage.read.task('default', 't1')).rejects.toMatchObject({ code: 'STORE_CLOSED' });
  await storage.close();
});

test('a storage cannot be sent to another thread', async () => {
  const { storage } = await aStore();

  expect(() => structuredClone(storage)).toThrow('could not be cloned');
  await storage.close();
});
