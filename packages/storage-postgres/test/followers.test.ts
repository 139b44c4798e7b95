/*
 * A follower of the log, and a program that reads it page by page:
 *  - waits for a writer that has drawn an id and not ended, and then sees its event in its place
 *  - does not wait for writers that came later
 *  - takes no id for settled that only a rolled-back transaction has drawn
 *  - is told in a snapshot what was settled before it began
 *  - gets no page that goes past what is settled, while a writer is late
 *  - sees every event once and in order, while several write and all of them commit late; without the bound it would
 *    miss some
 */
import type { Orchestrator, Storage } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { withAdmin } from './harness/databases.ts';
import { newDatabase, openStorage, orchestratorOn, until } from './open-database.ts';
import { COMMIT_LATE, insertEvent } from './past-the-rules.ts';

const WRITERS = `SELECT count(*)::int AS writers FROM pg_locks
  WHERE relation = 'orchestrator.event_log'::regclass AND mode = 'RowExclusiveLock'`;
/** Of the storage's statements, the one that asks for the writers: a follower that waits asks again and again. */
const ASKING = `SELECT count(*)::int AS asking FROM pg_stat_activity
  WHERE datname = current_database() AND query LIKE '%SELECT l.virtualtransaction%' AND pid <> pg_backend_pid()
    AND query NOT LIKE '%array_agg%'`;

test('it waits for a writer that has drawn an id and not ended, and then sees its event in its place', async () => {
  const { url, adminUrl } = await newDatabase();
  const storage = await openStorage(url);
  const orchestrator = orchestratorOn(storage);
  await orchestrator.enqueueTask({ id: 'slow' });

  await withAdmin(adminUrl, async (writer) => {
    await writer.unsafe('BEGIN');
    const [{ id: drawn }] = (await writer.unsafe(insertEvent('slow', 3))) as unknown as [{ id: string }];
    await orchestrator.enqueueTask({ id: 'quick' });
    let settled = 0;
    const settling = storage.read.settledEventId().then((id) => (settled = id));
    await storage.read.now();
    const whileWriting = settled;
    await writer.unsafe('COMMIT');
    await settling;
    const { items } = await storage.read.events({ namespace: 'default', limit: 10, upTo: settled });

    expect(whileWriting).toBe(0);
    expect(settled).toBeGreaterThan(Number(drawn));
    expect(items.map(({ id }) => id)).toEqual([1, 2, Number(drawn), 4, 5]);
  });
});

test('it does not wait for writers that came later', async () => {
  const { url, adminUrl } = await newDatabase();
  const storage = await openStorage(url);
  await orchestratorOn(storage).enqueueTask({ id: 'first' });

  await withAdmin(adminUrl, async (early) =>
    withAdmin(adminUrl, async (late) => {
      await early.unsafe('BEGIN');
      await early.unsafe(insertEvent('first', 3));
      const settling = storage.read.settledEventId();
      // The follower has noted who writes as soon as it asks for the second time.
      await storage.read.now();
      await storage.read.now();
      await late.unsafe('BEGIN');
      await late.unsafe(insertEvent('first', 4));
      await early.unsafe('COMMIT');

      expect(await settling).toBe(3);
      await late.unsafe('ROLLBACK');
    }),
  );
});

test('an id that only a rolled-back transaction has drawn is a gap: not settled, and no reason to wait', async () => {
  const { url, adminUrl } = await newDatabase();
  const storage = await openStorage(url);
  const orchestrator = orchestratorOn(storage);
  await orchestrator.enqueueTask({ id: 'first' });
  await withAdmin(adminUrl, async (writer) => {
    await writer.unsafe('BEGIN');
    await writer.unsafe(insertEvent('first', 3));
    await writer.unsafe('ROLLBACK');
  });
  const afterRollback = await storage.read.settledEventId();
  await orchestrator.enqueueTask({ id: 'second' });

  expect(afterRollback).toBe(2);
  expect(await storage.read.settledEventId()).toBe(5);
  expect(await orchestrator.verify()).toMatchObject({ ok: true, events: 4 });
});

test('in a snapshot it is told what was settled before the snapshot began', async () => {
  const { url } = await newDatabase();
  const storage = await openStorage(url);
  const orchestrator = orchestratorOn(storage);
  await orchestrator.enqueueTask({ id: 'first' });

  const [before, inside, seen] = await storage.read.snapshot(async (reader) => {
    const first = await reader.settledEventId();
    await orchestrator.enqueueTask({ id: 'second' });
    const { items } = await reader.events({ namespace: 'default', limit: 10, upTo: 1_000 });
    return [first, await reader.settledEventId(), items.map(({ id }) => id)] as const;
  });

  expect([before, inside, seen]).toEqual([2, 2, [1, 2]]);
  expect(await storage.read.settledEventId()).toBe(4);
});

