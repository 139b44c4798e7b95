/*
 * Units of work that name the same sessions:
 *  - lock several sessions in the order of their ids, whatever the order in which they are named
 *  - cross again and again, by id and by fence, old sessions and new ones, and the server never has to break a deadlock
 *  - waiting for one lock after the other takes longer than a statement may: it is tried again
 *  - a claim of the next task passes over a head that another transaction has locked, and does not wait for it
 *  - a claim that finds nothing but a locked head waits for it
 *  - a recovery that passes over a locked stale session says that there is more; it waits for it if it finds no other,
 *    but not for long
 *  - the same holds for a session of which a recovery has evidence that its holder is dead
 *  - a grant that takes longer to be committed than its lease lasts is hidden from recoveries until then: they cannot
 *    say that there is more
 *  - tasks of a locked session that have to be told of an end keep none waiting that come after them, however many
 */
import { setTimeout as pause } from 'node:timers/promises';
import { LIMITS, type Evidence, type Scope } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { TIMEOUTS } from '../src/server/transactions.ts';
import { withAdmin } from './harness/databases.ts';
import { loadedFor } from './loaded-for.ts';
import { newDatabase, openStorage, orchestratorOn, until } from './open-database.ts';

const OF_DATABASE = `count(*)::int FROM pg_stat_activity WHERE datname = current_database()`;
const WAITING = `SELECT ${OF_DATABASE} AND wait_event_type = 'Lock'`;
const HOLDING = `SELECT ${OF_DATABASE} AND state = 'idle in transaction'`;
const OTHERS = `SELECT ${OF_DATABASE} AND pid <> pg_backend_pid()`;
const DEADLOCKS = `SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()`;

/** Each new session takes a while, so that two transactions that add several meet in the middle. */
const ADD_SLOWLY = `
  CREATE FUNCTION public.take_a_while() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN PERFORM pg_sleep(0.005); RETURN NEW; END $$;
  CREATE TRIGGER slow BEFORE INSERT ON orchestrator.sessions FOR EACH ROW EXECUTE FUNCTION public.take_a_while()`;

function named(...ids: readonly string[]): Scope {
  return { by: 'sessions', namespace: 'default', sessions: ids.map((sessionId) => ({ sessionId })) };
}

async function numberOf(adminUrl: string, text: string): Promise<number> {
  return withAdmin(adminUrl, async (sql) => Number(Object.values((await sql.unsafe(text))[0] ?? {})[0]));
}

async function waits(adminUrl: string, count = 1): Promise<void> {
  await until(async () => (await numberOf(adminUrl, WAITING)) === count);
}

const lock = (id: string): string => `SELECT 1 FROM orchestrator.sessions WHERE id = '${id}' FOR NO KEY UPDATE`;

test('sessions are locked in the order of their ids, whatever the order in which they are named', async () => {
  const { url, adminUrl } = await newDatabase();
  const storage = await openStorage(url);
  await orchestratorOn(storage).enqueueTasks(['a', 'b', 'c'].map((id) => ({ id })));

  await withAdmin(adminUrl, async (rival) =>
    withAdmin(adminUrl, async (third) => {
      await rival.unsafe(`BEGIN; ${lock('b')}`);
      const unit = loadedFor(storage, named('c', 'b', 'a'));
      await waits(adminUrl);
      // It has locked what comes before what it waits for, and nothing that comes after.
      await expect(third.unsafe(`${lock('a')} NOWAIT`)).rejects.toMatchObject({ code: '55P03' });
      await expect(third.unsafe(`${lock('c')} NOWAIT`)).resolves.toHaveLength(1);
      await rival.unsafe('COMMIT');

      expect((await unit).sessions.map(({ session }) => session.id)).toEqual(['c', 'b', 'a']);
    }),
  );
});

test('what waits for one lock after the other, longer than a statement may, is tried again', async () => {
  const { url, adminUrl } = await newDatabase();
  const storage = await openStorage(url);
  const ids = ['a', 'b', 'c'];
  await orchestratorOn(storage).enqueueTasks(ids.map((id) => ({ id })));
  const eachMs = TIMEOUTS.lock_ms - 1_000;
  expect(ids.length * eachMs).toBeGreaterThan(TIMEOUTS.statement_ms);

  // Each is let go before the wait for it alone is too long.
  const rivals = ids.map((id, at) =>
    withAdmin(adminUrl, async (rival) => {
      await rival.unsafe(`BEGIN; ${lock(id)}`);
      await pause((at + 1) * eachMs);
      await rival.unsafe('COMMIT');
    }),
  );
  await until(async () => (await numberOf(adminUrl, HOLDING)) === ids.length);
  const { sessions } = await loadedFor(storage, named(...ids));
  await Promise.all(rivals);

  expect(sessions).toHaveLength(ids.length);
});

