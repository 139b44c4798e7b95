/*
 * Backups and restores, of either kind of store into either:
 *  - a backup holds what the store held at that moment, and takes what comes while others write
 *  - a backup can be read, and is refused to a program that would work on it, byte for byte as it was
 *  - whatever a file is called, it can be a backup
 *  - what is there is not written over
 *  - a backup that fails leaves nothing behind, and removes what a killed one left
 *  - timers fire while the copy is checked: one of them keeps the file from looking like a leftover
 *  - a restored store holds what the backup held, and every lease in it is closed, in all namespaces
 *  - every token granted before a restore is refused
 *  - later fences are also greater than any granted since the backup, even by a clock that was ahead
 *  - agents that claim at the same time from a server get different fences, restored once, twice and moved after that
 *  - event numbers continue beyond those that followers saw since the backup
 *  - a place that holds anything is refused; what is not all there yet can be neither used nor read
 *  - cut off after any step, the same call continues; a move that was cut off is not taken for a restore
 *  - a copy that differs is not opened
 *  - a damaged store is backed up and restored as it is, and says so
 */
import { createHash } from 'node:crypto';
import { linkSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backupStore, moveStore, openOrchestrator, restoreStore } from '@agent-orchestrator/runtime';
import { expect, test } from 'vitest';
import { work } from './support/long-log.ts';
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

const HOUR_MS = 3_600_000;

test.for(PAIRS)(
  'from %s to %s: all but the leases comes back; old tokens are refused, new fences are greater',
  async ([kind, otherKind]) => {
    const [store, to] = [await newPlace(kind), await newPlace(otherKind)];
    const file = join(newFolder(), 'backup.db');
    const before = await opened(store);
    const held = await fill(before);
    await before.enqueueTask({ namespace: 'other', id: 'held' });
    const other = await before.claimTask({ namespace: 'other', agent: 'another-agent', sessionId: 'held' });
    const was = await everythingIn(store);

    const backup = await backupStore({ store, file });
    const since = await claimed(before, 'since');
    const report = await restoreStore({ file, store: to });

    expect([backup.verification.ok, report.verification.ok, report.leasesClosed]).toEqual([true, true, 2]);
    expect(await everythingIn(`sqlite:${file}`)).toEqual(was);
    const after = await opened(to);
    const lost = { ok: false, reason: 'lease_lost', endedBy: 'task.recovered' };
    expect(await after.heartbeat({ token: held.token })).toMatchObject(lost);
    expect(await after.checkpoint({ token: held.token })).toMatchObject(lost);
    expect(await after.releaseTask({ token: held.token, outcome: 'succeeded' })).toMatchObject(lost);
    const otherToken = other.ok ? other.lease.token : '';
    expect(await after.heartbeat({ namespace: 'other', token: otherToken })).toMatchObject(lost);
    expect(await after.heartbeat({ token: since.token })).toMatchObject({
      ok: false,
      reason: 'lease_lost',
      endedBy: null,
    });
    const again = await after.claimTask({ agent: 'company-agent', sessionId: held.sessionId });
    expect(again).toMatchObject({
      ok: true,
      task: { id: 'runs', interruptions: 1 },
      context: { nextAction: 'continue' },
    });
    expect(again.ok ? again.lease.fence : 0).toBeGreaterThan(since.fence);
    const events = (await after.listEvents({ limit: 500 })).items;
    expect(events.filter(({ type }) => type === 'task.recovered').map(({ payload }) => payload)).toEqual([
      expect.objectContaining({ reason: 'restored', from_agent: 'company-agent', evidence: null }),
    ]);
    const last = (await before.listEvents({ limit: 500 })).items.at(-1)?.id ?? 0;
    expect(events.filter(({ id }) => id > last).length).toBeGreaterThanOrEqual(2);
    expect((await after.listEvents({ after: String(last), limit: 500 })).items.map(({ type }) => type)).toContain(
      'task.claimed',
    );
    expect(await after.verify()).toMatchObject({ ok: true });
  },
);

