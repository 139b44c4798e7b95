// What `enqueueTask` and `enqueueTasks` do:
// - a task is queued in the session that it names, or in one of its own that has its id
// - a session that does not exist is opened, once; one that is closed is opened again
// - what the call leaves out is filled in; what it says is kept
// - a task that is delayed is scheduled
// - ids are made from the command's id, in the order of the batch
// - an id of another task is refused, and with it the batch
// - tasks and sessions get the next free numbers; a session that is made for a task gets that of the task
// - a task whose dedupe key is known is answered as it is, whatever became of it, and not added
// - a task that holds its key while it is open is answered until it ends; from then on the key is free
// - a task that holds its key as long as it is kept holds it against all others
// - how long a task holds its key is said in a short form and in a long one, and not in both
// - sent again, it answers the same, and the tasks as they were then
// - malformed input is refused
import { expect, test } from 'vitest';
import { enqueue } from '../../src/commands/index.ts';
import { taskIdFor } from '../../src/model/ids.ts';
import { forEachText, isTaskName, textsForEvent, TASK_NAMES } from '../../src/model/task-texts.ts';
import {
  AGENT,
  cancelledWaiting,
  claimed,
  failed,
  NOW,
  opened,
  queued,
  sessionClosed,
  succeeded,
} from '../support/events.ts';
import { commandIdAt, given, inputOf, refusal } from '../support/given.ts';

/** The reply for one task, and whether it was there before. */
function added(id: string, duplicate = false) {
  return { task: expect.objectContaining({ id }) as object, duplicate };
}

test('a task is queued in the session that it names', () => {
  const store = given(opened())
    .when(enqueue, { tasks: [{ id: 'a', sessionId: 's' }] })
    .then([queued('a', { number: 2 })], { ok: true, tasks: [added('a')] });

  expect(store.task('a')).toMatchObject({ status: 'queued', sessionId: 's', queuedAt: NOW, createdAt: NOW });
  expect(store.session('s').tasksOpen).toBe(1);
});

test('a session that does not exist is opened, once', () => {
  const store = given()
    .when(enqueue, { tasks: ['a', 'b'].map((id) => ({ id, sessionId: 's' })) })
    .then([opened('s', 2), queued('a'), queued('b', { number: 3 })], {
      ok: true,
      tasks: [added('a'), added('b')],
    });

  expect(store.session('s')).toMatchObject({ status: 'idle', number: 2, tasksOpen: 2, createdAt: NOW });
});

test('a task without a session gets one of its own, which has its id and its number', () => {
  given()
    .when(enqueue, { tasks: [{ id: 'a' }] })
    .then([opened('a'), queued('a', { sessionId: 'a' })], { ok: true, tasks: [added('a')] });
});

test('a session that is closed is opened again, and keeps its number', () => {
  const store = given(opened('s', 7), sessionClosed('s', 'requested'))
    .when(enqueue, { tasks: [{ id: 'a', sessionId: 's' }] })
    .then([opened('s', 7), queued('a', { number: 8 })]);

  expect(store.session('s')).toMatchObject({ status: 'idle', number: 7 });
});

test('a session that another agent holds takes new tasks', () => {
  given(opened(), queued('a'), claimed('a'))
    .when(enqueue, { tasks: [{ id: 'b', sessionId: 's' }] })
    .then([queued('b', { number: 2 })]);
});

test('what the call leaves out is filled in', () => {
  const store = given(opened()).when(enqueue, { tasks: [{ id: 'a', sessionId: 's' }] }).store;

  expect(store.task('a')).toMatchObject({
    kind: 'task',
    title: 'task',
    payload: '{}',
    priority: 5,
    runAt: null,
    dedupeKey: null,
    attempt: 0,
    attemptsMax: 4,
    interruptions: 0,
    interruptionsMax: 16,
    backoffMs: 5_000,
  });
});

test.each(TASK_NAMES)('the %s of a task is the name of an agent, and no other text', (field) => {
  const decide = () => given().when(enqueue, { tasks: [{ [field]: 'two words' }] });

  expect(decide).toThrow(refusal('INVALID_INPUT', /must start with a letter/u, `tasks[0].${field}`));
});

