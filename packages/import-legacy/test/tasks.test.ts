/**
 * Promises about old tasks and the old log:
 * - status, attempts, times, errors and places in the queue are what they mean here
 * - the old log is imported row by row, before the events that make the state of today
 */
import { describe, expect, test } from 'vitest';
import { after, contentsOf, imported, withStore } from './imported.ts';
import { ago, event, NOW, oldFile, running, session, task, type Cells } from './old-files.ts';

describe('a task', () => {
  const fates: readonly [was: string, is: object][] = [
    ['pending', { status: 'queued', attempt: 0 }],
    ['queued', { status: 'queued', attempt: 0 }],
    ['claimed', { status: 'queued', attempt: 0 }],
    ['running', { status: 'queued', attempt: 0 }],
    ['done', { status: 'succeeded', attempt: 1, startedAt: NOW - 900_000, finishedAt: NOW - 800_000, error: null }],
    ['failed', { status: 'failed', attempt: 1, finishedAt: NOW - 800_000, error: { code: 'E1', message: 'why' } }],
    ['dead', { status: 'failed', attempt: 1, finishedAt: NOW - 800_000, error: { code: 'E1', message: 'why' } }],
    [
      'cancelled',
      { status: 'cancelled', attempt: 0, finishedAt: NOW - 800_000, error: { code: 'E1', message: 'why' } },
    ],
  ];

  test.each(fates)('that was %s: its status, attempt and times', async (status, is) => {
    const over = /done|failed|dead|cancelled/.test(status);
    const ended: Cells = over
      ? { started_at: ago(900), finished_at: ago(800), error_code: 'E1', error_msg: 'why' }
      : {};

    const { tasks } = await after({ session_state: [session()], task_queue: [task({ status, ...ended })] });

    expect(tasks).toMatchObject([
      {
        id: 'task-1',
        kind: 'review',
        title: 'review',
        priority: 5,
        createdAt: NOW - 1_800_000,
        attemptsMax: 4,
        interruptions: 0,
        ...is,
      },
    ]);
  });

  const retries: readonly [
    status: string,
    retryCount: number,
    maxRetries: number,
    attempt: number,
    attemptsMax: number,
  ][] = [
    ['queued', 2, 3, 2, 4],
    ['done', 2, 5, 3, 6],
    ['dead', 3, 3, 4, 4],
    ['failed', 0, 0, 1, 1],
    ['cancelled', 2, 3, 2, 4],
    // It had more than it was allowed, and waits for one more.
    ['queued', 4, 3, 4, 5],
    ['dead', 4, 3, 5, 5],
  ];

  test.each(retries)(
    'that was %s after %i retries of %i: attempt %i of %i',
    async (status, retryCount, maxRetries, attempt, attemptsMax) => {
      const row = task({ status, retry_count: retryCount, max_retries: maxRetries, last_error: 'again' });

      const { tasks, changes } = await after({ session_state: [session()], task_queue: [row] });

      expect(tasks).toMatchObject([{ attempt, attemptsMax }]);
      expect(changes.map(({ kind }) => kind)).toEqual(attemptsMax > maxRetries + 1 ? ['attempts_raised'] : []);
    },
  );

  test('that runs has its retries and the attempt that runs', async () => {
    const { tasks } = await after({
      session_state: [running({ lock_expires_at: ago(-90) })],
      task_queue: [
        task({ status: 'running', retry_count: 2 }),
        task({ task_id: 'task-0', retry_count: 1 }),
        task({ task_id: 'task-2' }),
      ],
    });

    expect(tasks).toMatchObject([
      { id: 'task-0', attempt: 1 },
      { id: 'task-1', status: 'running', attempt: 3 },
      { id: 'task-2', attempt: 0 },
    ]);
  });

  test('that is to be tried later is scheduled then; one whose time has come is queued', async () => {
    const { tasks } = await after({
      session_state: [session()],
      task_queue: [
        task({ task_id: 'a', next_retry_at: ago(-60) }),
        task({ task_id: 'b', next_retry_at: ago(-60), retry_count: 1, last_error: 'once' }),
        task({ task_id: 'c', next_retry_at: ago(60), retry_count: 1 }),
        task({ task_id: 'd', next_retry_at: ago(60) }),
      ],
    });

    expect(tasks).toMatchObject([
      { id: 'a', status: 'scheduled', runAt: NOW + 60_000 },
      { id: 'b', status: 'scheduled', runAt: NOW + 60_000, attempt: 1, error: { message: 'once' } },
      { id: 'c', status: 'queued', attempt: 1 },
      { id: 'd', status: 'queued', runAt: null },
    ]);
  });

  test('keeps its place in the queue: by priority, then by age', async () => {
    const path = oldFile([4], {
      session_state: [session()],
      task_queue: [
        task({ task_id: 'a', created_at: ago(10) }),
        task({ task_id: 'b', created_at: ago(30), retry_count: 1 }),
        task({ task_id: 'c', created_at: ago(20) }),
        task({ task_id: 'd', created_at: ago(5), priority: 1 }),
      ],
      event_log: [event({ created_at: ago(1) })],
    });
    const store = await imported(path);

    const order = await withStore(store, async (orchestrator) => {
      const ids: string[] = [];
      for (let left = 4; left > 0; left -= 1) {
        const claim = await orchestrator.claimTask({ agent: 'a' });
        if (!claim.ok) break;
        ids.push(claim.task.id);
        await orchestrator.releaseTask({ token: claim.lease.token, outcome: 'succeeded' });
      }
      return ids;
    });

    expect(order).toEqual(['d', 'b', 'c', 'a']);
  });

  test('that is dead says what its dead letter says', async () => {
    const { tasks, imported: counts } = await after({
      session_state: [session()],
      task_queue: [task({ status: 'dead', error_code: 'E1', error_msg: 'no disk', last_error: 'stack' })],
      dead_letters: [
        { task_id: 'task-1', session_id: 'session-1', reason: 'max retries', created_at: ago(70), resolved_at: null },
      ],
    });

    expect(counts.deadLetters).toBe(1);
    expect(tasks).toMatchObject([
      {
        status: 'failed',
        finishedAt: NOW - 70_000,
        error: {
          code: 'E1',
          message: 'no disk',
          data: { last_error: 'stack', dead_letter: { reason: 'max retries', created_at: ago(70), status: 'open' } },
        },
      },
    ]);
  });

  test('that has the dedupe key of an older one loses it', async () => {
    const { tasks, changes } = await after({
      session_state: [
        session(),
        session({ session_id: 'session-2' }),
        session({ session_id: 'other', namespace: 'web' }),
      ],
      task_queue: [
        task({ task_id: 'newer', dedupe_key: 'k', created_at: ago(10) }),
        task({ task_id: 'older', dedupe_key: 'k', created_at: ago(20), session_id: 'session-2' }),
        task({ task_id: 'elsewhere', dedupe_key: 'k', created_at: ago(5), session_id: 'other' }),
      ],
    });

    expect(tasks).toMatchObject([
      { id: 'newer', dedupeKey: null },
      { id: 'older', dedupeKey: 'k' },
    ]);
    expect(changes).toMatchObject([
      { kind: 'dedupe_key_dropped', count: 1, examples: [{ row: 'newer', was: 'k', becomes: null }] },
    ]);
  });

  test('that failed can be retried, and one that waits can be cancelled', async () => {
    const path = oldFile([4], {
      session_state: [session()],
      task_queue: [task({ status: 'dead', retry_count: 3 }), task({ task_id: 'task-2' })],
    });
    const store = await imported(path);

    const replies = await withStore(store, async (orchestrator) => [
      await orchestrator.retryTask({ taskId: 'task-1' }),
      await orchestrator.cancelTask({ taskId: 'task-2' }),
    ]);

    expect(replies).toMatchObject([{ ok: true }, { ok: true }]);
    expect((await contentsOf(store)).tasks).toMatchObject([{ status: 'queued', attempt: 0 }, { status: 'cancelled' }]);
  });
});

