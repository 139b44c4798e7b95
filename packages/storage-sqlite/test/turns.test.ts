// Long series of reads, such as verify and lists to their end make, and of calls that write:
// - the event loop turns every 10 ms meanwhile, in a snapshot and outside of one
// - timers, sockets and signals get their turn while one caller calls again at each answer, and while many calls wait
// - a few reads, and a few calls after each other, do not wait for a turn of the event loop
// - a process that shares the file with another writer gives way: before the next call of a caller that calls again,
//   and before one that comes later; then not again until it has worked for 40 ms, and not to others that write no more
import { once } from 'node:events';
import process from 'node:process';
import type { Reader, Storage } from '@agent-orchestrator/core';
import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { openSqliteStorage } from '../src/index.ts';
import { aDecision, aSession, aStore, aTask, add } from './factories.ts';
import { newPath } from './temporary-store.ts';

const SERIES_MS = 200;

async function opened() {
  const storage = await openSqliteStorage({ path: newPath() });
  await storage.migrate();
  return { read: storage.read, [Symbol.asyncDispose]: () => storage.close() };
}

test.each<[string, (read: Reader, series: (reader: Reader) => Promise<void>) => Promise<void>]>([
  ['outside of a snapshot', (read, series) => series(read)],
  ['in a snapshot', (read, series) => read.snapshot(series)],
])('the event loop turns every 10 ms during many reads %s', async (_where, inPlace) => {
  await using storage = await opened();
  await storage.read.now();
  // The clock is that of the test: a busy machine makes each turn longer, and changes nothing of this.
  let now = Math.ceil(performance.now());
  using _ = vi.spyOn(performance, 'now').mockImplementation(() => now);
  let turns = { end: () => 0 };

  await inPlace(storage.read, async (reader) => {
    turns = countTurns();
    for (let reads = 0; reads < SERIES_MS; reads += 1) {
      await reader.tasks({ namespace: 'default', limit: 100 });
      now += 1;
    }
  });

  // The first turn is the one in which the series begins. Nothing else waits for the event loop.
  const expected = SERIES_MS / 10 - 1;
  const counted = turns.end();
  expect(counted).toBeGreaterThanOrEqual(expected - 1);
  expect(counted).toBeLessThanOrEqual(expected + 1);
});

test('a few reads are answered in one turn', async () => {
  await using storage = await opened();
  await storage.read.now();
  await new Promise((resume) => setImmediate(resume));
  let turns = 0;
  setImmediate(() => (turns += 1));

  for (let reads = 0; reads < 3; reads += 1) await storage.read.now();

  expect(turns).toBe(0);
});

const NEW = { by: 'new', namespace: 'default', sessionIds: [], taskIds: [], dedupeKeys: [] } as const;

async function withSession(): Promise<Storage> {
  const { storage } = await aStore({ synchronous: 'NORMAL' });
  await add(storage, aSession());
  return storage;
}

const adding = (storage: Storage, id: string) =>
  storage.transact(NEW, () => aDecision(id, { tasks: [{ before: null, after: aTask({ id }) }] }));

/** Calls again as soon as it has its answer. */
async function callAgain(calls: number, storage: Storage): Promise<void> {
  for (let call = 0; call < calls; call += 1) await adding(storage, `t${call}`);
}

/** Many calls, all made in one turn. */
async function callAtOnce(calls: number, storage: Storage): Promise<void> {
  await Promise.all(Array.from({ length: calls }, (_, at) => adding(storage, `t${at}`)));
}

