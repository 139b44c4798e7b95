/*
 * Whoever follows the log:
 *  - waits for a writer that has drawn an id and not ended, and then sees its event in its place
 *  - does not wait for writers that came later
 *  - sees what a writer left out that rolled back, and goes on
 *  - sees every event once and in order, while many write and some are slow
 */
import { expect, test } from 'vitest';
import { withAdmin } from './harness/databases.ts';
import { newDatabase, openStorage, orchestratorOn } from './open-database.ts';

const COLUMNS = 'namespace, session_id, seq, type, payload, at, prev_hash, hash';
const HASH = '0'.repeat(64);

/** Writes an event past the rules, in a session that is there. */
const insertEvent = (sessionId: string, seq: number): string =>
  `INSERT INTO orchestrator.event_log (${COLUMNS}) VALUES ('default', '${sessionId}', ${seq}, 'legacy.event', '{}', 1, '${HASH}', '${HASH}') RETURNING id`;

test('a follower waits for a writer that has drawn an id and not ended, and then sees its event in its place', async () => {
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
    const { items } = await storage.read.events({ namespace: 'default', limit: 10 });

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

test('what a writer that rolled back left out is a gap, and no reason to wait', async () => {
  const { url, adminUrl } = await newDatabase();
  const storage = await openStorage(url);
  const orchestrator = orchestratorOn(storage);
  await orchestrator.enqueueTask({ id: 'first' });
  await withAdmin(adminUrl, async (writer) => {
    await writer.unsafe('BEGIN');
    await writer.unsafe(insertEvent('first', 3));
    await writer.unsafe('ROLLBACK');
  });
  await orchestrator.enqueueTask({ id: 'second' });

  expect(await storage.read.settledEventId()).toBe(5);
  expect(await orchestrator.verify()).toMatchObject({ ok: true, events: 4 });
});

test('it sees every event once and in order, while many write and some are slow', { timeout: 60_000 }, async () => {
  const { url, adminUrl } = await newDatabase();
  const [reader, one, two] = [await openStorage(url), await openStorage(url), await openStorage(url)];
  const work = { isDone: false };
  const seen: number[] = [];
  const follow = async () => {
    for (let last = false; !last;) {
      last = work.isDone;
      const settled = await reader.read.settledEventId();
      for (let after = seen.at(-1) ?? 0; after < settled;) {
        const { items } = await reader.read.events({ namespace: 'default', limit: 100, after: String(after) });
        const upTo = items.filter(({ id }) => id <= settled);
        seen.push(...upTo.map(({ id }) => id));
        if (upTo.length < 100) break;
        after = upTo.at(-1)?.id ?? settled;
      }
    }
  };
  /** Takes an id now and then, and keeps it to itself for a while. */
  const slowWriter = async () =>
    withAdmin(adminUrl, async (sql) => {
      while (!work.isDone) {
        await sql.unsafe(`BEGIN; ${insertEvent('s0', 900_000 + seen.length)}; SELECT pg_sleep(0.02); ROLLBACK`);
      }
    });
  await orchestratorOn(one).enqueueTask({ id: 's0' });

  const following = follow();
  const slow = slowWriter();
  await Promise.all(
    [one, two].flatMap((storage, number) =>
      Array.from({ length: 8 }, async (_, caller) => {
        const orchestrator = orchestratorOn(storage);
        for (let at = 0; at < 25; at += 1) await orchestrator.enqueueTask({ id: `task-${number}-${caller}-${at}` });
      }),
    ),
  );
  work.isDone = true;
  await Promise.all([following, slow]);

  const all: number[] = [];
  for (let after = '0'; ;) {
    const { items, next } = await reader.read.events({ namespace: 'default', limit: 500, after });
    all.push(...items.map(({ id }) => id));
    if (next === null) break;
    after = next;
  }
  expect(all).toHaveLength(2 * (1 + 2 * 8 * 25));
  expect(seen).toEqual(all);
});
