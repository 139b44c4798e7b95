/*
 * The import of an old database, into either kind of store:
 *  - without `apply` it tells what would be imported, and makes nothing
 *  - it imports just that: people's ids as they are, leases that are held, contexts; and the store works
 *  - the old file is not changed
 *  - done again, it changes nothing and says so, also when agents have used the store since
 *  - cut off anywhere, the store is closed, and the same call continues
 *  - of several at once, one imports, and none does it twice
 *  - a file that another process writes to meanwhile is refused, and the store stays closed
 *  - a store that has other data, or is being filled from elsewhere, is refused
 *  - what is no old database, or is at the place of the new store, is refused, and nothing is made
 *  - a storage without access to its rows is refused
 *  - an old program that is started at the place of the new store fails at its log and changes no row; the store is
 *    refused by the names of the tables that it added, until they are dropped
 */
import { join } from 'node:path';
import { checkStore, importLegacy, locateStore, openStorage, type LegacyImport } from '@agent-orchestrator/runtime';
import { describe, expect, test } from 'vitest';
import {
  ago,
  COMMON,
  event,
  oldFile,
  OBSERVED,
  running,
  session,
  task,
  type OldRowsByTable,
} from '../packages/import-legacy/test/old-files.ts';
import { fingerprint, look } from '../packages/storage-sqlite/test/files.ts';
import { changeStoreState, Cut, cutAt, everythingIn, KINDS, newFolder, newPlace, opened } from './support/stores.ts';

/** Ids as people and hosts have them, in `old-files` of any kind. */
const PEOPLE: OldRowsByTable = {
  session_state: [
    running({
      session_id: '회사-대화',
      owner_agent: '집재규',
      inflight_task_id: '%{작업} = 1;',
      last_turn: 7,
      next_action: '계속',
      lock_expires_at: new Date(Date.now() + 90_000).toISOString(),
    }),
    session({ session_id: 'agent:main:signal:group:aGVsbG8=' }),
  ],
  task_queue: [
    task({ task_id: '%{작업} = 1;', session_id: '회사-대화', status: 'running', owner_agent: '집재규' }),
    task({ task_id: 'ｱ', session_id: '회사-대화', dedupe_key: 'once' }),
    task({ task_id: '𠮷', session_id: 'agent:main:signal:group:aGVsbG8=' }),
  ],
  event_log: [event({ session_id: '회사-대화', actor_agent: '집재규' })],
};

const importTo = (store: string, file: string, apply = true) => importLegacy({ file, store, apply });