test('while a writer is late, no page goes past what is settled, and the next page tells what it wrote', async () => {
  const { url, adminUrl } = await newDatabase();
  const orchestrator = orchestratorOn(await openStorage(url));
  await orchestrator.enqueueTask({ id: 'a' });
  const first = await orchestrator.listEvents({ after: '0', limit: 100 });

  await withAdmin(adminUrl, async (writer) => {
    await writer.unsafe('BEGIN');
    const [{ id: drawn }] = (await writer.unsafe(insertEvent('a', 3))) as unknown as [{ id: string }];
    await orchestrator.enqueueTask({ id: 'b' });
    const upToFirst = await orchestrator.listEvents({ after: '0', limit: 100, upTo: first.asOf });
    const nextPage = orchestrator.listEvents({ after: String(first.items.at(-1)?.id), limit: 100 });
    const early = await Promise.race([nextPage, isAsking(adminUrl).then(() => 'waits' as const)]);
    await writer.unsafe('COMMIT');
    const { items, asOf } = await nextPage;

    expect(upToFirst.items).toEqual(first.items);
    expect(early).toBe('waits');
    expect(items.map(({ id }) => id)).toEqual([Number(drawn), 4, 5]);
    expect(asOf).toBe(5);
  });
});

test(
  'it sees every event once and in order, while several write and all of them commit late',
  { timeout: 60_000 },
  async () => {
    const { url, adminUrl } = await newDatabase();
    const [reader, ...writers] = await Promise.all(Array.from({ length: 5 }, () => openStorage(url)));
    if (reader === undefined) throw new Error('there is no reader');
    await withAdmin(adminUrl, async (sql) => void (await sql.unsafe(COMMIT_LATE)));
    const work = { isDone: false };
    await orchestratorOn(reader).enqueueTask({ id: 'shared' });

    const following = Promise.all([
      follow(reader, work),
      readPages(orchestratorOn(reader), work),
      followWithoutBound(reader, work),
    ]);
    const rolledBack = rollBackNowAndThen(adminUrl, work);
    await Promise.all(writers.map((storage, number) => enqueueMany(orchestratorOn(storage), `${number}`)));
    work.isDone = true;
    const [followed, pages, unbounded] = await following;
    await rolledBack;

    const all = await allIds(reader);
    expect(all).toHaveLength(2 * (1 + 4 * 40));
    expect(followed).toEqual(all);
    expect(pages.told).toEqual(all);
    expect(pages.beyond, 'events that a page told beyond its bound').toEqual([]);
    expect(pages.bounds.filter((bound) => !all.includes(bound))).toEqual([]);
    expect(unbounded.length, 'a follower that takes whatever it can see misses events').toBeLessThan(all.length);
  },
);

interface Work {
  isDone: boolean;
}

async function enqueueMany(orchestrator: Orchestrator, writer: string): Promise<void> {
  await Promise.all(
    Array.from({ length: 4 }, async (_, caller) => {
      for (let at = 0; at < 10; at += 1) await orchestrator.enqueueTask({ id: `task-${writer}-${caller}-${at}` });
    }),
  );
}

/** Follows by the port: up to what is settled, and the cursor rests on the last event that was told. */
async function follow({ read }: Storage, work: Work): Promise<number[]> {
  const told: number[] = [];
  for (let last = false; !last;) {
    last = work.isDone;
    const upTo = await read.settledEventId();
    for (let more = true; more;) {
      const after = String(told.at(-1) ?? 0);
      const { items, next } = await read.events({ namespace: 'default', limit: 100, after, upTo });
      told.push(...items.map(({ id }) => id));
      more = next !== null;
    }
  }
  return told;
}

/** Reads page after page, as a program does that keeps the last id as its cursor. */
async function readPages(orchestrator: Orchestrator, work: Work) {
  const [told, beyond, bounds]: [number[], number[], number[]] = [[], [], []];
  for (let last = false; !last;) {
    const wasDone = work.isDone;
    const { items, next, asOf } = await orchestrator.listEvents({ after: String(told.at(-1) ?? 0), limit: 100 });
    told.push(...items.map(({ id }) => id));
    beyond.push(...items.map(({ id }) => id).filter((id) => id > asOf));
    bounds.push(asOf);
    last = wasDone && next === null;
  }
  return { told, beyond, bounds };
}

/** What must not be done: takes what can be seen. */
async function followWithoutBound({ read }: Storage, work: Work): Promise<number[]> {
  const told: number[] = [];
  for (let last = false; !last;) {
    last = work.isDone;
    const after = String(told.at(-1) ?? 0);
    const { items } = await read.events({ namespace: 'default', limit: 500, after, upTo: Number.MAX_SAFE_INTEGER });
    told.push(...items.map(({ id }) => id));
  }
  return told;
}

/** Draws an id now and then, and gives it up after a while. */
async function rollBackNowAndThen(adminUrl: string, work: Work): Promise<void> {
  await withAdmin(adminUrl, async (sql) => {
    for (let seq = 900_000; !work.isDone; seq += 1)
      await sql.unsafe(`BEGIN; ${insertEvent('shared', seq)}; SELECT pg_sleep(0.02); ROLLBACK`);
  });
}

async function allIds({ read }: Storage): Promise<number[]> {
  const ids: number[] = [];
  const upTo = await read.settledEventId();
  for (let after: string | null = '0'; after !== null;) {
    const page: Awaited<ReturnType<typeof read.events>> = await read.events({
      namespace: 'default',
      limit: 500,
      after,
      upTo,
    });
    ids.push(...page.items.map(({ id }) => id));
    after = page.next;
  }
  return ids;
}

/** Waits until a follower has asked for the writers and was told of one. */
async function isAsking(adminUrl: string): Promise<void> {
  await withAdmin(adminUrl, async (sql) => {
    await until(async () => {
      const [[writing], [asking]] = [await sql.unsafe(WRITERS), await sql.unsafe(ASKING)];
      return Number(writing?.['writers']) > 0 && Number(asking?.['asking']) > 0;
    });
  });
}