test('what the call says is kept', () => {
  const texts = forEachText((name) => (isTaskName(name) ? `its-${name}` : `its ${name}`));
  const limits = { attemptsMax: 9, interruptionsMax: 0, backoffMs: 100 };
  const call = { id: 'a', sessionId: 's', kind: 'build', title: 'Build it', payload: { of: 'x' }, priority: 0 };

  given(opened())
    .when(enqueue, { tasks: [{ ...call, ...limits, ...texts, dedupeKey: 'k', role: 'builder' }] })
    .then([
      queued('a', {
        number: 2,
        kind: 'build',
        title: 'Build it',
        payload: { of: 'x' },
        priority: 0,
        dedupe_key: 'k',
        attempts_max: 9,
        interruptions_max: 0,
        backoff_ms: 100,
        role: 'builder',
        ...textsForEvent(texts),
      }),
    ]);
});

test('a task may be for one agent, and its title is its kind unless it has another', () => {
  given(opened())
    .when(enqueue, { tasks: [{ id: 'a', sessionId: 's', kind: 'build', assignee: AGENT }] })
    .then([queued('a', { number: 2, kind: 'build', title: 'build', assignee: AGENT })]);
});

test('a task that is delayed is scheduled', () => {
  const store = given(opened())
    .when(enqueue, { tasks: [{ id: 'a', sessionId: 's', delayMs: 500 }] })
    .then([queued('a', { number: 2, run_at: NOW + 500, delay_ms: 500 })]);

  const when = { runAt: NOW + 500, delayedAt: NOW, queuedAt: NOW + 500 };
  expect(store.task('a')).toMatchObject({ status: 'scheduled', ...when, createdAt: NOW });
});

test("ids are made from the command's id, in the order of the batch", () => {
  const commandId = commandIdAt(NOW, 5);
  const [first, second] = [0, 1].map((at) => taskIdFor(commandId, at)) as [string, string];

  given(opened())
    .when(enqueue, { commandId, tasks: [{ sessionId: 's' }, {}] })
    .then([queued(first, { number: 2 }), opened(second, 3), queued(second, { sessionId: second, number: 3 })]);
});

test.each([
  ['in the store', [{ id: 'new' }, { id: 'a' }]],
  ['earlier in the batch', [{ id: 'new' }, { id: 'new' }]],
])('an id of a task %s is refused, and with it the batch', (_where, tasks) => {
  const store = given(opened(), queued('a'));

  expect(() => store.when(enqueue, { tasks })).toThrow(
    refusal('TASK_EXISTS', `^A task with the id ${tasks[1]?.id} exists.$`, 'tasks[1].id'),
  );
});

test('tasks and sessions get the next free numbers, a session made for a task that of the task', () => {
  given(opened('s', 3), queued('a', { number: 8 }))
    .when(enqueue, {
      tasks: [
        { id: 'b' },
        { id: 'c', sessionId: 's' },
        { id: 'd', sessionId: 'other' },
        { id: 'e', sessionId: 'third' },
      ],
    })
    .then([
      opened('b', 9),
      queued('b', { sessionId: 'b', number: 9 }),
      queued('c', { number: 10 }),
      opened('other', 12),
      queued('d', { sessionId: 'other', number: 11 }),
      opened('third', 14),
      queued('e', { sessionId: 'third', number: 13 }),
    ]);
});

test('a storage that gives too few numbers is a mistake of ours', () => {
  const input = inputOf(enqueue, { tasks: [{ id: 'a' }] });
  const loaded = { ...given().load(enqueue.scope(input)), numbers: [] };

  expect(() => enqueue.decide(input, loaded)).toThrow(refusal('INTERNAL', 'too few numbers'));
});

test.each([
  ['waits', []],
  ['runs', [claimed('a')]],
  ['has ended', [claimed('a'), succeeded('a')]],
  ['has ended with its session', [claimed('a'), succeeded('a'), sessionClosed('s', 'requested')]],
])('a task whose dedupe key is known is answered as it is, though it %s, and not added', (_how, since) => {
  const store = given(opened(), queued('a', { dedupe_key: 'k' }), ...since);

  store
    .when(enqueue, { tasks: [{ id: 'b', sessionId: 's', dedupeKey: 'k' }] })
    .then([], { ok: true, tasks: [{ task: store.task('a'), duplicate: true }] });
});