test.for(PAIRS)(
  'from %s to %s: fences granted since by a clock that was ahead are not granted again',
  async ([kind, otherKind]) => {
    const [store, to] = [await newPlace(kind), await newPlace(otherKind)];
    const file = join(newFolder(), 'backup.db');
    const ahead = await openedAt(store, HOUR_MS / 2);
    await claimed(ahead, 'one');
    await backupStore({ store, file });
    const since = await claimed(ahead, 'two');

    await restoreStore({ file, store: to });

    const after = await opened(to);
    const next = await claimed(after, 'two');
    expect(next.fence).toBeGreaterThan(since.fence);
    expect((await claimed(after, 'three')).fence).toBeGreaterThan(next.fence);
  },
);

test('restored, restored again and moved: agents that claim at the same time get different fences', async () => {
  const folder = newFolder();
  const [store, once, twice, moved] = [
    await newPlace('sqlite'),
    await newPlace('postgres'),
    await newPlace('postgres'),
    await newPlace('postgres'),
  ];
  await (await opened(store)).enqueueTasks(Array.from({ length: 100 }, (_, at) => ({ id: `task-${at}` })));
  await backupStore({ store, file: join(folder, 'first.db') });
  await restoreStore({ file: join(folder, 'first.db'), store: once });
  const first = await claimAtOnce(once);
  await backupStore({ store: once, file: join(folder, 'second.db') });
  const since = await claimAtOnce(once);
  await restoreStore({ file: join(folder, 'second.db'), store: twice });
  const second = await claimAtOnce(twice);
  await moveStore({ from: twice, to: moved });
  const third = await claimAtOnce(moved);

  const [all, later] = [
    [first, since, second, third],
    [second, third],
  ];
  expect(later.map(({ least }, at) => least > Math.max(since.greatest, at === 0 ? 0 : second.greatest))).toEqual([
    true,
    true,
  ]);
  // Each grant that met another on its fence is written a second time, and leaves a gap in the numbers of the log.
  const [grants, gaps] = [sum(all.map((one) => one.grants)), sum(all.map((one) => one.gaps))];
  expect(grants).toBe(80);
  expect(gaps).toBeLessThan(grants / 10);
});

test.for(KINDS)('from %s: others work on while it is backed up, and it is one moment of the store', async (kind) => {
  const store = await newPlace(kind);
  const file = join(newFolder(), 'backup.db');
  const orchestrator = await opened(store);
  const stop = new AbortController();
  const working = (async () => {
    for (let at = 0; !stop.signal.aborted; at += 1) await claimed(orchestrator, `task-${at}`);
  })();
  await orchestrator.enqueueTasks(Array.from({ length: 300 }, (_, at) => ({ id: `first${at}` })));

  const { verification } = await backupStore({ store, file });

  stop.abort();
  await working;
  expect(verification.ok).toBe(true);
  expect(verification.events).toBeGreaterThanOrEqual(600);
});

test.for(KINDS)('from %s: a backup can be read, and is refused to a program that would work on it', async (kind) => {
  const store = await newPlace(kind);
  const folder = newFolder();
  const file = join(folder, 'backup.db');
  await fill(await opened(store));
  await backupStore({ store, file });
  const was = digestOf(file);

  const reading = await openOrchestrator(`sqlite:${file}`, { mode: 'read-only' });
  expect((await reading.listTasks()).items.length).toBeGreaterThan(0);
  await reading[Symbol.asyncDispose]();
  for (const mode of ['create', 'existing'] as const)
    await expect(openOrchestrator(`sqlite:${file}`, { mode })).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
  await expect(moveStore({ from: `sqlite:${file}`, to: await newPlace('sqlite') })).rejects.toMatchObject({
    code: 'STORE_READ_ONLY',
  });

  expect([digestOf(file), readdirSync(folder)]).toEqual([was, ['backup.db']]);
});

