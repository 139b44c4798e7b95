/**
 * Promises about old sessions:
 * - status, context and lease are what they mean here
 * - a lease that is held ends by its expiry, takeover or recovery
 */
import { describe, expect, test } from 'vitest';
import { after, clockAt, contentsOf, imported, withStore } from './imported.ts';
import { ago, COMMON, NOW, oldFile, running, session, task } from './old-files.ts';

describe('a session', () => {
  const statuses = ['idle', 'waiting', 'stale'];

  test.each(statuses)('that was %s is idle', async (status) => {
    const { sessions } = await after({ session_state: [session({ status })], task_queue: [task()] });

    expect(sessions).toMatchObject([{ id: 'session-1', status: 'idle', createdAt: NOW - 3_600_000, tasksOpen: 1 }]);
  });

  test('hands its context on', async () => {
    const row = { last_turn: 7, last_action: 'wrote', next_action: 'test', context_hash: 'h7', memory_ref: 'notes.md' };
    const path = oldFile([4], { session_state: [session(row)], task_queue: [task()] });
    const store = await imported(path);

    const claim = await withStore(store, (orchestrator) => orchestrator.claimTask({ agent: 'a' }));

    expect(claim).toMatchObject({
      ok: true,
      context: { turn: 7, lastAction: 'wrote', nextAction: 'test', hash: 'h7', memoryRef: 'notes.md', data: null },
    });
  });

  test('without turns or words has no context', async () => {
    const { sessions } = await after({ session_state: [session()] });

    expect(sessions).toMatchObject([{ context: null }]);
  });

  test('that runs a task under a lock that lasts is held by its agent until the lock ends', async () => {
    const { sessions, tasks } = await after(COMMON);

    expect(sessions[0]).toMatchObject({
      id: 'busy',
      status: 'running',
      agent: 'builder',
      taskId: 'now',
      leaseExpiresAt: NOW + 90_000,
    });
    expect(sessions[0]?.fence).toBeGreaterThanOrEqual(NOW * 1_000);
    expect(tasks.find(({ id }) => id === 'now')).toMatchObject({
      status: 'running',
      attempt: 1,
      startedAt: NOW - 600_000,
    });
  });

  test('takes the later of the two ends of the lock, and its agent from the table that has it', async () => {
    const { sessions } = await after({
      session_state: [running({ lock_expires_at: ago(5) })],
      task_queue: [task({ status: 'running' })],
      distributed_lock: [
        {
          lock_key: 'session:session-1:lock',
          owner_token: 'u',
          owner_agent: 'locker',
          acquired_at: ago(20),
          expires_at: ago(-10),
        },
      ],
    });

    expect(sessions).toMatchObject([
      { status: 'running', agent: 'locker', leaseExpiresAt: NOW + 10_000, ttlMs: 30_000 },
    ]);
  });

  test.each([
    ['had expired', { lock_expires_at: ago(100) }, NOW - 100_000],
    ['was gone', {}, expect.any(Number)],
  ])('whose lock %s is stale: recovery gives its task back', async (_what, lock, expiresAt) => {
    const path = oldFile([4], {
      session_state: [running({ heartbeat_at: ago(200), owner_agent: 'gone', last_turn: 3, ...lock })],
      task_queue: [task({ status: 'running', started_at: ago(300) })],
    });
    const store = await imported(path);

    const { recovered } = await withStore(store, (orchestrator) => orchestrator.staleRecovery());

    expect(store.imported.leases).toEqual({ held: 0, stale: 1 });
    expect(store.changes).toMatchObject([{ kind: 'lease_stale', count: 1 }]);
    expect(recovered).toMatchObject([
      {
        sessionId: 'session-1',
        taskId: 'task-1',
        from: { agent: 'gone' },
        reason: 'stale',
        outcome: 'requeued',
        expiresAt,
      },
    ]);
    expect((await contentsOf(store)).sessions).toMatchObject([{ status: 'idle', context: { turn: 3 } }]);
  });

  test('that is held ends by takeover once its lock is over, and not before', async () => {
    const path = oldFile([4], COMMON);
    const store = await imported(path);
    const claim = (seconds: number) =>
      withStore(
        store,
        (orchestrator) => orchestrator.claimTask({ agent: 'other', sessionId: 'busy' }),
        clockAt(seconds),
      );

    expect(await claim(89)).toMatchObject({ ok: false, reason: 'busy', heldBy: { agent: 'builder' } });
    expect(await claim(90)).toMatchObject({ ok: true, takeover: { from: { agent: 'builder' }, reason: 'expired' } });
  });

  test.each([
    ['nothing', {}],
    ['a task that is queued', { inflight_task_id: 'task-1' }],
    ['a task that is gone', { inflight_task_id: 'absent' }],
  ])('that was running with %s in flight is idle', async (_what, row) => {
    const { sessions, changes } = await after({
      session_state: [session({ status: 'running', lock_expires_at: ago(-90), ...row })],
      task_queue: [task({ status: 'queued' })],
    });

    expect(sessions).toMatchObject([{ status: 'idle', fence: null }]);
    expect(changes).toMatchObject([{ kind: 'session_idle', count: 1 }]);
  });
});