test.each<[string, (storage: Storage) => Promise<void>]>([
  ['one caller calls again and again', (storage) => callAgain(1_000, storage)],
  ['many calls wait', (storage) => callAtOnce(4_000, storage)],
])('timers, sockets and signals get their turn while %s', async (_what, series) => {
  const storage = await withSession();
  let [timers, turns] = [0, 0];
  const timer = setInterval(() => (timers += 1), 1);
  const turn = (): void => void ((turns += 1), (next = setImmediate(turn)));
  let next = setImmediate(turn);
  const signal = once(process, 'SIGUSR2').then(() => 'signal');
  process.kill(process.pid, 'SIGUSR2');

  const calls = series(storage).then(() => 'calls');
  expect(await Promise.race([signal, calls])).toBe('signal');
  await calls;
  clearInterval(timer);
  clearImmediate(next);

  // Between two turns, groups follow each other for 4 ms. One group may be longer, but never all of them.
  expect(timers).toBeGreaterThan(4);
  expect(turns).toBeGreaterThan(4);
  await storage.close();
});

test('a few calls after each other are answered in one turn', async () => {
  const storage = await withSession();
  const turnsOf = async (round: number): Promise<number> => {
    // The first call waits for a turn, as all that is called in one turn makes one group.
    await adding(storage, `first${round}`);
    let turns = 0;
    setImmediate(() => (turns += 1));
    for (let calls = 0; calls < 3; calls += 1) await adding(storage, `t${round}-${calls}`);
    return turns;
  };

  // On a busy machine, three calls may take longer than groups may follow each other; but not each time.
  let [rounds, fewest] = [0, Number.POSITIVE_INFINITY];
  for (; rounds < 50 && fewest > 0; rounds += 1) fewest = Math.min(fewest, await turnsOf(rounds));

  expect(fewest).toBe(0);
  await storage.close();
});

/** A store that another connection has written to since the last call; the clock stands still. */
async function shared() {
  const { path, storage } = await aStore({ synchronous: 'NORMAL' });
  await add(storage, aSession());
  const other = new Database(path);
  let calls = 0;
  let now = Math.ceil(performance.now());
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  return {
    /** @returns after how many milliseconds, and after how many turns of the event loop, it was answered */
    call: async () => {
      const [since, turns] = [process.hrtime.bigint(), countTurns()];
      await adding(storage, `t${(calls += 1)}`);
      return { tookMs: Number(process.hrtime.bigint() - since) / 1e6, turns: turns.end() };
    },
    othersWrite: () => void other.exec(`INSERT INTO namespaces (name) VALUES (hex(randomblob(8)))`),
    pass: (ms: number) => void (now += ms),
    nextTurn: () => new Promise((resume) => setImmediate(resume)),
    [Symbol.asyncDispose]: async () => {
      clock.mockRestore();
      other.close();
      await storage.close();
    },
  };
}

function countTurns() {
  let turns = 0;
  const turn = (): void => void ((turns += 1), (next = setImmediate(turn)));
  let next = setImmediate(turn);
  return { end: () => (clearImmediate(next), turns) };
}

// A timer of 3 ms may be early by one; without the pause, a call takes a fraction of that.
const PAUSE_MS = 2;

test.each(['at once', 'in a later turn'])(
  'a process gives way to others that write, and is called %s',
  async (when) => {
    await using store = await shared();
    store.othersWrite();
    await store.call();
    if (when === 'in a later turn') await store.nextTurn();

    // It begins by giving way: it may have worked for long before it saw that others write.
    expect((await store.call()).tookMs).toBeGreaterThan(PAUSE_MS);
  },
);

test('a process that gave way works for 40 ms, and gives way only to others that write', async () => {
  await using store = await shared();
  store.othersWrite();
  await store.call();
  await store.call();

  // It gave way, and counts from the end of the pause, which on the clock that stands still lies ahead.
  store.othersWrite();
  const again = [await store.call(), await store.call()];
  store.pass(42);
  await store.nextTurn();
  const notYet = await store.call();
  store.pass(1);
  await store.nextTurn();
  const due = await store.call();
  store.pass(100);
  await store.nextTurn();
  const alone = await store.call();

  expect(again.map(({ turns }) => turns)).toEqual([0, 0]);
  expect(due.tookMs).toBeGreaterThan(PAUSE_MS);
  expect([notYet.turns, alone.turns]).toEqual([1, 1]);
});