describe.each(KINDS)('into %s', (kind) => {
  test('it tells what would be imported, and makes nothing', async () => {
    const [store, file] = [await newPlace(kind), oldFile([4], { ...COMMON, ...OBSERVED })];
    const before = fingerprint(file);

    const planned = await importTo(store, file, false);

    expect(planned).toMatchObject({ outcome: 'planned', file, generation: 4, imported: { sessions: 2, events: 3 } });
    await expect(openStorage(store, { mode: 'existing' })).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
    const imported = await importTo(store, file);
    expect(reportOf(imported)).toEqual(reportOf(planned));
    expect(fingerprint(file)).toEqual(before);
  });

  test('it imports what people have, as they call it, and the store works', async () => {
    const [store, file] = [await newPlace(kind), oldFile([4], PEOPLE)];

    const imported = await importTo(store, file);

    expect(imported).toMatchObject({
      outcome: 'imported',
      changes: [],
      compared: { rows: { sessions: 2, tasks: 3, event_log: 7, receipts: 0 }, held: 1 },
    });
    expect(await checkStore(store)).toMatchObject({ ok: true, verification: { findings: [] } });
    const orchestrator = await opened(store);
    expect(await orchestrator.claimTask({ agent: 'other', sessionId: '회사-대화' })).toMatchObject({
      ok: false,
      reason: 'busy',
      heldBy: { agent: '집재규' },
    });
    expect(await orchestrator.getSession('회사-대화')).toMatchObject({ context: { turn: 7, nextAction: '계속' } });
    expect(await orchestrator.enqueueTask({ dedupeKey: 'once' })).toMatchObject({ outcome: 'duplicate' });
    const claim = await orchestrator.claimTask({ agent: '회사재규' });
    expect(claim).toMatchObject({ ok: true, task: { id: '𠮷', sessionId: 'agent:main:signal:group:aGVsbG8=' } });
    const fences = (await orchestrator.listEvents({ limit: 500 })).items.map(({ fence }) => fence ?? 0);
    expect(claim.ok ? claim.lease.fence : 0).toBe(Math.max(...fences));
    expect((await orchestrator.listTasks({ limit: 500 })).items.map(({ id }) => id)).toEqual([
      '%{작업} = 1;',
      'ｱ',
      '𠮷',
    ]);
  });

  test('done again, it changes nothing and says so', async () => {
    const [store, file] = [await newPlace(kind), oldFile([4], COMMON)];
    await importTo(store, file);
    const orchestrator = await opened(store);
    await orchestrator.enqueueTask({ id: 'added' });
    await orchestrator.claimTask({ agent: 'a', sessionId: 'added' });
    const before = await everythingIn(store);

    const again = [await importTo(store, file), await importTo(store, file, false)];

    const { url } = (await locateStore(store)).location;
    expect(again).toEqual(again.map(() => ({ outcome: 'imported_before', file, store: url })));
    expect(await everythingIn(store)).toEqual(before);
  });

  test('done again from a file that has changed since, it is refused', async () => {
    const [store, file] = [await newPlace(kind), oldFile([4], COMMON)];
    await importTo(store, file);
    addTask(file);

    await expect(importTo(store, file)).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY' });
  });

  test('cut off anywhere, the store is closed, and the same call continues', { timeout: 60_000 }, async () => {
    const file = oldFile([4], COMMON);
    let cuts = 0;
    for (let step = 1; ; step += 1) {
      const store = await newPlace(kind);
      const cut = await importLegacy({ file, store, apply: true, onProgress: cutAt(step) }).then(
        () => false,
        (error: unknown) => {
          if (!(error instanceof Cut)) throw error;
          return true;
        },
      );
      if (!cut) break;
      cuts += 1;
      await expect(openStorage(store, { mode: 'existing' })).rejects.toMatchObject({
        code: expect.stringMatching(/^STORE_(NOT_FOUND|INCOMPLETE)$/),
      });
      expect(await importTo(store, file)).toMatchObject({ outcome: 'imported', compared: { rows: { tasks: 3 } } });
      expect(await checkStore(store)).toMatchObject({ ok: true });
    }
    // Each session read, each table copied and compared, the log verified.
    expect(cuts).toBeGreaterThanOrEqual(10);
  });

  test('of several at once, one imports, and none does it twice', async () => {
    const [store, file] = [await newPlace(kind), oldFile([4], COMMON)];

    const results = await Promise.allSettled([1, 2, 3].map(() => importTo(store, file)));

    const refused = results.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(refused).toEqual(
      refused.map(() =>
        expect.objectContaining({ code: expect.stringMatching(/^STORE_(BUSY|NOT_EMPTY|INCOMPLETE)$/) }),
      ),
    );
    expect(await importTo(store, file)).toMatchObject({
      outcome: expect.stringMatching(/^imported(_before)?$/),
    });
    expect(await importTo(store, file)).toMatchObject({ outcome: 'imported_before' });
    expect(await checkStore(store)).toMatchObject({ ok: true, verification: { sessions: 2, tasks: 3 } });
  });

  test.each([
    ['reading', 'STORE_BUSY', 'STORE_NOT_FOUND'],
    // To try it again cannot help: another store is needed.
    ['copying', 'STORE_NOT_EMPTY', 'STORE_INCOMPLETE'],
    ['verifying', 'STORE_NOT_EMPTY', 'STORE_INCOMPLETE'],
  ])(
    'a file that is written to while it is %s is refused with %s, and the store is not open',
    async (at, code, left) => {
      const [store, file] = [await newPlace(kind), oldFile([4], COMMON)];
      let written = false;

      const importing = importLegacy({
        file,
        store,
        apply: true,
        onProgress: ({ step }) => {
          if (step !== at || written) return;
          addTask(file);
          written = true;
        },
      });

      await expect(importing).rejects.toMatchObject({ code, message: expect.stringContaining(file) });
      await expect(openStorage(store, { mode: 'existing' })).rejects.toMatchObject({ code: left });
    },
  );

  test('a store that a file began to fill which has changed since stays closed', async () => {
    const [store, file] = [await newPlace(kind), oldFile([4], COMMON)];
    await expect(importLegacy({ file, store, apply: true, onProgress: cutAt(8) })).rejects.toBeInstanceOf(Cut);
    addTask(file);

    await expect(importTo(store, file)).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY', retryable: false });

    await expect(openStorage(store, { mode: 'existing' })).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
  });

  test('a store that has other data, or is being filled from elsewhere, is refused', async () => {
    const file = oldFile([4], COMMON);
    const [used, filling] = [await newPlace(kind), await newPlace(kind)];
    await (await opened(used)).enqueueTask({});
    await opened(filling);
    await changeStoreState(filling, () => ({ status: 'filling', id: 'x', address: 'sqlite:/other.db', at: 1 }));
    const before = await everythingIn(used);

    for (const apply of [false, true]) {
      await expect(importTo(used, file, apply)).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY' });
      await expect(importTo(filling, file, apply)).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
    }

    expect(await everythingIn(used)).toEqual(before);
  });

  test('what is no old database is refused, and nothing is made', async () => {
    const store = await newPlace(kind);

    for (const apply of [false, true])
      await expect(importTo(store, join(newFolder(), 'absent.db'), apply)).rejects.toMatchObject({
        code: 'STORE_NOT_FOUND',
        message: expect.stringContaining('absent.db'),
      });

    await expect(openStorage(store, { mode: 'existing' })).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
  });
});

