/*
 * Moving house, from either kind of store to either:
 *  - everything arrives as it was; fences and event numbers go on from there
 *  - event numbers that a server drew and did not use are not given again: a follower may go on from there
 *  - fences go on beyond all that may be out, also in a store that was restored before
 *  - a command that had its effect before the move has it once
 *  - who holds a session goes on at the new address, and has a TTL there before another agent may take it over
 *  - who kept the old store open is refused at its next call, empty-handed polls included, with the new address and no password
 *  - agents that work on while a move begins: what was acknowledged has moved, and nothing is acknowledged after that
 *  - a program that knows nothing of moves is refused by the database itself
 *  - the old store can still be read
 *  - a place that holds anything is refused, and the old store stays open
 *  - what is not all there yet can be neither used nor read
 *  - cut off after any step, the same call goes on; at no time are both stores open
 *  - a store that is on its way somewhere, or gone, does not go anywhere else
 *  - given up at any step, the old store is open again and the new one never will be; once it was opened it is too late
 *  - the old store itself, by whatever name, is not given up for the new one
 *  - two movers at once do no harm
 *  - a copy that differs is not opened
 *  - a log that does not bear out its state is not moved
 *  - a login that may not change the tables is told whose login it takes
 */
import {
  abandonMove,
  backupStore,
  moveStore,
  newCommandId,
  openOrchestrator,
  parseStoreUrl,
  restoreStore,
  type CopyProgress,
} from '@agent-orchestrator/runtime';
import { describe, expect, test } from 'vitest';
import { userUrl, withAdmin } from '../packages/storage-postgres/test/harness/databases.ts';
import { createRoles, openPostgresRows } from '@agent-orchestrator/storage-postgres';
import { openSqliteRows } from '@agent-orchestrator/storage-sqlite';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { RowStore, StoreState } from '@agent-orchestrator/core';
import {
  claim,
  Cut,
  cutAt,
  everythingIn,
  fill,
  KINDS,
  newFolder,
  newPlace,
  opened,
  openedAt,
  PAIRS,
  statement,
  tableOf,
} from './support/stores.ts';

/** Between two shared stores there is nothing that these do not show. */
const TELLING_PAIRS = PAIRS.filter((pair) => !pair.every((kind) => kind === 'postgres'));

test.for(PAIRS)('from %s to %s everything arrives as it was', async ([kind, otherKind]) => {
  const [from, to] = [await newPlace(kind), await newPlace(otherKind)];
  const before = await opened(from);
  const held = await fill(before);
  const commandId = newCommandId();
  const sent = { id: 'sent', commandId };
  await before.enqueueTask(sent);
  const was = await everythingIn(from);
  const lastId = (await before.listEvents({ limit: 500 })).items.at(-1)?.id ?? 0;

  const report = await moveStore({ from, to });

  expect(report).toMatchObject({
    outcome: 'moved',
    compared: { rows: { sessions: 5, tasks: 7, event_log: 19, receipts: 9 }, held: 1 },
  });
  expect(await everythingIn(to)).toEqual(was);
  expect(await everythingIn(from)).toEqual(was);
  const after = await opened(to);
  expect(await Promise.all([before.storeState(), after.storeState()])).toMatchObject([{ status: 'moved' }, null]);
  expect(await after.verify()).toMatchObject({ ok: true });
  const again = await after.enqueueTask(sent);
  expect(again).toMatchObject({ ok: true, outcome: 'enqueued', task: { id: 'sent' } });
  expect(await after.listTasks({ limit: 500 }).then(({ items }) => items)).toHaveLength(6);
  expect(await after.enqueueTask({ dedupeKey: 'once' })).toMatchObject({ outcome: 'duplicate', task: { id: 'waits' } });
  const next = await claim(after, 'sent');
  expect(next.fence).toBeGreaterThan(held.fence);
  const ids = (await after.listEvents({ limit: 500, after: String(lastId) })).items.map(({ id }) => id);
  expect(ids.length).toBeGreaterThan(0);
  expect(Math.min(...ids)).toBeGreaterThan(lastId);
});