describe('the old log', () => {
  test('is imported row by row, in order, with time, actor and columns, before the events of the tasks', async () => {
    const { events } = await after({
      session_state: [session()],
      task_queue: [task()],
      event_log: [
        event({
          event_seq: 2,
          event_type: 'task_claimed',
          payload: '{"b":1,"a":[null]}',
          idempotency_key: 'i2',
          turn_id: 4,
          created_at: ago(100),
        }),
        event({ event_seq: 1, created_at: ago(200) }),
      ],
    });

    expect(events.map(({ type }) => type)).toEqual(['session.opened', 'legacy.event', 'legacy.event', 'task.queued']);
    expect(events[2]).toMatchObject({
      agent: 'builder',
      at: NOW - 100_000,
      payload: {
        event_id: 1,
        session_id: 'session-1',
        event_seq: 2,
        event_type: 'task_claimed',
        actor_agent: 'builder',
        idempotency_key: 'i2',
        turn_id: 4,
        payload: { a: [null], b: 1 },
        status: 'ok',
        error_code: null,
        created_at: ago(100),
      },
    });
    expect(events[3]).toMatchObject({ at: NOW - 100_000, payload: { occurred_at: NOW - 1_800_000 } });
  });

  test('never goes back in time, whatever its clocks said', async () => {
    const { events } = await after({
      session_state: [session()],
      event_log: [event({ event_seq: 1, created_at: ago(100) }), event({ event_seq: 2, created_at: ago(300) })],
    });

    expect(events.map(({ at }) => at)).toEqual([NOW - 3_600_000, NOW - 100_000, NOW - 100_000]);
    expect(events[2]?.payload).toMatchObject({ created_at: ago(300) });
  });
});