test(
  'units of work cross again and again, and the server never has to break a deadlock',
  { timeout: 60_000 },
  async () => {
    const { url, adminUrl } = await newDatabase();
    const storages = await Promise.all([1, 2, 3, 4].map(() => openStorage(url)));
    await withAdmin(adminUrl, async (sql) => void (await sql.unsafe(ADD_SLOWLY)));
    const orchestrators = storages.map(orchestratorOn);
    const ids = ['a', 'b', 'c', 'd'];
    await orchestrators[0]?.enqueueTasks(ids.map((id) => ({ sessionId: id })));

    for (let round = 0; round < 6; round += 1) {
      const claims = await orchestrators[0]?.claimTasks({ agent: 'company-agent', limit: ids.length });
      if (claims?.ok !== true) throw new Error('nothing was claimed');
      const tokens = claims.claims.map(({ lease }) => lease.token);
      const fresh = ids.map((id) => `${id}-${round}`);
      await Promise.all(
        orchestrators.map(async (orchestrator, at) => {
          // Each in another order.
          const turned = <Item>(items: readonly Item[]): Item[] => [...items.slice(at), ...items.slice(0, at)];
          await Promise.all([
            orchestrator.releaseTasks(turned(tokens).map((token) => ({ token, outcome: 'released' as const }))),
            orchestrator.enqueueTasks(turned(ids).map((id) => ({ sessionId: id, priority: 9 }))),
            orchestrator.enqueueTasks(turned(fresh).map((id) => ({ sessionId: id, assignee: 'another-agent' }))),
            orchestrator.heartbeat({ token: tokens[at] ?? '' }),
          ]);
        }),
      );
    }
    await Promise.all(storages.map((storage) => storage.close()));
    // The servers of the connections tell what they have counted before they end.
    await until(async () => (await numberOf(adminUrl, OTHERS)) === 0);

    expect(await numberOf(adminUrl, DEADLOCKS)).toBe(0);
    await withAdmin(adminUrl, async (sql) => void (await sql.unsafe('DROP FUNCTION public.take_a_while CASCADE')));
    const reader = orchestratorOn(await openStorage(url));
    expect(await reader.verify()).toMatchObject({ ok: true });
    expect(await reader.counts()).toMatchObject({ tasks: { queued: 4 + 6 * 4 * 8 } });
  },
);

test('a claim of the next task passes over a head that another transaction has locked', async () => {
  const { url, adminUrl } = await newDatabase();
  const orchestrator = orchestratorOn(await openStorage(url));
  await orchestrator.enqueueTasks(['own', 'locked', 'free'].map((id) => ({ id })));
  const claimed = await orchestrator.claimTask({ agent: 'a', sessionId: 'own' });
  if (!claimed.ok) throw new Error('nothing was claimed');

  await withAdmin(adminUrl, async (rival) => {
    await rival.unsafe(`BEGIN; ${lock('locked')}`);
    const { token } = claimed.lease;
    const first = await orchestrator.releaseTask({ token, outcome: 'succeeded', claimNext: { agent: 'a' } });
    if (!first.ok || first.next === null) throw new Error('nothing was claimed next');
    const second = await orchestrator.releaseTask({
      token: first.next.lease.token,
      outcome: 'succeeded',
      claimNext: { agent: 'a' },
    });
    await rival.unsafe('COMMIT');

    expect(first.next.task.id).toBe('free');
    expect(second).toMatchObject({ ok: true, next: null });
  });
});

test('a claim that finds nothing but a locked head waits for it', async () => {
  const { url, adminUrl } = await newDatabase();
  const orchestrator = orchestratorOn(await openStorage(url));
  await orchestrator.enqueueTask({ id: 'locked' });

  await withAdmin(adminUrl, async (rival) => {
    await rival.unsafe(`BEGIN; ${lock('locked')}`);
    const claim = orchestrator.claimTask({ agent: 'a' });
    await waits(adminUrl);
    await rival.unsafe('COMMIT');

    expect(await claim).toMatchObject({ ok: true, task: { id: 'locked' } });
  });
});

test('a recovery that passes over a locked stale session says so; if it finds no other, it waits for it', async () => {
  const { url, adminUrl } = await newDatabase();
  const orchestrator = orchestratorOn(await openStorage(url));
  for (const id of ['locked', 'free']) {
    await orchestrator.enqueueTask({ id });
    await orchestrator.claimTask({ agent: 'a', sessionId: id, ttlMs: 1_000, staleAfterMs: 1_000 });
  }
  await withAdmin(adminUrl, async (rival) => {
    await rival.unsafe(`UPDATE orchestrator.sessions SET
      stale_at = stale_at - 60000, lease_expires_at = lease_expires_at - 60000, heartbeat_at = heartbeat_at - 60000`);
    await rival.unsafe(`BEGIN; ${lock('locked')}`);
    const first = await orchestrator.staleRecovery();
    const second = orchestrator.staleRecovery();
    await waits(adminUrl);
    await rival.unsafe('COMMIT');

    expect(first).toMatchObject({ recovered: [{ sessionId: 'free' }], more: true });
    expect(await second).toMatchObject({ recovered: [{ sessionId: 'locked' }], more: false });
    expect(await orchestrator.staleRecovery()).toMatchObject({ recovered: [], more: false });
  });
});