test.for(PAIRS)('from %s to %s a holder goes on, and is not taken over before a new TTL', async ([kind, otherKind]) => {
  const [from, to] = [await newPlace(kind), await newPlace(otherKind)];
  // Half an hour behind: by the other store's clock the lease is over.
  const before = await openedAt(from, -1_800_000);
  await before.enqueueTask({ id: 't', sessionId: 's' });
  const claimed = await before.claimTask({ agent: 'first', sessionId: 's', ttlMs: 1_000, staleAfterMs: 1_000 });
  const lease = claimed.ok ? claimed.lease : null;

  await moveStore({ from, to });

  const after = await opened(to);
  const other = await after.claimTask({ agent: 'second', sessionId: 's' });
  expect(other).toMatchObject({ ok: false, reason: 'busy', heldBy: { agent: 'first' } });
  expect(await after.heartbeat({ token: lease?.token ?? '' })).toMatchObject({ ok: true, late: false });
  expect((await after.listEvents({ types: ['clock.jumped'] })).items).toHaveLength(1);
  expect(await after.verify()).toMatchObject({ ok: true });
});

test.for(KINDS)('from a server to %s: event numbers that were drawn and not used are not given again', async (kind) => {
  const [from, to] = [await newPlace('postgres'), await newPlace(kind)];
  await fill(await opened(from));
  await statement('postgres', from, `SELECT nextval('orchestrator.event_log_id_seq') FROM generate_series(1, 7)`);
  const cursor = String(await (await opened(from)).asOf());

  await moveStore({ from, to });

  const after = await opened(to);
  await after.enqueueTask({});
  await after.enqueueTask({});
  const types = (await after.listEvents({ after: cursor })).items.map(({ type }) => type);
  expect(types).toEqual(['session.opened', 'task.queued', 'session.opened', 'task.queued']);
  expect(await after.verify()).toMatchObject({ ok: true });
});

test.for(PAIRS)(
  'from %s to %s: a store that was restored keeps its distance to the fences of then',
  async ([kind, otherKind]) => {
    const [store, restored, moved] = [await newPlace('sqlite'), await newPlace(kind), await newPlace(otherKind)];
    const file = join(newFolder(), 'backup.db');
    const before = await openedAt(store, 1_800_000);
    await before.enqueueTasks([{ id: 'one' }, { id: 'two' }, { id: 'three' }]);
    await claim(before, 'one');
    await backupStore({ store, file });
    const since = await claim(before, 'two');
    await restoreStore({ file, store: restored });

    await moveStore({ from: restored, to: moved });

    expect((await claim(await opened(moved), 'three')).fence).toBeGreaterThan(since.fence);
  },
);

