/**
 * Rows that are copied into a store:
 * - they come out as they went in, ids of every script in order of code point
 * - the numbers for people and the event ids continue after theirs
 * - a page is added once, and only after the key that it follows
 */
import { TABLE_NAMES, type RowStore, type StoreState } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { openSqliteRows, openSqliteStorage } from '../src/index.ts';
import { aDecision, anEvent, aSession, aStore, aTask, add } from './factories.ts';

const FILLING: StoreState = { status: 'filling', id: 'move-1', address: 'sqlite:elsewhere', at: 1 };
/** In order of code point, which is neither the order of JavaScript's `<` nor that of any language. */
const IDS = ['B', 'a', 'a;b', 'é', '가', '～', '𐐷'];

/** A store with one session and one task for each id. */
async function source(): Promise<string> {
  const { path, storage } = await aStore();
  for (const [at, id] of IDS.toReversed().entries())
    await add(storage, aSession({ id, number: at + 1 }), [aTask({ id, sessionId: id, number: 10 * (at + 1) })]);
  await storage.close();
  return path;
}

async function copy(from: RowStore, to: RowStore): Promise<void> {
  await to.changeStoreState(null, FILLING);
  for (const table of TABLE_NAMES)
    for (;;) {
      const after = await to.lastKey(table);
      const rows = await from.rows(table, after, 3);
      if (rows.length === 0) break;
      await to.add(FILLING, table, after, rows);
    }
  await to.continueFrom(FILLING, { clock: await from.clock(), lastEventId: (await from.lastEventId()) + 1_000 });
  await to.changeStoreState(FILLING, null);
}

test('rows come out as they went in, and numbers and event ids continue after theirs', async () => {
  await using from = await openSqliteRows({ path: await source(), mode: 'read-only' });
  const { path, storage: empty } = await aStore();
  await empty.close();
  await using to = await openSqliteRows({ path });

  await copy(from, to);

  for (const table of TABLE_NAMES) {
    const rows = await to.rows(table, null, 100);
    expect(rows).toEqual(await from.rows(table, null, 100));
  }
  for (const table of ['sessions', 'tasks'] as const)
    expect((await to.rows(table, null, 100)).map(({ id }) => id)).toEqual(IDS);
  const storage = await openSqliteStorage({ path });
  const scope = { by: 'new', namespace: 'default', sessionIds: ['n'], taskIds: ['n', 'm'], dedupeKeys: [] } as const;
  const { numbers } = await storage.transact(scope, (loaded) =>
    aDecision(loaded, { events: [anEvent({ sessionId: 'a', seq: 2 })] }),
  );
  expect(numbers).toEqual({ tasks: [71, 72], sessions: [8] });
  expect(await storage.read.settledEventId()).toBe(IDS.length + 1_001);
  await storage.close();
});

test('a page is added once, and only after the key that it follows', async () => {
  await using from = await openSqliteRows({ path: await source(), mode: 'read-only' });
  const { path, storage: empty } = await aStore();
  await empty.close();
  await using to = await openSqliteRows({ path });
  await to.changeStoreState(null, FILLING);
  const rows = await from.rows('sessions', null, 3);

  await to.add(FILLING, 'sessions', null, rows);

  await expect(to.add(FILLING, 'sessions', null, rows)).rejects.toMatchObject({ code: 'STORE_BUSY' });
  await expect(to.add(FILLING, 'sessions', ['default', 'é'], rows)).rejects.toMatchObject({ code: 'STORE_BUSY' });
  await expect(to.add({ ...FILLING, id: 'other' }, 'sessions', null, rows)).rejects.toMatchObject({
    code: 'STORE_BUSY',
  });
  expect(await to.count('sessions')).toBe(3);
});
