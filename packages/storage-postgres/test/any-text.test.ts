/*
 * Rows whose ids no rule would have made, as a login that may write can insert them:
 *  - verify finds such a session, and takes no other one for it
 *  - recovery and claims load such a session alone, not the ones that a part of its id names
 *  - whatever an id holds, its history is found
 *  - what has come due is claimable in such a session too
 */
import { COLUMNS, type ReadyFilter, type Storage } from '@agent-orchestrator/core';
import { NEXT_COLUMNS } from '@agent-orchestrator/storage-sql';
import { expect, test } from 'vitest';
import { withAdmin } from './harness/databases.ts';
import { loadedFor } from './loaded-for.ts';
import { newDatabase, openStorage, orchestratorOn } from './open-database.ts';

const namespace = 'default';
/** A line feed, and a line that is the id of another session. */
const SPLIT = ['forged\nx', 'zz\na', 'a\nb', 'a\n'];
const ODD = [...SPLIT, 'a"b', 'a\\', '\\"', '{a,b}', 'NULL', ' ', "a'b", 'a,b', '\t', '\u{1F600}'];

async function opened() {
  const { url, adminUrl } = await newDatabase();
  const storage = await openStorage(url);
  const orchestrator = orchestratorOn(storage);
  await orchestrator.enqueueTasks([{ sessionId: 'a' }, { sessionId: 'b' }]);
  return { storage, orchestrator, adminUrl };
}

/** Inserts copies of a session, with other columns as said. */
async function forge(adminUrl: string, ids: readonly string[], changed: Readonly<Record<string, string>> = {}) {
  const columns = [...Object.values(COLUMNS.session), ...NEXT_COLUMNS];
  const values: Readonly<Record<string, string>> = { number: `nextval('orchestrator.numbers')`, ...changed };
  await withAdmin(adminUrl, async (sql) => {
    for (const id of ids)
      await sql.unsafe(
        `INSERT INTO orchestrator.sessions (${columns.join(', ')})
         SELECT ${columns.map((column) => (column === 'id' ? '$1' : (values[column] ?? column))).join(', ')}
         FROM orchestrator.sessions WHERE id = 'a'`,
        [id],
      );
  });
}

const NO_HEAD = Object.fromEntries(NEXT_COLUMNS.map((column) => [column, 'NULL']));

test('verify finds a session whose id has a line feed, and takes no other one for it', async () => {
  const { orchestrator, adminUrl } = await opened();
  expect(await orchestrator.verify()).toMatchObject({ ok: true });
  await forge(adminUrl, SPLIT, { ...NO_HEAD, tasks_open: '0' });

  const { findings, sessions } = await orchestrator.verify();

  expect(findings.map(({ kind, sessionId }) => [kind, sessionId])).toEqual(
    SPLIT.toSorted().map((id) => ['missing', id]),
  );
  expect(sessions).toBe(SPLIT.length + 2);
});

test('whatever an id holds, its history is found, and each once', async () => {
  const { storage, adminUrl } = await opened();
  await forge(adminUrl, ODD);

  const found = await storage.read.histories(namespace, [...ODD, 'none\nb', ...ODD], 10);

  expect(found.map(({ session }) => session.id).toSorted()).toEqual(ODD.toSorted());
});

const idsFor = async (storage: Storage, scope: Parameters<typeof loadedFor>[1]) =>
  (await loadedFor(storage, scope)).sessions.map(({ session }) => session.id).toSorted();

test('recovery loads such a session alone', async () => {
  const { storage, orchestrator, adminUrl } = await opened();
  await orchestrator.claimTask({ agent: 'home-agent', sessionId: 'a' });
  await forge(adminUrl, ODD, { stale_at: '1' });

  expect(await idsFor(storage, { by: 'stale', namespace, limit: 100 })).toEqual(ODD.toSorted());
});

test('a claim loads such a session alone: one with a head, and one that its agent holds', async () => {
  const { storage, orchestrator, adminUrl } = await opened();
  await forge(adminUrl, ODD);
  const filter: ReadyFilter = { addressees: ['', 'agent:home-agent'], limit: 100 };
  const ready = { by: 'ready', namespace, ...filter, staleLimit: 10, heldBy: 'home-agent' } as const;
  expect(await idsFor(storage, ready)).toEqual(['a', 'b', ...ODD].toSorted());

  await orchestrator.claimTask({ agent: 'home-agent', sessionId: 'a' });
  await forge(adminUrl, ['held\nb']);

  expect(await idsFor(storage, { ...ready, addressees: ['agent:none'] })).toEqual(['a', 'held\nb']);
});

test('what has come due is claimable in such a session too', async () => {
  const { storage, orchestrator, adminUrl } = await opened();
  await forge(adminUrl, ['zz\na'], { ...NO_HEAD, tasks_open: '1' });
  await orchestrator.enqueueTask({ id: 'due', sessionId: 'b', delayMs: 60_000 });
  await withAdmin(adminUrl, async (sql) => {
    await sql`UPDATE orchestrator.tasks SET run_at = 1, session_id = ${'zz\na'} WHERE id = 'due'`;
  });

  await idsFor(storage, { by: 'ready', namespace, addressees: [''], limit: 1, staleLimit: 0 });

  expect(await storage.read.session(namespace, 'zz\na')).toMatchObject({ next: { taskId: 'due' } });
});