describe.for(TELLING_PAIRS)('from %s to %s', ([kind, otherKind]) => {
  test('who kept the old store open is refused with the new address, polls too; reads go on', async () => {
    const [from, to] = [await newPlace(kind), await newPlace(otherKind)];
    const old = await opened(from);
    const held = await fill(old);
    // Finds nothing, so that the next poll of this process looks before it locks.
    await old.claimTask({ agent: 'nobody', kinds: ['none'] });

    await moveStore({ from, to });

    const calls: readonly (() => Promise<unknown>)[] = [
      () => old.claimTask({ agent: 'nobody', kinds: ['none'] }),
      () => old.claimTask({ agent: 'a' }),
      () => old.heartbeat({ token: held.token }),
      () => old.checkpoint({ token: held.token }),
      () => old.releaseTask({ token: held.token, outcome: 'succeeded' }),
      () => old.enqueueTask({}),
      () => old.staleRecovery({}),
      () => old.cancelTask({ taskId: 'waits' }),
      () => opened(from),
    ];
    for (const call of calls) {
      const error: unknown = await call().then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code: 'STORE_MOVED', retryable: false });
      const { message, hint } = error as { message: string; hint: string };
      expect(message).toContain(addressOf(to));
      const password = otherKind === 'postgres' ? new URL(to).password : 'there is none';
      expect(message + hint).not.toContain(password);
    }
    expect(await old.getTask('waits')).toMatchObject({ status: 'queued' });
    expect(await old.verify()).toMatchObject({ ok: true });
  });

  test('a place that holds anything is refused, and the old store stays open', async () => {
    const [from, to] = [await newPlace(kind), await newPlace(otherKind)];
    const before = await opened(from);
    await before.enqueueTask({});
    const other = await opened(to);
    await other.enqueueTask({});

    await expect(moveStore({ from, to })).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY' });

    expect(await before.enqueueTask({})).toMatchObject({ ok: true });
    expect(await other.enqueueTask({})).toMatchObject({ ok: true });
  });

  test('cut off after any step, the same call goes on, and never are both open', async () => {
    const [from, to] = [await newPlace(kind), await newPlace(otherKind)];
    const before = await opened(from);
    await fill(before);
    const was = await everythingIn(from);

    let steps = 0;
    for (let done = false; !done;) {
      steps += 1;
      done = await moveStore({ from, to, onProgress: cutAt(steps) }).then(
        () => true,
        (error: unknown) => {
          if (error instanceof Cut) return false;
          throw error;
        },
      );
      if (done) break;
      await expect(before.enqueueTask({})).rejects.toMatchObject({ code: 'STORE_MOVED' });
      for (const mode of ['create', 'existing', 'read-only'] as const)
        await expect(openOrchestrator(to, { mode })).rejects.toMatchObject({
          code: 'STORE_INCOMPLETE',
          retryable: true,
        });
    }

    expect(steps).toBe(7);
    expect(await everythingIn(to)).toEqual(was);
    expect(await moveStore({ from, to })).toMatchObject({ outcome: 'moved_before' });
    await (await opened(to)).enqueueTask({});
    expect(await moveStore({ from, to })).toMatchObject({ outcome: 'moved_before' });
  });

  test('cut off between two changes of state, too; and only once the new store is open is it too late to give up', async () => {
    const [from, to, next] = (await Promise.all([kind, otherKind, otherKind].map(newPlace))) as [
      string,
      string,
      string,
    ];
    const before = await opened(from);
    await fill(before);
    const was = await everythingIn(from);
    await changeState(from, () => ({ status: 'moving', id: newCommandId(), address: addressOf(to), at: Date.now() }));
    await expect(before.enqueueTask({})).rejects.toMatchObject({ code: 'STORE_MOVED' });
    await expect(moveStore({ from, to, onProgress: cutAt(10) })).rejects.toThrow(Cut);
    await changeState(from, (state) => state && { ...state, status: 'moved' });

    await expect(abandonMove({ from })).rejects.toMatchObject({ code: 'STORE_MOVED' });
    await expect(opened(to)).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
    await abandonMove({ from, to });
    expect(await everythingIn(from)).toEqual(was);
    await expect(moveStore({ from, to: next, onProgress: cutAt(10) })).rejects.toThrow(Cut);
    await changeState(from, (state) => state && { ...state, status: 'moved' });
    expect(await moveStore({ from, to: next })).toMatchObject({ outcome: 'moved' });

    expect(await everythingIn(next)).toEqual(was);
    await expect(opened(to)).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
    await expect(abandonMove({ from, to: next })).rejects.toMatchObject({ code: 'STORE_MOVED' });
    expect(await (await opened(next)).enqueueTask({})).toMatchObject({ ok: true });
  });

  test('a store that moves does not go anywhere else, nor does anything else come where it goes', async () => {
    const [from, to, elsewhere, another] = (await Promise.all([kind, otherKind, otherKind, kind].map(newPlace))) as [
      string,
      string,
      string,
      string,
    ];
    await fill(await opened(from));
    await fill(await opened(another));
    await expect(moveStore({ from, to, onProgress: cutAt(2) })).rejects.toThrow(Cut);

    await expect(moveStore({ from, to: elsewhere })).rejects.toMatchObject({ code: 'STORE_MOVED' });
    await expect(moveStore({ from: another, to })).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
    await expect(moveStore({ from: to, to: elsewhere })).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
    await moveStore({ from, to });
    await expect(moveStore({ from, to: elsewhere })).rejects.toMatchObject({ code: 'STORE_MOVED' });

    expect(await (await opened(another)).enqueueTask({})).toMatchObject({ ok: true });
  });

  test('given up, the old store is open again, and the new one never will be', async () => {
    const [from, to, elsewhere] = (await Promise.all([kind, otherKind, otherKind].map(newPlace))) as [
      string,
      string,
      string,
    ];
    const before = await opened(from);
    const held = await fill(before);
    await expect(moveStore({ from, to, onProgress: cutAt(3) })).rejects.toThrow(Cut);

    const report = await abandonMove({ from, to });

    expect(report.to).not.toBeNull();
    expect(await before.heartbeat({ token: held.token })).toMatchObject({ ok: true });
    expect(await before.enqueueTask({})).toMatchObject({ ok: true });
    await expect(opened(to)).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
    await expect(moveStore({ from, to })).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
    expect(await abandonMove({ from })).toMatchObject({ to: null });
    expect(await moveStore({ from, to: elsewhere })).toMatchObject({ outcome: 'moved' });
    await expect(abandonMove({ from, to: elsewhere })).rejects.toMatchObject({ code: 'STORE_MOVED' });
    await expect(abandonMove({ from })).rejects.toMatchObject({ code: 'STORE_MOVED' });
    expect(await (await opened(elsewhere)).verify()).toMatchObject({ ok: true });
  });

  test.for(['moving', 'moved'] as const)(
    '%s: the old store itself is not given up, by whatever name',
    async (status) => {
      const [from, to] = [await newPlace(kind), await newPlace(otherKind)];
      const before = await opened(from);
      await fill(before);
      const was = await everythingIn(from);
      await expect(moveStore({ from, to, onProgress: cutAt(10) })).rejects.toThrow(Cut);
      if (status === 'moved') await changeState(from, (state) => state && { ...state, status });

      for (const name of [from, otherNameOf(from)])
        await expect(abandonMove({ from, to: name })).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'to' });
      await expect(changeState(from, (state) => state && { ...state, status: 'abandoned' })).rejects.toMatchObject({
        code: 'INTERNAL',
      });

      expect(await everythingIn(from)).toEqual(was);
      await abandonMove({ from, to });
      expect(await before.enqueueTask({})).toMatchObject({ ok: true });
    },
  );

  test('who goes on with a move that was given up meanwhile does no harm', async () => {
    const [from, to] = [await newPlace(kind), await newPlace(otherKind)];
    const before = await opened(from);
    await fill(before);
    const paused = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const onProgress = async ({ step }: CopyProgress) => {
      if (step !== 'verifying') return;
      reached.resolve();
      await paused.promise;
    };
    const moving = moveStore({ from, to, onProgress });
    await reached.promise;
    await abandonMove({ from });
    await before.enqueueTask({ id: 'after' });

    paused.resolve();

    await expect(moving).rejects.toMatchObject({ code: 'STORE_BUSY' });
    expect(await before.getTask('after')).not.toBeNull();
    expect(await before.enqueueTask({})).toMatchObject({ ok: true });
    await expect(opened(to)).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
  });

  test('two movers at once do no harm', async () => {
    const [from, to] = [await newPlace(kind), await newPlace(otherKind)];
    await fill(await opened(from));
    const was = await everythingIn(from);

    const ended = await Promise.allSettled([1, 2, 3].map(() => moveStore({ from, to })));
    await moveStore({ from, to });

    const codes = ended.flatMap((end) => (end.status === 'rejected' ? [(end.reason as { code: string }).code] : []));
    for (const code of codes)
      expect(['STORE_BUSY', 'STORE_INCOMPLETE', 'STORE_NOT_EMPTY', 'STORE_MOVED']).toContain(code);
    expect(await everythingIn(to)).toEqual(was);
  });
});

