/**
 * Promises about a database of the proof of concept that is brought over:
 * - each generation comes over, and files that grew from one to the next
 * - sessions, tasks, contexts, attempts, dead letters and leases are what they mean here
 * - the old log comes row by row, before the events that make today's state
 * - what cannot stay as it is comes changed, and the report says so
 * - rows that point nowhere come as well
 */
import Database from 'better-sqlite3';
import { LIMITS } from '@agent-orchestrator/core';
import { describe, expect, test } from 'vitest';
import { after, clockAt, contentsOf, imported, withStore } from './imported.ts';
import {
  ago,
  COMMON,
  event,
  NOW,
  OBSERVED,
  oldFile,
  running,
  session,
  task,
  type Cells,
  type Generation,
} from './old-files.ts';

describe('a file', () => {
  const files: readonly [generations: readonly Generation[], generation: number, grown: boolean][] = [
    [[1], 1, false],
    [[2], 2, false],
    [[3], 3, false],
    [[4], 4, false],
    [[1, 3], 3, true],
    [[1, 4], 3, true],
    [[2, 3], 3, false],
    [[2, 4], 3, false],
  ];

  test.each(files)('of the generations %j comes over', async (generations, generation, grown) => {
    const observed = Math.max(...generations) >= 3;
    const path = oldFile(generations, observed ? { ...COMMON, ...OBSERVED } : COMMON);

    const report = await imported(path);

    expect(report).toMatchObject({
      generation,
      grown,
      came: {
        sessions: 2,
        contexts: 1,
        tasks: { queued: 1, running: 1, succeeded: 1 },
        leases: { held: 1, stale: 0 },
        events: 3,
      },
      changes: [],
    });
    expect(report.found).toEqual({
      session_state: 2,
      task_queue: 3,
      distributed_lock: 1,
      event_log: 3,
      ...(observed && { alerts: 1, dead_letters: 0, lock_events: 1 }),
    });
  });

  test('whose columns were added later comes over with what they say', async () => {
    const path = oldFile([1, 4], { ...COMMON, task_queue: [] });
    const db = new Database(path);
    db.exec(`ALTER TABLE task_queue ADD COLUMN max_retries INTEGER NOT NULL DEFAULT 3;
      INSERT INTO task_queue (task_id, session_id, task_type, created_at, max_retries) VALUES ('t', 'free', 'x', '${ago(9)}', 8)`);
    db.close();

    expect(await imported(path)).toMatchObject({ generation: 4, grown: true });
    expect((await contentsOf(path)).tasks).toMatchObject([{ id: 't', attemptsMax: 9 }]);
  });

  test('that is empty but for its tables comes over', async () => {
    const path = oldFile([4]);

    await imported(path);

    expect(await withStore(path, async (orchestrator) => (await orchestrator.enqueueTask({})).task.status)).toBe(
      'queued',
    );
  });

  test('with ids in a namespace comes over into it', async () => {
    const path = oldFile([4], { session_state: [session({ namespace: 'web' })], task_queue: [task()] });

    await imported(path);

    expect(await withStore(path, (orchestrator) => orchestrator.getTask('t1', 'web'))).toMatchObject({
      sessionId: 's1',
    });
  });
});