test('whatever a file is called, it can be a backup', async () => {
  const store = await newPlace('sqlite');
  await (await opened(store)).enqueueTask({ id: 'kept' });
  const file = join(newFolder(), 'what? %3F#1.db');

  const { file: written } = await backupStore({ store, file });
  const restored = await newPlace('sqlite');
  await restoreStore({ file, store: restored });

  expect(written).toBe(file);
  expect(await (await opened(restored)).getTask('kept')).toMatchObject({ status: 'queued' });
});

test('what is there is not written over, and what killed processes left is taken away', async () => {
  const store = await newPlace('sqlite');
  const folder = newFolder();
  await opened(store);
  writeFileSync(join(folder, 'there.db'), 'dear diary');
  const key = '0123456789abcdef';
  const [dead, written, other] = [
    `new.db.partial-${key}`,
    `new.db.partial-${'0'.repeat(16)}`,
    `other.db.partial-${key}`,
  ];
  for (const name of [dead, `${dead}-wal`, written, other]) {
    writeFileSync(join(folder, name), 'half');
    if (name !== written) utimesSync(join(folder, name), 0, 0);
  }

  await expect(backupStore({ store, file: join(folder, 'there.db') })).rejects.toMatchObject({
    code: 'STORE_NOT_EMPTY',
  });
  await expect(backupStore({ store: await newPlace('sqlite'), file: join(folder, 'x.db') })).rejects.toMatchObject({
    code: 'STORE_NOT_FOUND',
  });
  await backupStore({ store, file: join(folder, 'new.db') });
  // As a process leaves it that is killed between giving the file its name and taking the other one away. A process
  // that opens the file is told; a backup that is refused removes nothing.
  linkSync(join(folder, 'new.db'), join(folder, dead));
  writeFileSync(join(folder, `${dead}-wal`), '');
  await expect(backupStore({ store, file: join(folder, 'new.db') })).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY' });

  expect(readdirSync(folder).toSorted()).toEqual(
    ['new.db', dead, `${dead}-wal`, written, other, 'there.db'].toSorted(),
  );
  expect(readFileSync(join(folder, 'there.db'), 'utf8')).toBe('dear diary');
});

test.for(KINDS)('to %s: a place that holds anything is refused, and stays as it was', async (kind) => {
  const [store, to] = [await newPlace('sqlite'), await newPlace(kind)];
  const file = join(newFolder(), 'backup.db');
  await fill(await opened(store));
  await backupStore({ store, file });
  const other = await opened(to);
  await other.enqueueTask({});

  await expect(restoreStore({ file, store: to })).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY' });
  await expect(restoreStore({ file: `${file}.absent`, store: to })).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });

  expect(await other.enqueueTask({})).toMatchObject({ ok: true });
});

test.for(KINDS)('to %s: cut off after any step, the same call continues', async (kind) => {
  const [store, to] = [await newPlace('sqlite'), await newPlace(kind)];
  const file = join(newFolder(), 'backup.db');
  const before = await opened(store);
  const held = await fill(before);
  await backupStore({ store, file });

  let steps = 1;
  for (; await isCutOff(restoreStore({ file, store: to, onProgress: cutAt(steps) })); steps += 1) {
    for (const mode of ['create', 'existing', 'read-only'] as const)
      await expect(openOrchestrator(to, { mode })).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
  }

  expect(steps).toBeGreaterThan(5);
  const after = await opened(to);
  expect(await after.verify()).toMatchObject({ ok: true });
  expect(await after.heartbeat({ token: held.token })).toMatchObject({ ok: false, reason: 'lease_lost' });
  expect((await after.listEvents({ types: ['task.recovered'] })).items).toHaveLength(1);
});

