/*
 * Connections that fail in the middle of a command:
 *  - an answer to COMMIT that gets lost: the command is asked about by its id, has one effect and is answered
 *  - so it is for every command of a group
 *  - a connection that is cut before COMMIT: the command runs again
 *  - a server that does not come back within the bound: the outcome is unknown, and the error says how to ask
 *  - a server that is a standby for a while, as after a fail-over: the command waits until it is promoted
 *  - a session that another transaction locks without end: STORE_BUSY, and no other command waits
 */
import { expect, test } from 'vitest';
import { withAdmin } from './harness/databases.ts';
import { FakeServer } from './harness/fake-server.ts';
import { Proxy } from './harness/proxy.ts';
import { newDatabase, openStorage, orchestratorOn, until } from './open-database.ts';

/** A database behind a proxy, and a storage that goes through it. */
async function behindProxy(retryMs = 20_000) {
  const { url, adminUrl } = await newDatabase();
  const proxy = await Proxy.before(url);
  const storage = await openStorage(proxy.through(url), { retryMs });
  return { url, adminUrl, proxy, storage, orchestrator: orchestratorOn(storage) };
}

test('an answer to COMMIT that gets lost: the command has one effect, and is answered', async () => {
  const { proxy, orchestrator } = await behindProxy();
  proxy.cutsLeft = 1;
  const enqueued = await orchestrator.enqueueTask({});
  proxy.cutsLeft = 1;
  const claimed = await orchestrator.claimTask({ agent: 'company-agent' });

  expect(proxy.cuts).toBe(2);
  expect(claimed).toMatchObject({ ok: true, task: { id: enqueued.task.id } });
  expect(await orchestrator.counts()).toMatchObject({ tasks: { running: 1, queued: 0 }, events: 3 });
  await proxy.close();
});

test('so it is for every command of a group, again and again', async () => {
  const { proxy, orchestrator } = await behindProxy();
  const ids = new Set<string>();
  for (let round = 0; round < 3; round += 1) {
    proxy.cutsLeft = 1;
    const replies = await Promise.all(Array.from({ length: 20 }, () => orchestrator.enqueueTask({})));
    for (const { task } of replies) ids.add(task.id);
  }

  expect(proxy.cuts).toBe(3);
  expect(ids.size).toBe(60);
  expect(await orchestrator.counts()).toMatchObject({ tasks: { queued: 60 }, events: 120 });
  expect(await orchestrator.verify()).toMatchObject({ ok: true });
  await proxy.close();
});

test('connections that the server ends are replaced', async () => {
  const { adminUrl, proxy, orchestrator } = await behindProxy();
  await orchestrator.enqueueTask({});
  const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`;

  for (let round = 0; round < 3; round += 1) {
    await withAdmin(adminUrl, async (sql) => void (await sql.unsafe(end)));
    await Promise.all([orchestrator.enqueueTask({}), orchestrator.listTasks(), orchestrator.claimTask({ agent: 'a' })]);
  }

  expect(await orchestrator.counts()).toMatchObject({ tasks: { queued: 1, running: 3 } });
  await proxy.close();
});

test('a server that does not come back: the outcome is unknown, and the error says how to ask', async () => {
  const { url, proxy, orchestrator } = await behindProxy(300);
  await orchestrator.enqueueTask({});
  proxy.cutsLeft = 1;
  const commandId = `${Date.now()
    .toString(16)
    .padStart(12, '0')
    .replace(/^(.{8})/, '$1-')}-7000-8000-000000000001`;
  const [error] = await Promise.all([
    orchestrator.enqueueTask({ commandId }).catch((thrown: unknown) => thrown),
    waitForCut(proxy).then(() => proxy.close()),
  ]);

  expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN', retryable: true });
  const direct = orchestratorOn(await openStorage(url));
  const again = await direct.enqueueTask({ commandId });
  expect(again.outcome).toBe('enqueued');
  expect(await direct.counts()).toMatchObject({ tasks: { queued: 2 } });
});

test('a server that is a standby for a while: the command waits until it is promoted', async () => {
  const { url, proxy, orchestrator } = await behindProxy();
  await orchestrator.enqueueTask({});
  const standby = await FakeServer.start({ version: [18, 4], isStandby: true });
  proxy.redirect(standby.url);
  proxy.drop();

  const enqueued = orchestrator.enqueueTask({});
  await until(() => standby.asked >= 3);
  proxy.redirect(url);

  expect(await enqueued).toMatchObject({ outcome: 'enqueued' });
  expect(await orchestrator.counts()).toMatchObject({ tasks: { queued: 2 } });
  await proxy.close();
});

test('a session that another transaction locks without end: STORE_BUSY, and no other command waits', async () => {
  const { url, adminUrl } = await newDatabase();
  const storage = await openStorage(url, { retryMs: 100 });
  const orchestrator = orchestratorOn(storage);
  await orchestrator.enqueueTask({ id: 'held' });
  await orchestrator.enqueueTask({ id: 'free' });

  await withAdmin(adminUrl, async (sql) => {
    await sql.unsafe(`BEGIN; SELECT 1 FROM orchestrator.sessions WHERE id = 'held' FOR UPDATE`);
    const [held, free] = await Promise.allSettled([
      orchestrator.claimTask({ agent: 'a', sessionId: 'held' }),
      timed(orchestrator.claimTask({ agent: 'a', sessionId: 'free' })),
    ]);
    await sql.unsafe('ROLLBACK');

    expect(held).toMatchObject({ status: 'rejected', reason: { code: 'STORE_BUSY' } });
    expect(free).toMatchObject({ status: 'fulfilled', value: { reply: { ok: true } } });
    expect((free as PromiseFulfilledResult<{ ms: number }>).value.ms).toBeLessThan(2_000);
  });
});

async function waitForCut(proxy: Proxy): Promise<void> {
  while (proxy.cuts === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}

async function timed<R>(call: Promise<R>): Promise<{ reply: R; ms: number }> {
  const begin = performance.now();
  const reply = await call;
  return { reply, ms: performance.now() - begin };
}