describe('a session', () => {
  const statuses = ['idle', 'waiting', 'stale'];

  test.each(statuses)('that was %s is idle', async (status) => {
    const { sessions } = await after({ session_state: [session({ status })], task_queue: [task()] });

    expect(sessions).toMatchObject([{ id: 's1', status: 'idle', createdAt: NOW - 3_600_000, tasksOpen: 1 }]);
  });

  test('hands its context on', async () => {
    const row = { last_turn: 7, last_action: 'wrote', next_action: 'test', context_hash: 'h7', memory_ref: 'notes.md' };
    const path = oldFile([4], { session_state: [session(row)], task_queue: [task()] });
    await imported(path);

    const claim = await withStore(path, (orchestrator) => orchestrator.claimTask({ agent: 'a' }));

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

  test('takes the later of the two ends that the old tables give the lock, and its agent from where it stands', async () => {
    const { sessions } = await after({
      session_state: [running({ lock_expires_at: ago(5) })],
      task_queue: [task({ status: 'running' })],
      distributed_lock: [
        {
          lock_key: 'session:s1:lock',
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
    const { came, changes } = await imported(path);

    const { recovered } = await withStore(path, (orchestrator) => orchestrator.staleRecovery());

    expect(came.leases).toEqual({ held: 0, stale: 1 });
    expect(changes).toMatchObject([{ kind: 'lease_stale', count: 1 }]);
    expect(recovered).toMatchObject([
      { sessionId: 's1', taskId: 't1', from: { agent: 'gone' }, reason: 'stale', outcome: 'requeued', expiresAt },
    ]);
    expect((await contentsOf(path)).sessions).toMatchObject([{ status: 'idle', context: { turn: 3 } }]);
  });

  test('that is held ends by takeover once its lock is over, and nobody before', async () => {
    const path = oldFile([4], COMMON);
    await imported(path);
    const claim = (seconds: number) =>
      withStore(
        path,
        (orchestrator) => orchestrator.claimTask({ agent: 'other', sessionId: 'busy' }),
        clockAt(seconds),
      );

    expect(await claim(89)).toMatchObject({ ok: false, reason: 'busy', heldBy: { agent: 'builder' } });
    expect(await claim(90)).toMatchObject({ ok: true, takeover: { from: { agent: 'builder' }, reason: 'expired' } });
  });

  test.each([
    ['nothing', {}],
    ['a task that is queued', { inflight_task_id: 't1' }],
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
        id: 't1',
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
        task({ task_id: 't0', retry_count: 1 }),
        task({ task_id: 't2' }),
      ],
    });

    expect(tasks).toMatchObject([
      { id: 't0', attempt: 1 },
      { id: 't1', status: 'running', attempt: 3 },
      { id: 't2', attempt: 0 },
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
    await imported(path);

    const order = await withStore(path, async (orchestrator) => {
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
    const { tasks, came } = await after({
      session_state: [session()],
      task_queue: [task({ status: 'dead', error_code: 'E1', error_msg: 'no disk', last_error: 'stack' })],
      dead_letters: [
        { task_id: 't1', session_id: 's1', reason: 'max retries', created_at: ago(70), resolved_at: null },
      ],
    });

    expect(came.deadLetters).toBe(1);
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

  test('that has the dedupe key of an older one comes without', async () => {
    const { tasks, changes } = await after({
      session_state: [session(), session({ session_id: 's2' }), session({ session_id: 'other', namespace: 'web' })],
      task_queue: [
        task({ task_id: 'newer', dedupe_key: 'k', created_at: ago(10) }),
        task({ task_id: 'older', dedupe_key: 'k', created_at: ago(20), session_id: 's2' }),
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
      task_queue: [task({ status: 'dead', retry_count: 3 }), task({ task_id: 't2' })],
    });
    await imported(path);

    const replies = await withStore(path, async (orchestrator) => [
      await orchestrator.retryTask({ taskId: 't1' }),
      await orchestrator.cancelTask({ taskId: 't2' }),
    ]);

    expect(replies).toMatchObject([{ ok: true }, { ok: true }]);
    expect((await contentsOf(path)).tasks).toMatchObject([{ status: 'queued', attempt: 0 }, { status: 'cancelled' }]);
  });
});

describe('the old log', () => {
  test('comes row by row, in order, with time, actor and the row itself, before the events of the tasks', async () => {
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
        session_id: 's1',
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

describe('what cannot stay as it is', () => {
  test('ids and names that may not be get a digest, the same one every time, and stay apart; all others stay', async () => {
    const long = 'x'.repeat(200);
    const rows = {
      session_state: [
        session({ session_id: ' séance 1', namespace: 'default' }),
        session({ session_id: ' séance_1' }),
        session({ session_id: '회사-대화 1' }),
        session({ session_id: long }),
      ],
      task_queue: [
        task({
          task_id: 'a task\u200b',
          session_id: ' séance 1',
          task_type: 'code:review',
          status: 'done',
          owner_agent: 'Agent Smith',
        }),
        task({ task_id: 'a_task', session_id: ' séance 1', dedupe_key: 'k\u200bk' }),
        task({ task_id: ' ', session_id: long }),
        task({ task_id: '%{작업} = 1;', session_id: '회사-대화 1', dedupe_key: 'k k', owner_agent: '회사재규' }),
      ],
    };

    const [once, again] = [await after(rows), await after(rows)];

    expect(once.sessions.map(({ id }) => id)).toEqual([
      expect.stringMatching(/^_s_ance_1-[0-9a-f]{12}$/),
      expect.stringMatching(/^_s_ance_1-[0-9a-f]{12}$/),
      expect.stringMatching(/^x{115}-[0-9a-f]{12}$/),
      '회사-대화 1',
    ]);
    expect(new Set(once.sessions.map(({ id }) => id)).size).toBe(4);
    expect(once.tasks).toMatchObject([
      { id: '%{작업} = 1;', sessionId: '회사-대화 1', dedupeKey: 'k k' },
      { id: expect.stringMatching(/^_-[0-9a-f]{12}$/) },
      { id: 'a_task', dedupeKey: expect.stringMatching(/^k_k-[0-9a-f]{12}$/) },
      {
        id: expect.stringMatching(/^a_task_-[0-9a-f]{12}$/),
        kind: expect.stringMatching(/^code_review-[0-9a-f]{12}$/),
        title: 'code:review',
      },
    ]);
    expect(once.events.find(({ type }) => type === 'task.claimed')?.agent).toMatch(/^Agent_Smith-/);
    expect(again.sessions).toEqual(once.sessions);
    expect(once.changes).toMatchObject([{ kind: 'id_changed' }]);
  });

  const payloads: readonly [what: string, stored: string | Buffer, comes: unknown, kind: string][] = [
    ['is no JSON', '{"a":', '{"a":', 'json_as_text'],
    ['is empty', '', '', 'json_as_text'],
    ['is bytes', Buffer.from('{"a":1}'), '{"a":1}', 'json_as_text'],
    ['holds half a character', String.raw`{"a":"\ud800"}`, String.raw`{"a":"\ud800"}`, 'json_as_text'],
    ['holds an escaped U+0000', String.raw`{"a":"\u0000"}`, String.raw`{"a":"\u0000"}`, 'json_as_text'],
    [
      'holds a number that no number of JavaScript is',
      '{"id":12345678901234567890}',
      '{"id":12345678901234567890}',
      'json_as_text',
    ],
    [
      'is nested too deep',
      '['.repeat(5_000) + ']'.repeat(5_000),
      '['.repeat(5_000) + ']'.repeat(5_000),
      'json_as_text',
    ],
    [
      'is larger than the limit',
      JSON.stringify('x'.repeat(LIMITS.payload_bytes_max)),
      'x'.repeat(LIMITS.payload_bytes_max),
      'content_over_limit',
    ],
  ];

  test.each(payloads)('a payload that %s', async (_what, stored, comes, kind) => {
    const { tasks, events, changes } = await after({
      session_state: [session()],
      task_queue: [task({ payload: stored })],
      event_log: [event({ payload: stored })],
    });

    expect(tasks[0]?.payload).toEqual(comes);
    expect(events[1]?.payload).toMatchObject({ payload: comes });
    expect(changes).toMatchObject([
      { kind, count: 2, examples: [{ table: 'event_log' }, { table: 'task_queue', row: 't1', column: 'payload' }] },
    ]);
  });

  test('a long number within a string, and a number with a fraction, are JSON like any other', async () => {
    const payload = { text: '12345678901234567890', fraction: 1 / 3 };

    const { tasks, changes } = await after({
      session_state: [session()],
      task_queue: [task({ payload: JSON.stringify(payload) })],
    });

    expect([tasks[0]?.payload, changes]).toEqual([payload, []]);
  });

  test('text with U+0000 is cleaned, and text that is too long is cut', async () => {
    const { sessions, tasks, events, changes } = await after({
      session_state: [session({ last_action: 'a\u0000b', next_action: 'x'.repeat(5_000) })],
      task_queue: [task({ status: 'failed', error_msg: 'y'.repeat(20_000) })],
      event_log: [event({ event_type: 'a\u0000b', payload: 'no\u0000json' })],
    });

    expect(sessions[0]?.context).toMatchObject({
      lastAction: 'a\ufffdb',
      nextAction: 'x'.repeat(LIMITS.text_characters_max),
    });
    expect(tasks[0]?.error?.message).toHaveLength(2_000);
    expect(events[1]?.payload).toMatchObject({ event_type: 'a\ufffdb', payload: 'no\ufffdjson' });
    expect(changes.map(({ kind, count }) => [kind, count])).toEqual([
      ['text_cleaned', 3],
      ['json_as_text', 1],
      ['text_cut', 2],
    ]);
  });

  test('bytes that are no text, in ids and elsewhere, come as what can be read of them', async () => {
    const path = oldFile([4], { session_state: [session()] });
    const db = new Database(path);
    db.exec(`INSERT INTO task_queue (task_id, session_id, task_type, created_at) VALUES
      (CAST(x'EDA080' AS TEXT), 's1', 'x', '${ago(2)}'), (CAST(x'EDA081' AS TEXT), 's1', 'x', '${ago(1)}'), (x'7431', 's1', 'x', '${ago(1)}'), ('t1', 's1', 'x', '${ago(1)}')`);
    db.close();

    await imported(path);

    const ids = (await contentsOf(path)).tasks.map(({ id }) => id);
    expect(ids).toHaveLength(4);
    expect(ids).toEqual(expect.arrayContaining(['t1', expect.stringMatching(/^t1-[0-9a-f]{12}$/)]));
  });

  test('times that cannot be read, or lie in the future, become the nearest that is known', async () => {
    const { sessions, tasks, events, changes } = await after({
      session_state: [session({ created_at: 'yesterday', updated_at: ago(50) })],
      task_queue: [
        task({ task_id: 'a', created_at: '', status: 'done', started_at: 'never', finished_at: ago(-500) }),
        task({ task_id: 'b', created_at: '2026-02-29T99:00:00.000Z', next_retry_at: 'soon' }),
        task({ task_id: 'c', created_at: '2026-02-28 10:00:00' }),
      ],
      event_log: [
        event({ event_seq: 1, created_at: ago(400) }),
        event({ event_seq: 2, created_at: '1969-12-31T00:00:00.000Z' }),
      ],
    });

    expect(sessions[0]?.createdAt).toBe(NOW - 400_000);
    expect(events.slice(1, 3).map(({ at }) => at)).toEqual([NOW - 400_000, NOW - 400_000]);
    expect(tasks).toMatchObject([
      { id: 'a', createdAt: NOW - 400_000, startedAt: NOW - 400_000, finishedAt: NOW },
      { id: 'b', createdAt: NOW - 400_000, runAt: null },
      { id: 'c', createdAt: Date.UTC(2026, 1, 28, 10) },
    ]);
    expect(changes.map(({ kind, count }) => [kind, count])).toEqual([
      ['time_unreadable', 6],
      ['time_in_future', 1],
    ]);
  });

  test('numbers out of their range become the nearest that is allowed', async () => {
    const { sessions, tasks, changes } = await after({
      session_state: [session({ last_turn: -3, next_action: 'go on' })],
      task_queue: [
        task({ task_id: 'a', priority: -5, retry_count: 'many', max_retries: -1 }),
        task({ task_id: 'b', priority: 99_999, retry_count: -2, max_retries: 1e9 }),
      ],
    });

    expect(sessions[0]?.context?.turn).toBe(0);
    expect(tasks).toMatchObject([
      { priority: 0, attempt: 0, attemptsMax: 1 },
      { priority: LIMITS.priority_max, attempt: 0, attemptsMax: LIMITS.attempts_max },
    ]);
    expect(changes).toMatchObject([{ kind: 'number_changed', count: 7 }]);
  });

  test('more attempts than there can be are cut to what there can be', async () => {
    const { tasks } = await after({ session_state: [session()], task_queue: [task({ retry_count: 5_000 })] });

    expect(tasks).toMatchObject([{ attempt: LIMITS.attempts_max - 1, attemptsMax: LIMITS.attempts_max }]);
  });

  test('a status that nobody knows makes a session idle and a task cancelled, so that it does not run by itself', async () => {
    const { sessions, tasks, changes } = await after({
      session_state: [session({ status: 'odd' })],
      task_queue: [task({ status: 'archived' })],
    });

    expect([sessions[0]?.status, tasks[0]?.status]).toEqual(['idle', 'cancelled']);
    expect(changes).toMatchObject([{ kind: 'status_unknown', count: 2 }]);
  });

  test('a lock for longer than the longest lease is cut to that', async () => {
    const { sessions, changes } = await after({
      session_state: [running({ lock_expires_at: ago(-10 * 86_400), heartbeat_at: ago(1) })],
      task_queue: [task({ status: 'running' })],
    });

    expect(sessions[0]?.leaseExpiresAt).toBe(NOW + LIMITS.ttl_ms_max);
    expect(changes).toMatchObject([{ kind: 'lease_shortened', count: 1 }]);
  });

  test('a lock that is over in a moment becomes the shortest lease, with the same end', async () => {
    const { sessions, changes } = await after({
      session_state: [running({ lock_expires_at: ago(-0.5), heartbeat_at: ago(0) })],
      task_queue: [task({ status: 'running' })],
    });

    expect(sessions).toMatchObject([{ ttlMs: LIMITS.ttl_ms_min, leaseExpiresAt: NOW + 500 }]);
    expect(changes).toEqual([]);
  });

  test('a task that was claimed, or running with nobody at it, is queued again, which the report says', async () => {
    const { changes } = await after({
      session_state: [session()],
      task_queue: [task({ status: 'claimed' }), task({ task_id: 't2', status: 'running' })],
    });

    expect(changes).toMatchObject([{ kind: 'task_requeued', count: 2 }]);
  });

  test('a report does not grow with the file: ten examples of each kind', async () => {
    const tasks = Array.from({ length: 40 }, (_, n) => task({ task_id: ` t${n}` }));

    const { changes } = await after({ session_state: [session()], task_queue: tasks });

    expect(changes.map(({ kind, count, examples }) => [kind, count, examples.length])).toEqual([
      ['id_changed', 40, 10],
    ]);
  });
});

describe('rows that point nowhere', () => {
  test('come with a session that is made for them', async () => {
    const { sessions, tasks, events, changes } = await after({
      task_queue: [task({ session_id: 'lost' })],
      event_log: [event({ session_id: 'lost too ' })],
    });

    expect(sessions).toMatchObject([
      { id: 'lost', createdAt: NOW - 1_800_000 },
      { id: expect.stringMatching(/^lost_too_-/) },
    ]);
    expect(tasks).toMatchObject([{ sessionId: 'lost', status: 'queued' }]);
    expect(events.filter(({ type }) => type === 'legacy.event')).toHaveLength(1);
    expect(changes.map(({ kind, count }) => [kind, count])).toEqual([
      ['session_made', 2],
      ['id_changed', 1],
    ]);
  });

  test('an open dead letter is all that is left of its task, and makes it; a resolved one stays where it is', async () => {
    const letter = { session_id: 's1', reason: 'max retries', payload: '{"a":1}', created_at: ago(70) };
    const { tasks, came, changes } = await after({
      session_state: [session()],
      task_queue: [task({ task_id: 'alive' })],
      dead_letters: [
        { task_id: 'gone', ...letter },
        { task_id: 'old', ...letter, status: 'resolved', resolved_at: ago(60) },
        { task_id: 'alive', ...letter },
      ],
    });

    expect(tasks).toMatchObject([
      { id: 'alive', status: 'queued' },
      { id: 'gone', status: 'failed', payload: { a: 1 }, error: { message: 'max retries' } },
    ]);
    expect(came.deadLetters).toBe(1);
    expect(changes.map(({ kind, count }) => [kind, count])).toEqual([
      ['task_made', 1],
      ['left_out', 2],
    ]);
  });

  test('keys that are NULL, as SQLite allows, are told apart by their rows', async () => {
    const path = oldFile([4], { session_state: [session({ session_id: null })] });
    const db = new Database(path);
    db.pragma('foreign_keys = OFF');
    db.exec(`INSERT INTO session_state (session_id, created_at, updated_at) VALUES (NULL, '${ago(9)}', '${ago(9)}');
      INSERT INTO task_queue (task_id, session_id, task_type, created_at) VALUES (NULL, 's1', 'x', '${ago(9)}'), (NULL, 's1', 'x', '${ago(9)}')`);
    db.close();

    const { came, changes } = await imported(path);

    expect(came).toMatchObject({ sessions: 2, tasks: { queued: 2 } });
    expect(changes.map(({ kind, count }) => [kind, count])).toEqual([
      ['id_changed', 3],
      ['session_made', 1],
      ['left_out', 1],
    ]);
  });
});