test.for(TELLING_PAIRS)(
  'from %s to %s: what agents were told meanwhile is true in the new store',
  async ([kind, otherKind]) => {
    const [from, to] = [await newPlace(kind), await newPlace(otherKind)];
    const after = await opened(to);
    const agents = await Promise.all([1, 2, 3, 4].map(() => opened(from)));
    const acknowledged: string[] = [];
    const begun = Promise.withResolvers<void>();
    const working = agents.map(async (agent, number) => {
      for (let at = 0; ; at += 1) {
        const id = `task-${number}-${at}`;
        await agent.enqueueTask({ id, sessionId: `session-${at % 3}` });
        acknowledged.push(id);
        if (acknowledged.length > 40) begun.resolve();
      }
    });
    await begun.promise;

    const [report, ...ends] = await Promise.allSettled([moveStore({ from, to }), ...working]);

    expect(report).toMatchObject({ status: 'fulfilled', value: { outcome: 'moved' } });
    expect(ends).toMatchObject(agents.map(() => ({ status: 'rejected', reason: { code: 'STORE_MOVED' } })));
    const found = await Promise.all(acknowledged.map((id) => after.getTask(id)));
    expect(found.filter((task) => task === null)).toEqual([]);
    const { tasks } = await after.counts('default', 100_000);
    expect(tasks.queued).toBe(acknowledged.length);
    expect(await after.verify()).toMatchObject({ ok: true });
  },
);

