/**
 * Promises about values that cannot stay as they are:
 * - each is changed to the nearest that can be stored
 * - the report says so, and does not grow with the file
 */
import { LIMITS } from '@agent-orchestrator/core';
import { describe, expect, test } from 'vitest';
import { after } from './imported.ts';
import { ago, event, NOW, running, session, task } from './old-files.ts';

describe('what cannot stay as it is', () => {
  const payloads: readonly [what: string, stored: string | Buffer, becomes: unknown, kind: string][] = [
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

  test.each(payloads)('a payload that %s', async (_what, stored, becomes, kind) => {
    const { tasks, events, changes } = await after({
      session_state: [session()],
      task_queue: [task({ payload: stored })],
      event_log: [event({ payload: stored })],
    });

    expect(tasks[0]?.payload).toEqual(becomes);
    expect(events[1]?.payload).toMatchObject({ payload: becomes });
    expect(changes).toMatchObject([
      { kind, count: 2, examples: [{ table: 'event_log' }, { table: 'task_queue', row: 'task-1', column: 'payload' }] },
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
      session_state: [session({ last_turn: -3, next_action: 'continue' })],
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

  test('an unknown status makes a session idle and a task cancelled, so that it does not run by itself', async () => {
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

  test('a task that was claimed, or running without a holder, is queued again, which the report says', async () => {
    const { changes } = await after({
      session_state: [session()],
      task_queue: [task({ status: 'claimed' }), task({ task_id: 'task-2', status: 'running' })],
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