test('a move that was cut off is not taken for a restore', async () => {
  const [store, to] = [await newPlace('sqlite'), await newPlace('sqlite')];
  await fill(await opened(store));
  await expect(moveStore({ from: store, to, onProgress: cutAt(2) })).rejects.toThrow(Cut);

  await expect(restoreStore({ file: store.slice('sqlite:'.length), store: to })).rejects.toMatchObject({
    code: 'STORE_INCOMPLETE',
  });

  expect(await moveStore({ from: store, to })).toMatchObject({ outcome: 'moved' });
});

test.for(KINDS)('to %s: a copy that differs is not opened', async (kind) => {
  const [store, to] = [await newPlace('sqlite'), await newPlace(kind)];
  const file = join(newFolder(), 'backup.db');
  await fill(await opened(store));
  await backupStore({ store, file });
  await expect(restoreStore({ file, store: to, onProgress: cutAt(3) })).rejects.toThrow(Cut);
  await statement(kind, to, `UPDATE ${tableOf(kind, 'tasks')} SET title = 'changed on the way' WHERE id = 'waits'`);

  await expect(restoreStore({ file, store: to })).rejects.toMatchObject({ code: 'STORE_CORRUPT' });

  await expect(opened(to)).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
});

test.for(KINDS)('from %s: a damaged store is backed up and restored as it is, and says so', async (kind) => {
  const [store, to] = [await newPlace(kind), await newPlace('sqlite')];
  const file = join(newFolder(), 'backup.db');
  await fill(await opened(store));
  await statement(kind, store, `UPDATE ${tableOf(kind, 'tasks')} SET title = 'changed by hand' WHERE id = 'waits'`);

  const backup = await backupStore({ store, file });
  const restored = await restoreStore({ file, store: to });

  expect([backup.verification, restored.verification]).toMatchObject([{ ok: false }, { ok: false }]);
  expect(await (await opened(to)).claimTask({ agent: 'a' })).toMatchObject({ ok: true });
});

test('timers fire while the copy of a long log is checked', async () => {
  const store = await newPlace('sqlite');
  await work(await opened(store), 6_000);
  let fired = 0;
  const timers: NodeJS.Timeout[] = [];

  const { verification } = await backupStore({
    store,
    file: join(newFolder(), 'backup.db'),
    onProgress: ({ step, done }) => {
      if (step === 'verifying' && done === 0) timers.push(setInterval(() => (fired += 1), 1));
      else timers.forEach(clearInterval);
    },
  });

  // Opening the copy lets a few fire; its thousand sessions take far longer.
  expect(fired).toBeGreaterThan(20);
  expect(verification).toMatchObject({ ok: true, sessions: 1_000 });
});

/** Adds a task in a session of its own, and claims it. */
async function claimed(orchestrator: Parameters<typeof claim>[0], id: string) {
  await orchestrator.enqueueTask({ id });
  return claim(orchestrator, id);
}

/** Claims twenty tasks from five connections that know nothing of each other. */
async function claimAtOnce(url: string) {
  const claimers = await Promise.all(Array.from({ length: 5 }, () => opened(url)));
  const [reader] = claimers as [Parameters<typeof claim>[0]];
  // What each does for the first time is done alone: reading the clock, connecting.
  for (const claimer of claimers) await claimer.claimTask({ agent: 'a', kinds: ['none'] });
  await reader.enqueueTask({ kind: 'first' });
  const asOf = await reader.asOf();
  const claims = await Promise.all(
    claimers.flatMap((claimer) => Array.from({ length: 4 }, () => claimer.claimTask({ agent: 'a', kinds: ['task'] }))),
  );
  const fences = claims.flatMap((reply) => (reply.ok ? reply.lease.fence : []));
  const gaps = (await reader.asOf()) - asOf - fences.length;
  return { grants: fences.length, gaps, least: Math.min(...fences), greatest: Math.max(...fences) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

async function isCutOff(restoring: Promise<unknown>): Promise<boolean> {
  try {
    await restoring;
    return false;
  } catch (error) {
    if (error instanceof Cut) return true;
    throw error;
  }
}

function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