test.each([
  ['waits', []],
  ['runs', [claimed('a')]],
  ['failed and is tried again', [claimed('a'), failed('a', NOW + 5)]],
])('a task that holds its key while it is open is answered as it is, though it %s', (_how, since) => {
  const store = given(opened(), queued('a', { dedupe_key: 'k', dedupe_while: 'open' }), ...since);

  for (const call of [{ dedupeKey: 'k' }, { dedupe: { key: 'k', while: 'open' } }])
    store
      .when(enqueue, { tasks: [{ id: 'b', sessionId: 's', ...call }] })
      .then([], { ok: true, tasks: [{ task: store.task('a'), duplicate: true }] });
});

test.each([
  ['succeeded', [claimed('a'), succeeded('a')]],
  ['failed', [claimed('a'), failed('a', null)]],
  ['was cancelled', [cancelledWaiting('a')]],
])('a task that held its key while it was open, and %s, leaves the key to the next', (_how, since) => {
  const store = given(opened(), queued('a', { dedupe_key: 'k', dedupe_while: 'open' }), ...since);

  store
    .when(enqueue, { tasks: [{ id: 'b', sessionId: 's', dedupeKey: 'k' }] })
    .then([queued('b', { number: 2, dedupe_key: 'k' })], { ok: true, tasks: [added('b')] });
  store
    .when(enqueue, { tasks: [{ id: 'b', sessionId: 's', dedupe: { key: 'k', while: 'open' } }] })
    .then([queued('b', { number: 2, dedupe_key: 'k', dedupe_while: 'open' })]);
});

test('a task that holds its key as long as it is kept holds it against those that ask while they are open, too', () => {
  given(opened(), queued('a', { dedupe_key: 'k' }), claimed('a'), succeeded('a'))
    .when(enqueue, { tasks: [{ id: 'b', sessionId: 's', dedupe: { key: 'k', while: 'open' } }] })
    .then([], { ok: true, tasks: [added('a', true)] });
});

const call = (task: object) => ({ tasks: [{ id: 'a', sessionId: 's', ...task }] });

test('how long a task holds its key is said in a short form and in a long one, and not in both', () => {
  for (const task of [{ dedupeKey: 'k' }, { dedupe: { key: 'k' } }, { dedupe: { key: 'k', while: 'kept' } }])
    given(opened())
      .when(enqueue, call(task))
      .then([queued('a', { number: 2, dedupe_key: 'k' })]);
  expect(() => inputOf(enqueue, call({ dedupeKey: 'k', dedupe: { key: 'k' } }))).toThrow(
    refusal('INVALID_INPUT', 'together with dedupe', 'tasks[0].dedupeKey'),
  );
  expect(() => inputOf(enqueue, call({ dedupe: { while: 'open' } }))).toThrow(
    refusal('INVALID_INPUT', '', 'tasks[0].dedupe.key'),
  );
});

test('of two tasks of a batch with one dedupe key, the first is added', () => {
  given(opened())
    .when(enqueue, { tasks: ['a', 'b'].map((id) => ({ id, sessionId: 's', dedupeKey: 'k' })) })
    .then([queued('a', { number: 2, dedupe_key: 'k' })], { ok: true, tasks: [added('a'), added('a', true)] });
});

test('tasks without a dedupe key are never duplicates', () => {
  given(opened(), queued('a'))
    .when(enqueue, { tasks: [{ id: 'b', sessionId: 's' }] })
    .then([queued('b', { number: 2 })], { ok: true, tasks: [added('b')] });
});

test('a duplicate may have the id of the task that it is', () => {
  given(opened(), queued('a', { dedupe_key: 'k' }))
    .when(enqueue, { tasks: [{ id: 'a', sessionId: 's', dedupeKey: 'k' }] })
    .then([], { ok: true, tasks: [added('a', true)] });
});

test('a call that adds nothing leaves no receipt', () => {
  const { writes } = given(opened(), queued('a', { dedupe_key: 'k' })).when(enqueue, { tasks: [{ dedupeKey: 'k' }] });

  expect(writes.receipt).toBeNull();
});

