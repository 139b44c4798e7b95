// How long scheduled tasks wait after the clock was set back:
// - a delay that began by a clock that was ahead is shifted by the jump, so the time that has passed counts
// - it never ends later than the delay from now, however much the jump explains
// - a task whose time has come by then is due at once
// - the same holds for a pause after a failed attempt, beside a task that runs in the session, and in other namespaces
// - delays that began before now, and times that were no delays, stay as they are
// - its events are in one order
// - it is done in pages of two hundred, until none is left; not while another process does a page
// - a clock that stands at 1970 makes no time before that
import { expect, test } from 'vitest';
import { claim, reschedule } from '../../src/commands/index.ts';
import { execute } from '../../src/commands/execute.ts';
import { AGENT, claimed, failedFor, NOW, opened, queued, rescheduled } from '../support/events.ts';
import { given, inputOf, type Store } from '../support/given.ts';

const HOUR_MS = 3_600_000;
const AHEAD_MS = 9 * HOUR_MS;
const DELAY_MS = 5_000;

/** A task that was delayed while the clock was ahead. */
const DELAYED = queued('a', { run_at: NOW + AHEAD_MS + DELAY_MS, delay_ms: DELAY_MS });

function setBack(store: Store, byMs = -AHEAD_MS): Store {
  return store.remembering({ jump: { seenAt: NOW, byMs, after: null } });
}

function toldOf(runAt: number, byMs = -AHEAD_MS) {
  return rescheduled('a', { by_ms: byMs, run_at: runAt, delay_ms: DELAY_MS });
}

test('the time that has passed since the delay began counts', () => {
  const store = setBack(given(opened(), DELAYED)).after(3_000);

  const after = store.when(reschedule, {}).then([toldOf(NOW + DELAY_MS)], { done: false });

  const when = { runAt: NOW + DELAY_MS, delayedAt: NOW, queuedAt: NOW + DELAY_MS };
  expect(after.task('a')).toMatchObject({ status: 'scheduled', ...when });
});

test.each([
  ['less than the delay is ahead', -HOUR_MS],
  ['nothing', 0],
  ['the opposite', HOUR_MS],
])('the delay ends no later than if it began now, if the jump explains %s', (_what, byMs) => {
  const store = setBack(given(opened(), DELAYED), byMs).after(3_000);

  store.when(reschedule, {}).then([toldOf(NOW + 3_000 + DELAY_MS, byMs)], { done: false });
});

test('without a jump it is the same', () => {
  given(opened(), DELAYED)
    .when(reschedule, {})
    .then([toldOf(NOW + DELAY_MS, 0)]);
});

test('a task whose time has come by then can be claimed at once', () => {
  const { store } = setBack(given(opened(), DELAYED))
    .after(DELAY_MS + 2_000)
    .when(reschedule, {});

  const { reply } = store.remembering({ jump: null }).when(claim, { agent: AGENT });

  expect(reply).toMatchObject({ ok: true });
});

test('the same holds for the pause after a failed attempt', () => {
  const at = NOW + AHEAD_MS;
  const store = setBack(given(opened(), queued('a'), claimed('a', { at }), failedFor('a', DELAY_MS, { at })));

  store.when(reschedule, {}).then([toldOf(NOW + DELAY_MS)]);
});

test('a task that waits beside one that runs gets its time as well', () => {
  const store = setBack(given(opened(), queued('b', { number: 2 }), claimed('b'), DELAYED));

  const after = store.when(reschedule, {}).then([toldOf(NOW + DELAY_MS)]);

  expect(after.session('s')).toMatchObject({ status: 'running', fence: 1 });
});

test('tasks of other namespaces get theirs as well', () => {
  const there = { namespace: 'other' };
  const store = setBack(given({ ...opened(), ...there }, { ...DELAYED, ...there }));

  store.when(reschedule, {}).then([{ ...toldOf(NOW + DELAY_MS), ...there }]);
});

test.each([
  ['delay that began before', { run_at: NOW + AHEAD_MS, delay_ms: AHEAD_MS }],
  ['time that was no delay', { run_at: NOW + AHEAD_MS }],
])('a %s stays as it is', (_what, when) => {
  setBack(given(opened(), queued('a', when)))
    .when(reschedule, {})
    .then([], { done: true });
});

test('what does not wait too long is left alone, even if it is shown', () => {
  const store = setBack(given(opened(), queued('a')));
  const loaded = store.load({ by: 'task', namespace: 'default', taskId: 'a' });

  expect(reschedule.decide({ namespace: 'default' }, loaded).events).toEqual([]);
});

test('it is done in pages of two hundred, until none is left', () => {
  const ids = Array.from({ length: 201 }, (_, at) => `t${at}`);
  const delayed = { run_at: NOW + AHEAD_MS, delay_ms: 1 };
  const store = setBack(given(opened(), ...ids.map((id, at) => queued(id, { number: at + 2, ...delayed }))));

  const first = store.when(reschedule, {});
  const second = first.store.when(reschedule, {});

  expect([first.reply, second.reply]).toEqual([{ done: false }, { done: false }]);
  expect([first, second].map(({ writes }) => writes.events.length)).toEqual([200, 1]);
  second.store.when(reschedule, {}).then([], { done: true });
  expect(reschedule.scope(inputOf(reschedule, {}))).toEqual({ by: 'delayed', namespace: 'default', limit: 200 });
});

test('the events are in the order of namespaces and ids, in whichever order the tasks were found', () => {
  const delayed = { run_at: NOW + AHEAD_MS, delay_ms: 1 };
  const there = { namespace: 'other' };
  const tasks = ['c', 'a', 'b'].map((id, at) => queued(id, { number: at + 2, ...delayed }));
  const store = setBack(given({ ...opened(), ...there }, { ...DELAYED, ...there }, opened(), ...tasks));

  const { events } = store.when(reschedule, {}).writes;

  expect(events.map(({ namespace, taskId }) => [namespace, taskId])).toEqual([
    ['default', 'a'],
    ['default', 'b'],
    ['default', 'c'],
    ['other', 'a'],
  ]);
});

test('a page that another process did says nothing of the tasks after it', () => {
  const store = setBack(given(opened(), queued('a')));
  const loaded = store.load({ by: 'task', namespace: 'default', taskId: 'a' });

  const { events, reply } = execute(reschedule, { namespace: 'default' }, '', { ...loaded, tasks: [] });

  expect(events).toEqual([]);
  expect(reply).toMatchObject({ reply: { done: false } });
});

test('a clock that stands at 1970 makes no time before that', () => {
  const since1970 = given(opened(), DELAYED).after(1_000 - NOW);

  const after = setBack(since1970, 500 - NOW - AHEAD_MS - DELAY_MS)
    .when(reschedule, {})
    .then([toldOf(DELAY_MS, 500 - NOW - AHEAD_MS - DELAY_MS)]);

  expect(after.task('a')).toMatchObject({ runAt: DELAY_MS, delayedAt: 0 });
});