test('a recovery waits but a moment for a session that stays locked, and says that there is more', async () => {
  const { url, adminUrl } = await newDatabase();
  const orchestrator = orchestratorOn(await openStorage(url));
  await orchestrator.enqueueTask({ id: 'locked' });
  await orchestrator.claimTask({ agent: 'a', sessionId: 'locked', ttlMs: 1_000, staleAfterMs: 1_000 });
  await withAdmin(adminUrl, async (rival) => {
    await rival.unsafe(`UPDATE orchestrator.sessions SET
      stale_at = stale_at - 60000, lease_expires_at = lease_expires_at - 60000, heartbeat_at = heartbeat_at - 60000`);
    await rival.unsafe(`BEGIN; ${lock('locked')}`);

    // While the lock is held.
    expect(await orchestrator.staleRecovery()).toMatchObject({ recovered: [], more: true });
    await rival.unsafe('COMMIT');

    expect(await orchestrator.staleRecovery()).toMatchObject({ recovered: [{ sessionId: 'locked' }], more: false });
  });
});

test('a recovery with evidence against the holder of a locked session does not wait for long', async () => {
  const { url, adminUrl } = await newDatabase();
  const orchestrator = orchestratorOn(await openStorage(url));
  const process = { host: 'machine', boot: 'boot', pid: 4_711, start: '1' };
  const evidence: Evidence[] = [];
  for (const sessionId of ['locked', 'free']) {
    await orchestrator.enqueueTask({ id: sessionId });
    const claim = await orchestrator.claimTask({ agent: 'a', sessionId, process });
    if (!claim.ok) throw new Error('not claimed');
    const { host, boot, pid, start: processStart } = process;
    evidence.push({ sessionId, fence: claim.lease.fence, host, boot, pid, processStart });
  }
  await withAdmin(adminUrl, async (rival) => {
    await rival.unsafe(`BEGIN; ${lock('locked')}`);

    // While the lock is held.
    const first = await orchestrator.staleRecovery({ evidence });
    const begin = performance.now();
    const second = await orchestrator.staleRecovery({ evidence });
    const ms = performance.now() - begin;
    await rival.unsafe('COMMIT');

    expect(first).toMatchObject({ recovered: [{ sessionId: 'free', reason: 'dead' }], more: true });
    expect(second).toMatchObject({ recovered: [], more: true });
    expect(ms).toBeLessThan(3 * TIMEOUTS.lock_ms);
    expect(await orchestrator.staleRecovery({ evidence })).toMatchObject({
      recovered: [{ sessionId: 'locked', reason: 'dead' }],
      more: false,
    });
  });
});

test('a stale lease whose grant is not committed yet is hidden from recoveries', async () => {
  const { url, adminUrl } = await newDatabase();
  const [claiming, recovering] = [orchestratorOn(await openStorage(url)), orchestratorOn(await openStorage(url))];
  await claiming.enqueueTask({ id: 'late' });
  await withAdmin(adminUrl, async (rival) => {
    // The claim is decided, and waits to write its event.
    await rival.unsafe('BEGIN; LOCK TABLE orchestrator.event_log IN SHARE MODE');
    const claim = claiming.claimTask({ agent: 'a', sessionId: 'late', ttlMs: 1_000, staleAfterMs: 1_000 });
    await waits(adminUrl);
    await pause(1_500);

    const first = await recovering.staleRecovery();
    const second = await recovering.staleRecovery();
    await rival.unsafe('COMMIT');
    const granted = await claim;
    const found = await recovering.staleRecovery();

    expect([first, second]).toMatchObject([
      { recovered: [], more: false },
      { recovered: [], more: false },
    ]);
    expect(granted).toMatchObject({ ok: true });
    expect(found).toMatchObject({ recovered: [{ sessionId: 'late', reason: 'stale' }], more: false });
  });
});

test('tasks of a locked session that are to be told of an end keep none waiting that come after them', async () => {
  const { url, adminUrl } = await newDatabase();
  const orchestrator = orchestratorOn(await openStorage(url));
  const many = Array.from({ length: LIMITS.sweep_page_max }, (_, at) => ({ id: `m${at}`, sessionId: 's' }));
  await orchestrator.enqueueTasks([{ id: 'a' }, ...many.map((task) => ({ ...task, dependsOn: ['a'] }))]);
  await orchestrator.enqueueTask({ id: 'z', dependsOn: ['a'] });
  const claim = await orchestrator.claimTask({ agent: 'agent' });
  if (!claim.ok) throw new Error('nothing was claimed');

  await withAdmin(adminUrl, async (rival) => {
    await rival.unsafe(`BEGIN; ${lock('s')}`);
    await orchestrator.releaseTask({ token: claim.lease.token, outcome: 'succeeded' });

    expect((await orchestrator.getTask('z'))?.status).toBe('queued');
    expect((await orchestrator.getTask('m0'))?.status).toBe('blocked');
    await rival.unsafe('COMMIT');
  });
  await orchestrator.staleRecovery();
  expect((await orchestrator.getTask('m0'))?.status).toBe('queued');
});
