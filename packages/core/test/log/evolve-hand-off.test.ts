// What the events of a hand-off do to its task:
// - it says by whom and since when it was handed off, and when it goes back, if it does
// - it goes back to its sender, in its old place in the queue
// - after the clock was set back it goes back at another time
// - a claim of either side, a cancellation and another hand-off end it
import { expect, test } from 'vitest';
import { NO_HAND_OFF } from '../../src/model/hand-off.ts';
import {
  AGENT,
  cancelledWaiting,
  claimed,
  event,
  handedBack,
  handedOff,
  NOW,
  OTHER_AGENT,
  opened,
  queued,
} from '../support/events.ts';
import { given } from '../support/given.ts';

const HELD = [opened(), queued('a'), claimed('a')];

test.each([
  ['for good', undefined, null],
  ['for a time', 9, NOW + 9],
])('a task that is handed off %s says by whom, and since when', (_how, byMs, returnAt) => {
  const store = given(...HELD, handedOff('a', { role: 'r' }, {}, byMs));

  expect(store.task('a')).toMatchObject({ handedOffBy: AGENT, handedOffAt: NOW, returnAt, returnedFrom: null });
});

test('after an event of a clock that was ahead, the time to return counts from the hand-off', () => {
  const ahead = event('task.queued', { ...queued('b').payload } as never, { taskId: 'b', at: NOW + 50 });

  const store = given(...HELD, ahead, handedOff('a', { role: 'r' }, {}, 9));

  expect(store.task('a')).toMatchObject({ handedOffAt: NOW, returnAt: NOW + 9 });
});

const AWAY = [...HELD, handedOff('a', { role: 'r' }, {}, 9)];

test('a handed-off task goes back to its sender, and its place in the queue stays', () => {
  const before = given(...AWAY).task('a');

  const store = given(...AWAY, handedBack('a', 'role:r', NOW + 9, { at: NOW + 9 }));

  expect(store.task('a')).toEqual({ ...before, assignee: AGENT, role: null, returnAt: null, returnedFrom: 'role:r' });
});

test('it goes back at another time after the clock was set back', () => {
  const moved = event('task.return_rescheduled', { by_ms: -5, return_at: NOW + 4, delay_ms: 9 }, { taskId: 'a' });

  expect(given(...AWAY, moved).task('a')).toMatchObject({ returnAt: NOW + 4, handedOffAt: NOW - 5, role: 'r' });
});

test.each([
  ['a claim of the receiver', [...AWAY, claimed('a', { fence: 2 })]],
  ['a claim of the sender', [...AWAY, handedBack('a', 'role:r', NOW + 9), claimed('a', { fence: 2 })]],
  ['a cancellation', [...AWAY, cancelledWaiting('a')]],
])('%s ends a hand-off', (_what, events) => {
  expect(given(...events).task('a')).toMatchObject(NO_HAND_OFF);
});

test('another hand-off begins anew', () => {
  const other = claimed('a', { fence: 2, agent: OTHER_AGENT });

  const store = given(...AWAY, other, handedOff('a', { agent: AGENT }, { fence: 2, agent: OTHER_AGENT }));

  expect(store.task('a')).toMatchObject({ handedOffBy: OTHER_AGENT, returnAt: null, returnedFrom: null });
});
