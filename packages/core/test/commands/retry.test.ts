// What `retryTask` does:
// - a dead letter or a cancelled task is queued again: its counters start anew, what it came to is gone
// - its session is opened again if it was closed, and keeps its number
// - a task that has not ended, or that succeeded, is not retried
// - a task whose dedupe key another task holds by now is not retried: the answer is that task
// - a task that does not exist is not found
// - sent again, it answers the same, and the task as it was then
import { expect, test } from 'vitest';
import { retry } from '../../src/commands/index.ts';
import {
  cancelAsked,
  cancelledWaiting,
  claimed,
  ended,
  event,
  failed,
  NOW,
  opened,
  queued,
  recovered,
  sessionClosed,
  succeeded,
} from '../support/events.ts';
import { commandIdAt, given, inputOf, NO_ROWS, refusal } from '../support/given.ts';

const IT = { taskId: 'a' };

const retried = event('task.retried', {}, { taskId: 'a' });

/** A task that came to an end after a lost lease and a failed attempt. */
const DEAD = [
  opened(),
  queued('a', { run_at: NOW - 5, at: NOW - 10 }),
  claimed('a'),
  recovered('a', 'stale'),
  claimed('a', { fence: 2 }),
  cancelAsked('a'),
  ended('task.failed', 'a', { outcome: 'failed', error: { message: 'no' }, run_at: null }, { fence: 2 }),
];

test('a dead letter is queued again: its counters start anew, what it came to is gone', () => {
  const store = given(...DEAD).after(5);
  expect(store.task('a')).toMatchObject({ status: 'failed', attempt: 1, interruptions: 1 });

  const after = store
    .when(retry, IT)
    .then([retried], { ok: true, task: expect.objectContaining({ id: 'a', status: 'queued' }) });

  expect(after.task('a')).toMatchObject({
    status: 'queued',
    queuedAt: NOW + 5,
    runAt: null,
    attempt: 0,
    interruptions: 0,
    cancelRequestedAt: null,
    result: null,
    error: null,
    startedAt: null,
    finishedAt: null,
  });
  expect(after.session('s').tasksOpen).toBe(1);
});

test('a cancelled task is queued again', () => {
  given(opened(), queued('a'), cancelledWaiting('a')).when(retry, IT).then([retried]);
});

test('its session is opened again if it was closed, and keeps its number', () => {
  const store = given(...DEAD, sessionClosed('s', 'requested'))
    .when(retry, IT)
    .then([opened(), retried]);

  expect(store.session('s')).toMatchObject({ status: 'idle', number: 1, tasksOpen: 1 });
});

test.each([
  ['queued', [queued('a')]],
  ['scheduled', [queued('a', { run_at: NOW + 5 })]],
  ['running', [queued('a'), claimed('a')]],
])('a task that is %s is not retried', (status, events) => {
  given(opened(), ...events)
    .when(retry, IT)
    .then([], { ok: false, reason: 'not_ended', status });
});

test('a failed attempt that is tried again later is not retried by hand', () => {
  given(opened(), queued('a'), claimed('a'), failed('a', NOW + 5))
    .when(retry, IT)
    .then([], { ok: false, reason: 'not_ended', status: 'scheduled' });
});

test('a task that succeeded is not retried', () => {
  given(opened(), queued('a'), claimed('a'), succeeded('a'))
    .when(retry, IT)
    .then([], { ok: false, reason: 'succeeded', status: 'succeeded' });
});

const KEY = { dedupe_key: 'k', dedupe_while: 'open' } as const;

test.each([
  ['while it is open', queued('b', { ...KEY, number: 2 })],
  ['as long as it is kept', queued('b', { dedupe_key: 'k', number: 2 })],
])('a task whose key another task holds %s is not retried: the answer is that task', (_while, other) => {
  const store = given(opened(), queued('a', KEY), cancelledWaiting('a'), other);

  store.when(retry, IT).then([], { ok: false, reason: 'duplicate', task: store.task('b') });
});

test.each([
  ['no other task has', []],
  ['another task had until it ended', [queued('b', { ...KEY, number: 2 }), cancelledWaiting('b')]],
  ['is not that of another task', [queued('b', { ...KEY, dedupe_key: 'l', number: 2 }), queued('c', { number: 3 })]],
])('a task whose key %s is queued again, and holds it', (_how, events) => {
  const store = given(opened(), queued('a', KEY), cancelledWaiting('a'), ...events)
    .when(retry, IT)
    .then([retried]);

  expect(store.task('a')).toMatchObject({ status: 'queued', dedupeKey: 'k', dedupeWhile: 'open' });
});

test('a task that holds its key as long as it is kept has no rival', () => {
  given(opened(), queued('a', { dedupe_key: 'k' }), cancelledWaiting('a'))
    .when(retry, IT)
    .then([retried]);
});

test('a task that does not exist is not found', () => {
  given(opened(), queued('b')).when(retry, IT).then([], { ok: false, reason: 'not_found' });
});

test('a task or a session that was not loaded is not found', () => {
  const input = inputOf(retry, IT);
  const loaded = given(opened(), queued('a'), cancelledWaiting('a')).load(retry.scope(input));

  for (const without of [{ tasks: [] }, { sessions: [] }])
    expect(retry.decide(input, { ...loaded, ...without }).reply(NO_ROWS)).toEqual({ ok: false, reason: 'not_found' });
});

test('sent again, it answers the same, and the task as it was then', () => {
  const call = { ...IT, commandId: commandIdAt(NOW) };
  const first = given(...DEAD).when(retry, call);

  const second = first.store.and(claimed('a', { fence: 3 })).when(retry, call);

  expect(second.writes).toMatchObject({ reply: { replayed: true }, events: [] });
  expect(second.reply).toEqual(first.reply);
});

test('it is shown the task and its session', () => {
  expect(retry.scope(inputOf(retry, IT))).toEqual({
    by: 'task',
    namespace: 'default',
    commandId: commandIdAt(NOW),
    taskId: 'a',
    keyHolder: true,
  });
});

test.each([
  ['taskId', { taskId: '' }],
  ['delayMs', { ...IT, delayMs: 1 }],
])('a malformed %s is refused', (field, call) => {
  expect(() => inputOf(retry, call)).toThrow(refusal('INVALID_INPUT', '', field));
});
