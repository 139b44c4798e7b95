// What `closeSession` does:
// - an idle session in which nothing waits is closed; closing it again changes nothing
// - a session that an agent holds is busy
// - one in which tasks wait is not closed, unless they are to be cancelled
// - tasks are cancelled in pages; the session is closed with the last one
// - a session that does not exist is not found
// - sent again, it answers the same
import { expect, test } from 'vitest';
import { close } from '../../src/commands/index.ts';
import {
  AGENT,
  cancelledWaiting,
  claimed,
  NOW,
  opened,
  queued,
  sessionClosed,
  succeeded,
  TTL_MS,
} from '../support/events.ts';
import { commandIdAt, given, inputOf, refusal } from '../support/given.ts';

const IT = { sessionId: 's' };
const WITH_TASKS = { ...IT, cancelTasks: true };

const CLOSED = { ok: true, cancelled: 0, more: false };
const closed = sessionClosed('s', 'requested');

test.each([
  ['is empty', [opened()]],
  ['holds what has ended', [opened(), queued('a'), claimed('a'), succeeded('a')]],
])('an idle session that %s is closed', (_how, events) => {
  const store = given(...events)
    .when(close, IT)
    .then([closed], CLOSED);

  expect(store.session('s').status).toBe('closed');
});

test('closing it again changes nothing', () => {
  given(opened(), closed).when(close, IT).then([], CLOSED);
});

test('a session that an agent holds is busy, even if tasks are to be cancelled', () => {
  given(opened(), queued('a'), claimed('a', { instance: 'run-1' }))
    .when(close, WITH_TASKS)
    .then([], {
      ok: false,
      reason: 'busy',
      heldBy: { agent: AGENT, instance: 'run-1' },
      until: NOW + TTL_MS,
    });
});

test('a session in which tasks wait is not closed', () => {
  given(opened(), queued('a'), queued('b', { number: 2, run_at: NOW + 5 }))
    .when(close, IT)
    .then([], { ok: false, reason: 'not_empty', waiting: 2 });
});

test('the tasks that wait are cancelled, if that is asked', () => {
  const store = given(opened(), queued('a'), queued('b', { number: 2, run_at: NOW + 5 }))
    .when(close, WITH_TASKS)
    .then([cancelledWaiting('a'), cancelledWaiting('b'), closed], { ok: true, cancelled: 2, more: false });

  expect(store.task('a').status).toBe('cancelled');
  expect(store.session('s')).toMatchObject({ status: 'closed', tasksOpen: 0 });
});

test('two hundred tasks are cancelled in one page; the session stays open until the last page', () => {
  const ids = Array.from({ length: 201 }, (_, at) => `t${String(at).padStart(3, '0')}`);
  const store = given(opened(), ...ids.map((id, at) => queued(id, { number: at + 1 })));

  const first = store.when(close, WITH_TASKS);
  const second = first.store.when(close, { ...WITH_TASKS, commandId: commandIdAt(NOW, 2) });

  expect(first.reply).toEqual({ ok: true, cancelled: 200, more: true });
  expect(first.store.session('s')).toMatchObject({ status: 'idle', tasksOpen: 1 });
  second.then([cancelledWaiting('t200'), closed], { ok: true, cancelled: 1, more: false });
});

test('a session whose open tasks are not to be found is a mistake of ours', () => {
  const input = inputOf(close, WITH_TASKS);
  const loaded = { ...given(opened(), queued('a')).load(close.scope(input)), tasks: [] };

  expect(() => close.decide(input, loaded)).toThrow(
    refusal('INTERNAL', '^Session s counts 1 open task, but none waits.'),
  );
});

test('a session that does not exist is not found', () => {
  given(opened('other')).when(close, IT).then([], { ok: false, reason: 'not_found' });
});

test('sent again, it answers the same', () => {
  const call = { ...WITH_TASKS, commandId: commandIdAt(NOW) };
  const first = given(opened(), queued('a')).when(close, call);

  const second = first.store.when(close, call);

  expect(second.writes).toMatchObject({ reply: { replayed: true }, events: [] });
  expect(second.reply).toEqual({ ok: true, cancelled: 1, more: false });
});

test('it is shown the session, and a page of its tasks only if they are to be cancelled', () => {
  const scope = { by: 'sessions', namespace: 'default', commandId: commandIdAt(NOW), sessions: [IT] };

  expect(close.scope(inputOf(close, IT))).toEqual(scope);
  expect(close.scope(inputOf(close, WITH_TASKS))).toEqual({ ...scope, openTasksLimit: 200 });
});

test.each([
  ['sessionId', { sessionId: '' }],
  ['cancelTasks', { ...IT, cancelTasks: 'yes' }],
  ['force', { ...IT, force: true }],
])('a malformed %s is refused', (field, call) => {
  expect(() => inputOf(close, call)).toThrow(refusal('INVALID_INPUT', '', field));
});
