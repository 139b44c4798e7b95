// What a release with the outcome `waiting` does:
// - the attempt ends uncharged, the question is kept, the lease is over, and the context stays
// - the question may ask an agent, a role, or any agent
// - the next question replaces the last one, and its answer
// - the task is not in the queue: the session is free for its other tasks, also in the same step, and never for it
// - if its cancellation was requested, the task ends as cancelled
// - sent again under another command id, it answers the same
// - malformed input is refused
import { expect, test } from 'vitest';
import { claim, release } from '../../src/commands/index.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { NO_LEASE } from '../../src/model/session.ts';
import {
  AGENT,
  answered,
  asked,
  cancelAsked,
  checkpointed,
  claimed,
  ended,
  NOW,
  opened,
  OTHER_AGENT,
  queued,
  SEED,
  tokenOf,
} from '../support/events.ts';
import { given, inputOf, refusal } from '../support/given.ts';

const HELD = [opened('s', 1, { at: NOW - 9 }), queued('a', { at: NOW - 9 }), claimed('a')];

const call = (ask: object = { question: 'which?' }, more: object = {}, fence = 1) => ({
  items: [{ token: tokenOf(fence), outcome: 'waiting', ask }],
  ...more,
});
const NEXT = { claimNext: { agent: AGENT }, seed: SEED };

test('the attempt ends uncharged, the question is kept, the lease is over, and the context stays', () => {
  const store = given(...HELD, checkpointed('a', 1))
    .after(5)
    .when(release, call())
    .then([asked('a')], {
      ok: true,
      items: [{ ok: true, sessionId: 's', taskId: 'a', status: 'waiting', runAt: null, repeated: false }],
      next: [],
    });

  expect(store.task('a')).toMatchObject({
    status: 'waiting',
    attempt: 0,
    interruptions: 0,
    queuedAt: NOW - 9,
    finishedAt: null,
    question: 'which?',
    askedAt: NOW + 5,
    askedBy: AGENT,
    askedAgent: null,
    askedRole: null,
    answer: null,
    answeredBy: null,
  });
  expect(store.session('s')).toMatchObject({ ...NO_LEASE, status: 'idle', tasksOpen: 1 });
  expect(store.session('s').context).toContain('do 2');
});

test.each([
  ['an agent', { agent: OTHER_AGENT }, { ofAgent: OTHER_AGENT }, { askedAgent: OTHER_AGENT, askedRole: null }],
  ['a role', { role: 'owner' }, { ofRole: 'owner' }, { askedAgent: null, askedRole: 'owner' }],
])('the question may ask %s', (_whom, to, of, row) => {
  const store = given(...HELD)
    .when(release, call({ question: 'which?', to }))
    .then([asked('a', 'which?', of)]);

  expect(store.task('a')).toMatchObject({ ...row, assignee: null, role: null });
});

test('the next question replaces the last one, and its answer', () => {
  const store = given(...HELD, asked('a'), answered('a'), claimed('a', { fence: 2 }))
    .after(5)
    .when(release, call({ question: 'and then?' }, {}, 2))
    .then([asked('a', 'and then?', { fence: 2 })]);

  expect(store.task('a')).toMatchObject({ question: 'and then?', askedAt: NOW + 5, answer: null, answeredBy: null });
});

test('the task is not in the queue: no claim takes it', () => {
  given(...HELD, asked('a'))
    .when(claim, { agent: AGENT, sessionId: 's' })
    .then([], { ok: false, reason: 'no_task', nextDueAt: null });
});

test('with claimNext, the session is free for its other tasks, and never for the task itself', () => {
  const alone = given(...HELD).when(release, call(undefined, NEXT));
  const behind = given(...HELD, queued('b', { number: 2, priority: 9 })).when(release, call(undefined, NEXT));

  expect(alone.reply).toMatchObject({ items: [{ status: 'waiting' }], next: [] });
  expect(behind.reply).toMatchObject({ items: [{ status: 'waiting' }], next: [{ task: { id: 'b' } }] });
});

test('a task whose cancellation was requested ends as cancelled, and asks nothing', () => {
  const store = given(...HELD, cancelAsked('a'))
    .when(release, call())
    .then([ended('task.cancelled', 'a', { outcome: 'waiting', error: null })]);

  expect(store.task('a')).toMatchObject({ status: 'cancelled', question: null, askedAt: null });
});

test('sent again under another command id, it answers the same', () => {
  given(...HELD, asked('a'))
    .when(release, call())
    .then([], {
      ok: true,
      items: [{ ok: true, sessionId: 's', taskId: 'a', status: 'waiting', runAt: null, repeated: true }],
      next: [],
    });
});

test.each([
  ['items[0].ask', { items: [{ token: tokenOf(1), outcome: 'waiting' }] }, 'INVALID_INPUT', 'with waiting, or on'],
  [
    'items[0].ask',
    { items: [{ token: tokenOf(1), outcome: 'released', ask: { question: 'which?' } }] },
    'INVALID_INPUT',
    'only be given with waiting',
  ],
  ['items[0].ask.question', call({}), 'INVALID_INPUT', ''],
  ['items[0].ask.question', call({ question: '' }), 'INVALID_INPUT', ''],
  ['items[0].ask.question', call({ question: 'x'.repeat(LIMITS.text_characters_max + 1) }), 'LIMIT_EXCEEDED', ''],
  ['items[0].ask.to', call({ question: 'which?', to: { agent: 'a', role: 'b' } }), 'INVALID_INPUT', ''],
  [
    'items[0].to',
    { items: [{ token: tokenOf(1), outcome: 'waiting', ask: { question: 'which?' }, to: { agent: 'a' } }] },
    'INVALID_INPUT',
    'with handed_off, and only then',
  ],
] as const)('a malformed %s is refused', (field, input, code, message) => {
  expect(() => inputOf(release, input)).toThrow(refusal(code, message, field));
});
