/*
 * Stores that are being filled, and copies that are cut off or refused; on both kinds of store:
 *  - an orchestrator that was opened on an empty store sees nothing of a restore or a move until it is whole
 *  - so does a follower, which then tells all events
 *  - a restore that was cut off continues with the same backup, wherever its file is then
 *  - another backup at the path of the first is refused, in each phase of the restore, and changes nothing
 *  - so is another backup of the same store, even if no event came between the two
 *  - a move that was begun to another place creates no empty store at this one
 */
import { copyFileSync, existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { backupStore, EventFeed, moveStore, restoreStore } from '@agent-orchestrator/runtime';
import { expect, test } from 'vitest';
import {
  changeStoreState,
  Cut,
  cutAt,
  everythingIn,
  fill,
  KINDS,
  newFolder,
  newPlace,
  opened,
} from './support/stores.ts';

const INCOMPLETE = { code: 'STORE_INCOMPLETE' };

/** A backup of a store with some of everything. */
async function newBackup(): Promise<string> {
  const [store, file] = [await newPlace('sqlite'), join(newFolder(), 'backup.db')];
  await fill(await opened(store));
  await backupStore({ store, file });
  return file;
}

/** Every kind of read that shows rows. */
const READS: Readonly<Record<string, (of: Awaited<ReturnType<typeof opened>>) => Promise<unknown>>> = {
  listTasks: (of) => of.listTasks(),
  listSessions: (of) => of.listSessions(),
  listEvents: (of) => of.listEvents(),
  getTask: (of) => of.getTask('done'),
  getSession: (of) => of.getSession('s'),
  byNumber: (of) => of.getTask('t1'),
  counts: (of) => of.counts(),
  listHeadsFor: (of) => of.listHeadsFor({ agent: 'a' }),
  whyAgent: (of) => of.whyAgent('a'),
  verify: (of) => of.verify(),
  snapshot: (of) => of.snapshot((reads) => reads.listTasks()),
};

test.for(KINDS)('what was opened on an empty %s store sees nothing of a restore until it is whole', async (kind) => {
  const [file, store] = [await newBackup(), await newPlace(kind)];
  const reader = await opened(store);
  const seen: Record<string, unknown[]> = {};
  let steps = 0;

  await restoreStore({
    file,
    store,
    onProgress: async () => {
      steps += 1;
      for (const [name, read] of Object.entries(READS)) {
        const code = await read(reader).then(
          () => 'answered',
          (error: { code?: string }) => error.code,
        );
        (seen[name] ??= []).push(code);
      }
    },
  });

  expect(steps).toBeGreaterThan(5);
  for (const codes of Object.values(seen)) expect(new Set(codes)).toEqual(new Set(['STORE_INCOMPLETE']));
  expect((await reader.listTasks()).items).toHaveLength(5);
  expect(await reader.verify()).toMatchObject({ ok: true });
});

test.for(KINDS)('a follower of an empty %s store tells all of what a move brings, and not a part', async (kind) => {
  const [from, to] = [await newPlace('sqlite'), await newPlace(kind)];
  await fill(await opened(from));
  const feed = await EventFeed.open(await opened(to), {}, 0);
  const told: number[] = [];
  const look = async () => {
    for await (const { id } of feed.present()) told.push(id);
  };

  await moveStore({ from, to, onProgress: async () => expect(look()).rejects.toMatchObject(INCOMPLETE) });
  await look();

  expect(told).toEqual((await (await opened(to)).listEvents({ limit: 500 })).items.map(({ id }) => id));
});

test.for(KINDS)('to %s: a restore continues with its backup, wherever the file is then', async (kind) => {
  const [file, store] = [await newBackup(), await newPlace(kind)];
  await expect(restoreStore({ file, store, onProgress: cutAt(3) })).rejects.toThrow(Cut);
  const elsewhere = `${file}.moved`;
  renameSync(file, elsewhere);

  const report = await restoreStore({ file: elsewhere, store });

  expect(report).toMatchObject({ file: elsewhere, verification: { ok: true } });
  expect((await (await opened(store)).listTasks()).items).toHaveLength(5);
});

test.for(KINDS.flatMap((kind) => [3, 1_000].map((step) => [kind, step] as const)))(
  'to %s: another backup at the path is refused, cut off at step %i',
  async ([kind, step]) => {
    const [file, store] = [await newBackup(), await newPlace(kind)];
    const kept = `${file}.kept`;
    copyFileSync(file, kept);
    let last = 0;
    // The last step is in the phase in which all rows are there, and the leases are closed.
    await restoreStore({ file, store: await newPlace(kind), onProgress: () => void (last += 1) });
    await expect(restoreStore({ file, store, onProgress: cutAt(Math.min(step, last)) })).rejects.toThrow(Cut);
    copyFileSync(await newBackup(), file);

    await expect(restoreStore({ file, store })).rejects.toMatchObject({
      code: 'STORE_NOT_EMPTY',
      message: expect.stringContaining(file),
    });
    await restoreStore({ file: kept, store });

    const [restored, backup] = [await everythingIn(store), await everythingIn(`sqlite:${kept}`)];
    expect(titles(restored)).toEqual(titles(backup));
  },
);

test.for(KINDS)('to %s: a later backup of the same store is another backup', async (kind) => {
  const [from, folder, store] = [await newPlace('sqlite'), newFolder(), await newPlace(kind)];
  const [first, second] = [join(folder, 'first.db'), join(folder, 'second.db')];
  const orchestrator = await opened(from);
  await fill(orchestrator);
  await backupStore({ store: from, file: first });
  await backupStore({ store: from, file: second });
  await expect(restoreStore({ file: first, store, onProgress: cutAt(3) })).rejects.toThrow(Cut);

  await expect(restoreStore({ file: second, store })).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY' });

  expect(await restoreStore({ file: first, store })).toMatchObject({ verification: { ok: true } });
});

function titles(everything: unknown): unknown {
  return (everything as { tasks: { id: string; sessionId: string; createdAt: unknown }[] }[]).map(({ tasks }) =>
    tasks.map(({ id, sessionId, createdAt }) => [id, sessionId, createdAt]),
  );
}

test.for(KINDS)('a move of %s that was begun to another place creates nothing at this one', async (kind) => {
  const [from, to] = [await newPlace(kind), await newPlace('sqlite')];
  await fill(await opened(from));
  await changeStoreState(from, () => ({ status: 'moving', id: 'm', address: 'postgres://elsewhere/db', at: 1 }));

  await expect(moveStore({ from, to })).rejects.toMatchObject({
    code: 'STORE_MOVED',
    hint: expect.stringContaining('Move it to postgres://elsewhere/db to finish the move'),
  });

  expect(existsSync(to.slice('sqlite:'.length))).toBe(false);
});