test.for(KINDS)('to %s: a copy that differs is not opened, and the move can be given up', async (kind) => {
  const [from, to] = [await newPlace('sqlite'), await newPlace(kind)];
  const before = await opened(from);
  await fill(before);
  await expect(moveStore({ from, to, onProgress: cutAt(3) })).rejects.toThrow(Cut);
  await statement(kind, to, `UPDATE ${tableOf(kind, 'tasks')} SET title = 'changed on the way' WHERE id = 'waits'`);

  await expect(moveStore({ from, to })).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: /tasks default waits/,
  });

  await expect(opened(to)).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
  await abandonMove({ from, to });
  expect(await before.enqueueTask({})).toMatchObject({ ok: true });
});

test.for(KINDS)('from %s: a log that does not bear out its state is not moved', async (kind) => {
  const [from, to] = [await newPlace(kind), await newPlace('sqlite')];
  const before = await opened(from);
  await fill(before);
  await statement(kind, from, `UPDATE ${tableOf(kind, 'tasks')} SET title = 'changed by hand' WHERE id = 'waits'`);

  await expect(moveStore({ from, to })).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: /changed by hand/,
  });

  await abandonMove({ from, to });
  expect(await before.enqueueTask({})).toMatchObject({ ok: true });
});

test.for(KINDS)('a program that knows nothing of moves is refused by %s itself', async (kind) => {
  const [from, to] = [await newPlace(kind), await newPlace('sqlite')];
  const before = await opened(from);
  const held = await fill(before);
  await moveStore({ from, to });
  const table = (name: string) => tableOf(kind, name);

  const writes = [
    `UPDATE ${table('sessions')} SET heartbeat_at = heartbeat_at + 1 WHERE id = '${held.sessionId}'`,
    `UPDATE ${table('tasks')} SET status = 'queued' WHERE id = 'later'`,
    `INSERT INTO ${table('receipts')} (namespace, command_id, request_hash, reply, at) VALUES ('n', 'c', 'h', '{}', 1)`,
    `DELETE FROM ${table('receipts')}`,
  ];
  for (const write of writes) await expect(statement(kind, from, write)).rejects.toThrow(to);
});

test('a login of agents cannot move a shared store, and is told whose login it takes', async () => {
  const [from, to] = [await newPlace('postgres'), await newPlace('sqlite')];
  const agent = { user: 'agent_who_moves', password: 'agent' };
  await createRoles(from);
  const before = await opened(from);
  await fill(before);
  await withAdmin(from, async (sql) => {
    await sql.unsafe(`DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${agent.user}') THEN
      CREATE ROLE ${agent.user} LOGIN PASSWORD '${agent.password}' IN ROLE orchestrator_app; END IF; END $$`);
  });

  await expect(moveStore({ from: userUrl(from, agent), to })).rejects.toMatchObject({
    code: 'STORE_PERMISSION',
    hint: /orchestrator_owner/,
  });
  await expect(moveStore({ from: to, to: userUrl(from, agent) })).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY' });

  expect(await before.enqueueTask({})).toMatchObject({ ok: true });
});

test('a store in memory goes nowhere', async () => {
  const to = await newPlace('sqlite');

  await expect(moveStore({ from: 'memory:', to })).rejects.toMatchObject({ code: 'STORE_URL_INVALID' });
  await expect(moveStore({ from: to, to: 'memory:' })).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
});

function addressOf(url: string): string {
  return parseStoreUrl(url).url;
}

/** A link to the file, or another name of the host. */
function otherNameOf(url: string): string {
  if (!url.startsWith('sqlite:')) return url.replace('@127.0.0.1:', '@localhost:');
  const link = join(newFolder(), 'link.db');
  symlinkSync(url.slice('sqlite:'.length), link);
  return `sqlite:${link}`;
}

/** What a mover that is killed right after it has changed the state of a store leaves behind. */
async function changeState(url: string, change: (state: StoreState | null) => StoreState | null): Promise<void> {
  await using rows = await openedRows(url);
  const state = await rows.storeState();
  await rows.changeStoreState(state, change(state));
}

function openedRows(url: string): Promise<RowStore> {
  const store = parseStoreUrl(url);
  if (store.scheme === 'sqlite') return openSqliteRows({ path: store.path });
  return openPostgresRows({ url });
}
