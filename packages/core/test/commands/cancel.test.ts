// What `cancelTask` does:
// - a task that waits ends as cancelled at once, and with it a session that was made for it
// - of a task that runs, the cancellation is asked; its holder learns of it, and asking twice changes nothing
// - a task that is cancelled already stays so; one that succeeded or failed for good is not cancelled
// - a task that does not exist is not found
// - sent again, it answers the same
import { expect, test } from 'vitest';
import { cancel } from '../../src/commands/index.ts';
import {
  cancelAsked,
  cancelledWaiting,
  claimed,
  failed,
  NOW,
  opened,
  queued,
  sessionClosed,
  succeeded,
} from '../support/events.ts';
import { commandIdAt, given, inputOf, NO_ROWS, refusal } from '../support/given.ts';

const IT = { taskId: 'a' };

test.each([
  ['queued', {}],
  ['scheduled', { run_at: NOW + 500 }],
])('a task that is %s ends as cancelled at once', (status, task) => {
  const store = given(opened(), queued('a', task));
  expect(store.task('a').status).toBe(status);

  const after = store
    .after(5)
    .when(cancel, IT)
    .then([cancelledWaiting('a')], { ok: true, status: 'cancelled' });

  expect(after.task('a')).toMatchObject({ status: 'cancelled', finishedAt: NOW + 5, attempt: 0 });
  expect(after.session('s')).toMatchObject({ status: 'idle', tasksOpen: 0 });
});

test('a session that was made for the task closes with it', () => {
  given(opened('a'), queued('a', { sessionId: 'a' }))
    .when(cancel, IT)
    .then([cancelledWaiting('a', 'a'), sessionClosed('a', 'task_ended')], { ok: true, status: 'cancelled' });
});

test('a session that was made for the task stays open while more work waits there', () => {
  given(opened('a'), queued('a', { sessionId: 'a' }), queued('b', { sessionId: 'a', number: 2 }))
    .when(cancel, IT)
    .then([cancelledWaiting('a', 'a')]);
});

test('of a task that runs, the cancellation is asked', () => {
  const store = given(opened(), queued('a'), claimed('a'))
    .after(5)
    .when(cancel, IT)
    .then([cancelAsked('a')], { ok: true, status: 'running' });

  expect(store.task('a')).toMatchObject({ status: 'running', cancelRequestedAt: NOW + 5 });
  expect(store.session('s')).toMatchObject({ status: 'running', fence: 1 });
});

test('asking twice changes nothing', () => {
  const store = given(opened(), queued('a'), claimed('a'), cancelAsked('a'));

  const after = store.after(5).when(cancel, IT).then([], { ok: true, status: 'running' });

  expect(after.task('a').cancelRequestedAt).toBe(NOW);
});

test('a task that is cancelled already stays so', () => {
  given(opened(), queued('a'), cancelledWaiting('a')).when(cancel, IT).then([], { ok: true, status: 'cancelled' });
});

test.each([
  ['succeeded', succeeded('a')],
  ['failed', failed('a', null)],
])('a task that %s is not cancelled', (status, end) => {
  given(opened(), queued('a'), claimed('a'), end).when(cancel, IT).then([], { ok: false, reason: 'ended', status });
});

test('a task that does not exist is not found', () => {
  given(opened(), queued('b')).when(cancel, IT).then([], { ok: false, reason: 'not_found' });
});

test('a task or a session that was not loaded is not found', () => {
  const input = inputOf(cancel, IT);
  const loaded = given(opened(), queued('a'), cancelledWaiting('a')).load(cancel.scope(input));

  for (const without of [{ tasks: [] }, { sessions: [] }])
    expect(cancel.decide(input, { ...loaded, ...without }).reply(NO_ROWS)).toEqual({ ok: false, reason: 'not_found' });
});

test('sent again, it answers the same', () => {
  const call = { ...IT, commandId: commandIdAt(NOW) };
  const first = given(opened(), queued('a')).when(cancel, call);

  const second = first.store.when(cancel, call);

  expect(second.writes).toMatchObject({
    reply: { replayed: true, reply: { ok: true, status: 'cancelled' } },
    events: [],
  });
});

test('it is shown the task and its session', () => {
  expect(cancel.scope(inputOf(cancel, IT))).toEqual({
    by: 'task',
    namespace: 'default',
    commandId: commandIdAt(NOW),
    taskId: 'a',
  });
});

test.each([
  ['taskId', { taskId: '' }],
  ['sessionId', { ...IT, sessionId: 's' }],
])('a malformed %s is refused', (field, call) => {
  expect(() => inputOf(cancel, call)).toThrow(refusal('INVALID_INPUT', '', field));
});