test('an old database at the place of the new store is refused, and left as it was', async () => {
  const file = oldFile([4], COMMON);
  const before = fingerprint(file);

  for (const apply of [false, true])
    await expect(importTo(`sqlite:${file}`, file, apply)).rejects.toMatchObject({ code: 'STORE_LEGACY' });

  expect(fingerprint(file)).toEqual(before);
});

test('a storage without access to its rows is refused', async () => {
  await expect(importTo('memory:', oldFile([4], COMMON))).rejects.toMatchObject({ code: 'STORE_UNSUPPORTED' });
});

test('an old program that is started on the new store fails at its log, and changes none of its rows', async () => {
  const store = await newPlace('sqlite');
  const path = store.slice('sqlite:'.length);
  await importTo(store, oldFile([4], COMMON));
  const before = await everythingIn(store);

  expect(() => oldFile([4], { event_log: [event()] }, path)).toThrow(/has no column/);
  await expect(opened(store)).rejects.toMatchObject({ code: 'STORE_ALTERED' });
  const added = await namedTables(opened(store));
  look(path, (db) => added.forEach((table) => db.exec(`DROP TABLE ${table}`)));

  expect(await everythingIn(store)).toEqual(before);
  expect(await checkStore(store)).toMatchObject({ ok: true });
  expect(await (await opened(store)).claimTask({ agent: 'a', sessionId: 'busy' })).toMatchObject({ ok: true });
});

/** The tables that a refusal names. */
async function namedTables(refused: Promise<unknown>): Promise<readonly string[]> {
  const message = await refused.then(String, (error: Error) => error.message);
  return [...message.matchAll(/table (\w+)/gu)].map(([, table = '']) => table);
}

function reportOf(result: LegacyImport): object {
  if (result.outcome === 'imported_before') throw new Error('nothing was imported');
  const { generation, grown, found, imported, changes } = result;
  return { generation, grown, found, imported, changes };
}

/** As an old program that is still at work. */
function addTask(file: string): void {
  const add = `INSERT INTO task_queue (task_id, session_id, task_type, created_at) VALUES ('new', 'free', 'x', ?)`;
  look(file, (db) => db.prepare(add).run(ago(1)));
}
