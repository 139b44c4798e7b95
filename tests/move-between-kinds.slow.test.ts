/*
 * Moving house, from either kind of store to either:
 *  - everything arrives as it was; fences and event numbers continue from there
 *  - event numbers that a server drew and did not use are not given again: a follower may continue from there
 *  - fences continue beyond all that may be out, also in a store that was restored before
 *  - a command that had its effect before the move has it once
 *  - who holds a session continues at the new address, and has a TTL there before another agent may take it over
 *  - a process that kept the old store open is refused at its next call, also a poll that would find nothing
 *  - the refusal names the new address, without a password
 *  - agents that work on while a move begins: what was acknowledged has moved, and nothing is acknowledged after that
 *  - a program that knows nothing of moves is refused by the database itself
 *  - the old store can still be read
 *  - a place that holds anything is refused, and the old store stays open
 *  - a copy that differs is not opened
 *  - a log that does not bear out its state is not moved
 *  - a login that may not change the tables is told whose login it takes
 */
import { existsSync } from 'node:fs';
import { abandonMove, backupStore, moveStore, newCommandId, restoreStore } from '@agent-orchestrator/runtime';
import { describe, expect, test } from 'vitest';
import { userUrl, withAdmin } from '../packages/storage-postgres/test/harness/databases.ts';
import { createRoles } from '@agent-orchestrator/storage-postgres';
import { join } from 'node:path';
import {
  addressOf,
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
  TELLING_PAIRS,
} from './support/stores.ts';

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

test.for(PAIRS)(
  'from %s to %s a holder continues, and is not taken over before a new TTL',
  async ([kind, otherKind]) => {
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
  },
);

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
  test('who kept the old store open is refused with the new address, polls too; reads continue', async () => {
    const [from, to] = [await newPlace(kind), await newPlace(otherKind)];
    const old = await opened(from);
    const held = await fill(old);
    // Finds nothing, so that the next poll of this process looks before it locks.
    await old.claimTask({ agent: 'visitor', kinds: ['none'] });

    await moveStore({ from, to });

    const calls: readonly (() => Promise<unknown>)[] = [
      () => old.claimTask({ agent: 'visitor', kinds: ['none'] }),
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
      expect(message).toContain(await addressOf(to));
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
    message: expect.stringMatching(/tasks default waits/),
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
    message: expect.stringMatching(/changed by hand/),
  });

  await abandonMove({ from, to });
  expect(await before.enqueueTask({})).toMatchObject({ ok: true });
});

/** Of a namespace that is there. */
const RECEIPT = { sqlite: `1, zeroblob(16), zeroblob(32)`, postgres: `'default', 'c', 'h'` } as const;

test.for(KINDS)('a program that knows nothing of moves is refused by %s itself', async (kind) => {
  const [from, to] = [await newPlace(kind), await newPlace('sqlite')];
  const before = await opened(from);
  const held = await fill(before);
  await moveStore({ from, to });
  const table = (name: string) => tableOf(kind, name);

  const writes = [
    `UPDATE ${table('sessions')} SET heartbeat_at = heartbeat_at + 1 WHERE id = '${held.sessionId}'`,
    `UPDATE ${table('tasks')} SET status = 'queued' WHERE id = 'later'`,
    `INSERT INTO ${table('receipts')} (namespace, command_id, request_hash, reply, at)
      VALUES (${RECEIPT[kind]}, '{}', 1)`,
    `DELETE FROM ${table('receipts')}`,
  ];
  for (const write of writes) await expect(statement(kind, from, write)).rejects.toThrow(to);
});

test('a login of agents cannot move a shared store, is told whose it takes, and leaves no empty store', async () => {
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
    hint: expect.stringMatching(/orchestrator_owner/),
  });
  expect(existsSync(to.slice('sqlite:'.length))).toBe(false);
  await opened(to);
  await expect(moveStore({ from: to, to: userUrl(from, agent) })).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY' });

  expect(await before.enqueueTask({})).toMatchObject({ ok: true });
});

test('a store in memory goes nowhere', async () => {
  const to = await newPlace('sqlite');

  await expect(moveStore({ from: 'memory:', to })).rejects.toMatchObject({ code: 'STORE_UNSUPPORTED' });
  await expect(moveStore({ from: to, to: 'memory:' })).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
});