test('it is shown the sessions, tasks and dedupe keys that it names, each session once', () => {
  const commandId = commandIdAt(NOW);
  const tasks = [
    { id: 'a', sessionId: 's' },
    { id: 'b', sessionId: 's', dedupeKey: 'k' },
    { dedupe: { key: 'l', while: 'open' } },
  ];

  expect(enqueue.scope(inputOf(enqueue, { tasks }))).toEqual({
    by: 'new',
    namespace: 'default',
    commandId,
    sessionIds: ['s', taskIdFor(commandId, 2)],
    taskIds: ['a', 'b', taskIdFor(commandId, 2)],
    dedupeKeys: ['k', 'l'],
  });
});

test('sent again, it answers the same, and the tasks as they were then', () => {
  const call = {
    commandId: commandIdAt(NOW),
    tasks: [
      { id: 'a', sessionId: 's', payload: { word: 'body' } },
      { id: 'b', sessionId: 's', dedupeKey: 'k' },
    ],
  };
  const first = given(opened(), queued('old', { dedupe_key: 'k' })).when(enqueue, call);

  const second = first.store.and(claimed('a')).and(succeeded('a')).when(enqueue, call);

  expect(second.writes).toMatchObject({ reply: { replayed: true }, events: [], sessions: [], tasks: [] });
  expect(second.reply).toEqual(first.reply);
  expect(first.writes.receipt?.reply).not.toContain('body');
});

test.each([
  ['tasks', [], 'INVALID_INPUT', 'smaller'],
  ['tasks', Array.from({ length: 1_001 }, () => ({})), 'LIMIT_EXCEEDED', 'larger'],
  ['tasks[0].id', [{ id: 't42' }], 'INVALID_INPUT', 'looks like a number'],
  ['tasks[1].title', [{}, { title: '' }], 'INVALID_INPUT', ''],
  ['tasks[0].payload', [{ payload: 'x'.repeat(262_143) }], 'LIMIT_EXCEEDED', ''],
  ['tasks[0].priority', [{ priority: -1 }], 'INVALID_INPUT', 'smaller'],
  ['tasks[0].priority', [{ priority: 1_001 }], 'LIMIT_EXCEEDED', 'larger'],
  ['tasks[0].delayMs', [{ delayMs: -1 }], 'INVALID_INPUT', 'smaller'],
  ['tasks[0].delayMs', [{ delayMs: 315_360_000_001 }], 'LIMIT_EXCEEDED', 'larger'],
  ['tasks[0].attemptsMax', [{ attemptsMax: 0 }], 'INVALID_INPUT', 'smaller'],
  ['tasks[0].attemptsMax', [{ attemptsMax: 1_001 }], 'LIMIT_EXCEEDED', 'larger'],
  ['tasks[0].interruptionsMax', [{ interruptionsMax: -1 }], 'INVALID_INPUT', 'smaller'],
  ['tasks[0].interruptionsMax', [{ interruptionsMax: 1_001 }], 'LIMIT_EXCEEDED', 'larger'],
  ['tasks[0].backoffMs', [{ backoffMs: -1 }], 'INVALID_INPUT', 'smaller'],
  ['tasks[0].backoffMs', [{ backoffMs: 3_600_001 }], 'LIMIT_EXCEEDED', 'larger'],
  ['tasks[0].assignee', [{ assignee: AGENT, role: 'r' }], 'INVALID_INPUT', 'cannot be given together with a role'],
  ['tasks[0].status', [{ status: 'queued' }], 'INVALID_INPUT', 'is not a field'],
])('a malformed %s is refused', (field, tasks, code, message) => {
  expect(() => inputOf(enqueue, { tasks })).toThrow(refusal(code, message, field));
});

test.each(['s17', 't42'])(
  'a session that no task is in cannot be called %s, which looks like a number',
  (sessionId) => {
    expect(() => given().when(enqueue, { tasks: [{}, { sessionId }] })).toThrow(
      refusal('INVALID_INPUT', `no session has the number ${sessionId}`, 'tasks[1].sessionId'),
    );
  },
);

test('a thousand tasks can be added at once, and a field that the command does not know is refused', () => {
  expect(inputOf(enqueue, { tasks: Array.from({ length: 1_000 }, () => ({})) }).tasks).toHaveLength(1_000);
  expect(() => inputOf(enqueue, { tasks: [{}], seed: '' })).toThrow(refusal('INVALID_INPUT', '', 'seed'));
});
