/*
 * Connections that stay open and say nothing any more:
 *  - they are given up, and what was sent on them is sent anew
 *  - what a client has locked that falls silent comes free for others
 *  - a storage whose last hint is not answered closes soon
 *  - a hint whose answer takes longer than that of a watcher may ends no connection
 */
import { expect, test } from 'vitest';
import { AGENT, withAdmin } from './harness/databases.ts';
import { Proxy } from './harness/proxy.ts';
import { isTold, newDatabase, openStorage, orchestratorOn, until } from './open-database.ts';

test(
  'a watcher whose connections fall silent is told again after they were replaced',
  { timeout: 60_000 },
  async () => {
    const { url } = await newDatabase();
    const proxy = await Proxy.before(url);
    const [watching, changing] = [await openStorage(proxy.through(url)), await openStorage(url)];
    const stop = await watching.watch(() => {});
    proxy.silence();

    await until(async () => isTold(watching, changing), 30_000);

    expect(await isTold(watching, changing)).toBe(true);
    await stop();
    await proxy.close();
  },
);

test(
  'a command whose connection falls silent is answered on another one, with one effect',
  { timeout: 60_000 },
  async () => {
    const { url } = await newDatabase();
    const proxy = await Proxy.before(url);
    const orchestrator = orchestratorOn(await openStorage(proxy.through(url), { retryMs: 40_000 }));
    await orchestrator.enqueueTask({});
    proxy.silence();

    const { outcome } = await orchestrator.enqueueTask({});

    expect(outcome).toBe('enqueued');
    expect(await orchestrator.counts()).toMatchObject({ tasks: { queued: 2 } });
    await proxy.close();
  },
);

test(
  'what a client has locked that falls silent in the middle of a transaction comes free for others',
  { timeout: 90_000 },
  async ({ skip }) => {
    const { url } = await newDatabase();
    const version = await versionOf(url);
    skip(version < 17, `PostgreSQL ${version} has no limit on whole transactions`);
    const proxy = await Proxy.before(url);
    const silent = orchestratorOn(await openStorage(proxy.through(url), { retryMs: 60_000 }));
    const other = orchestratorOn(await openStorage(url));
    await other.enqueueTask({ id: 'wanted' });
    // What the server is told last is not the end of a statement: so it waits for the rest, and does not count as idle.
    proxy.silenceAfter = 'max(e.fence)';
    const first = silent.claimTask({ agent: 'silent-agent', sessionId: 'wanted' });
    await until(() => proxy.silenceAfter === null);

    const second = other.claimTask({ agent: 'other-agent', sessionId: 'wanted' });

    // Both wait for the lock by now, the silent one on a new connection.
    const replies = await Promise.all([first, second]);
    expect(replies.filter(({ ok }) => ok)).toHaveLength(1);
    await proxy.close();
  },
);

test('a storage whose last hint is not answered closes soon', { timeout: 60_000 }, async () => {
  const { url } = await newDatabase();
  const proxy = await Proxy.before(url);
  const storage = await openStorage(proxy.through(url));
  // The second of two commits within 50 ms is not told yet.
  for (let commit = 0; commit < 2; commit += 1) await orchestratorOn(storage).enqueueTask({});
  proxy.silence();

  const from = performance.now();
  await storage.close();

  expect(performance.now() - from).toBeLessThan(4_000);
  await proxy.close();
});

test(
  'a hint whose answer takes longer than that of a watcher may ends no connection',
  { timeout: 60_000 },
  async () => {
    const { url, adminUrl } = await newDatabase();
    const proxy = await Proxy.before(url);
    const orchestrator = orchestratorOn(await openStorage(proxy.through(url)));
    // Tells the others by a hint: that goes over the slow line.
    await orchestrator.enqueueTask({});
    proxy.delayMs = 2_600;
    const from = performance.now();
    // Behind the hint. Both first answers take 5.2 s.
    const enqueued = orchestrator.enqueueTask({});
    const before = await processesOf(adminUrl);
    await until(() => performance.now() - from > 5_100);
    proxy.delayMs = 0;
    await enqueued;

    expect(before).toHaveLength(1);
    expect(await processesOf(adminUrl)).toEqual(expect.arrayContaining(before));
    await proxy.close();
  },
);

/** Those of the server that work for agents in this database. */
async function processesOf(adminUrl: string): Promise<number[]> {
  const text = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = '${AGENT.user}'`;
  return withAdmin(adminUrl, async (sql) => (await sql.unsafe(text)).map((row) => row['pid'] as number));
}

async function versionOf(url: string): Promise<number> {
  return withAdmin(url, async (sql) => {
    const [row] = await sql<
      { version: number }[]
    >`SELECT current_setting('server_version_num')::int / 10000 AS version`;
    return row?.version ?? 0;
  });
}
