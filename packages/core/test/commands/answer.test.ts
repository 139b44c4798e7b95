// What `answerTask` does:
// - a waiting task is queued again in its old place, with the answer and its author
// - without an author the answer has none
// - a task that asks nothing is not answered: it never asked, or it ended before an answer came
// - a question is answered once: the second answer is told the first
// - with the time of a question, no other question is answered
// - a task that does not exist is not found
// - sent again, it answers the same, and the task as it was then
import { expect, test } from 'vitest';
import { answer } from '../../src/commands/index.ts';
import { LIMITS } from '../../src/model/limits.ts';
import {
  AGENT,
  answered,
  asked,
  cancelledWaiting,
  claimed,
  NOW,
  opened,
  OTHER_AGENT,
  queued,
  succeeded,
} from '../support/events.ts';
import { commandIdAt, given, inputOf, NO_ROWS, refusal } from '../support/given.ts';

const WAITING = [opened('s', 1, { at: NOW - 9 }), queued('a', { at: NOW - 9 }), claimed('a'), asked('a')];
const IT = { taskId: 'a', answer: 'that one', agent: OTHER_AGENT };

test('a waiting task is queued again in its old place, with the answer and its author', () => {
  const store = given(...WAITING)
    .after(5)
    .when(answer, IT)
    .then([answered('a')], { ok: true, task: expect.objectContaining({ id: 'a', status: 'queued' }) });

  expect(store.task('a')).toMatchObject({
    status: 'queued',
    queuedAt: NOW - 9,
    attempt: 0,
    interruptions: 0,
    question: 'which?',
    askedAt: NOW,
    askedBy: AGENT,
    answer: 'that one',
    answeredBy: OTHER_AGENT,
  });
  expect(store.session('s')).toMatchObject({ status: 'idle', tasksOpen: 1 });
});

test('the answer comes while the session works on another task', () => {
  const other = [queued('b', { number: 2, priority: 9 }), claimed('b', { fence: 2 })];
  const store = given(...WAITING, ...other)
    .when(answer, IT)
    .then([answered('a')]);

  expect(store.session('s')).toMatchObject({ status: 'running', taskId: 'b', tasksOpen: 2 });
});

test('without an author the answer has none', () => {
  given(...WAITING)
    .when(answer, { taskId: 'a', answer: 'that one' })
    .then([answered('a', 'that one', { agent: null })]);
});

test.each([
  ['queued', [opened(), queued('a')]],
  ['scheduled', [opened(), queued('a', { run_at: NOW + 5 })]],
  ['running', [opened(), queued('a'), claimed('a')]],
  ['succeeded', [opened(), queued('a'), claimed('a'), succeeded('a')]],
  ['cancelled', [...WAITING, cancelledWaiting('a')]],
])('a task that asks nothing, and is %s, is not answered', (status, events) => {
  given(...events)
    .when(answer, IT)
    .then([], { ok: false, reason: 'no_question', status });
});

test.each([
  ['queued', []],
  ['running', [claimed('a', { fence: 2 })]],
  ['succeeded', [claimed('a', { fence: 2 }), succeeded('a', { fence: 2 })]],
])('a question that was answered is not answered again: the task is %s', (status, since) => {
  given(...WAITING, answered('a', 'the first'), ...since)
    .when(answer, IT)
    .then([], { ok: false, reason: 'answered', status, answer: 'the first', answeredBy: OTHER_AGENT });
});

test('with the time of a question, no other question is answered', () => {
  const again = [answered('a'), claimed('a', { fence: 2 }), asked('a', 'and then?', { fence: 2, at: NOW + 7 })];
  const store = given(...WAITING, ...again).after(9);

  store.when(answer, { ...IT, askedAt: NOW }).then([], { ok: false, reason: 'other_question', askedAt: NOW + 7 });
  store.when(answer, { ...IT, askedAt: NOW + 7 }).then([answered('a', 'that one', { askedAt: NOW + 7 })]);
});

test('two questions of one task are never of one time', () => {
  const store = given(...WAITING, answered('a'), claimed('a', { fence: 2 }), asked('a', 'and then?', { fence: 2 }));

  expect(store.task('a')).toMatchObject({ question: 'and then?', askedAt: NOW + 1, answer: null, answeredBy: null });
});

test('a task that does not exist is not found', () => {
  given(opened(), queued('b')).when(answer, IT).then([], { ok: false, reason: 'not_found' });
});

test('a task that was not loaded is not found', () => {
  const input = inputOf(answer, IT);
  const loaded = given(...WAITING).load(answer.scope(input));

  expect(answer.decide(input, { ...loaded, tasks: [] }).reply(NO_ROWS)).toEqual({ ok: false, reason: 'not_found' });
});

test('sent again, it answers the same, and the task as it was then', () => {
  const call = { ...IT, commandId: commandIdAt(NOW) };
  const first = given(...WAITING).when(answer, call);

  const second = first.store.and(claimed('a', { fence: 3 })).when(answer, call);

  expect(second.writes).toMatchObject({ reply: { replayed: true }, events: [] });
  expect(second.reply).toEqual(first.reply);
});

test('it is shown the task and its session', () => {
  expect(answer.scope(inputOf(answer, IT))).toEqual({
    by: 'task',
    namespace: 'default',
    commandId: commandIdAt(NOW),
    taskId: 'a',
  });
});

test.each([
  ['taskId', { ...IT, taskId: '' }, 'INVALID_INPUT'],
  ['answer', { taskId: 'a' }, 'INVALID_INPUT'],
  ['answer', { ...IT, answer: '' }, 'INVALID_INPUT'],
  ['answer', { ...IT, answer: 'x'.repeat(LIMITS.text_characters_max + 1) }, 'LIMIT_EXCEEDED'],
  ['agent', { ...IT, agent: ' ' }, 'INVALID_INPUT'],
  ['askedAt', { ...IT, askedAt: -1 }, 'INVALID_INPUT'],
] as const)('a malformed %s is refused', (field, call, code) => {
  expect(() => inputOf(answer, call)).toThrow(refusal(code, '', field));
});
