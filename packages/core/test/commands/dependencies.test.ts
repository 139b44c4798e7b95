// What a new task that names others gets, and what the end of a task leaves for those that wait:
// - a task that waits for others is blocked; one whose dependencies have ended is queued
// - tasks of one batch may name each other, in any order, and a duplicate stands for the task that has the key
// - the scope names what has to be locked, and asks again for what only the duplicates showed
// - a dependency that failed before cancels the task at once, if its policy asks for that
// - a missing task, a cycle, a task that waits for itself, and too many are refused by the name of the field
// - a task that ends says so only if others depend on it, and whom it has to tell
// - a task that is reviewed ends with its last approval, or with the last round that asks for changes
// - a task that is retried waits for what is still open
import { expect, test } from 'vitest';
import { cancel, enqueue, release, retry, settle } from '../../src/commands/index.ts';
import { LIMITS } from '../../src/model/limits.ts';
import {
  AGENT,
  blocked,
  cancelledWaiting,
  claimed,
  event,
  failed,
  opened,
  OTHER_AGENT,
  queued,
  reviewRequested,
  sessionClosed,
  succeeded,
  tokenOf,
  type Said,
} from '../support/events.ts';
import { given, inputOf, refusal } from '../support/given.ts';

const A = [opened('a'), queued('a', { sessionId: 'a' })];
const HELD = [...A, claimed('a', { sessionId: 'a' })];
const DONE = [...HELD, succeeded('a', { sessionId: 'a' }), sessionClosed('a', 'task_ended')];
const DEAD = [...HELD, failed('a', null, { sessionId: 'a' }), sessionClosed('a', 'task_ended')];

const add = (...tasks: readonly object[]) => ({ tasks });

test('a task that waits for another is blocked', () => {
  const store = given(...A)
    .when(enqueue, add({ id: 'b', dependsOn: ['a'] }))
    .then([opened('b', 2), blocked('b', ['a'], { sessionId: 'b', number: 2 })]);

  expect(store.task('b')).toMatchObject({ status: 'blocked', openDependencies: 1 });
});

test('the row of the dependency is new, and open', () => {
  const { writes } = given(...A).when(enqueue, add({ id: 'b', dependsOn: ['a'], onDependencyFailure: 'run' }));

  expect(writes.dependencies).toEqual([
    {
      before: null,
      after: { namespace: 'default', taskId: 'b', dependencyId: 'a', onDependencyFailure: 'run', ended: null },
    },
  ]);
});

test('a task that names no other has no word of it in its event, and no row', () => {
  const { writes } = given(...A).when(enqueue, add({ id: 'b' }));

  expect(writes).not.toHaveProperty('dependencies');
  expect(writes.events.at(-1)?.payload).not.toMatch(/depend|parent/);
});

test('a task whose dependencies have succeeded is queued at once', () => {
  given(...DONE)
    .when(enqueue, add({ id: 'b', dependsOn: ['a', 'a'] }))
    .then([opened('b', 2), blocked('b', ['a'], { sessionId: 'b', number: 2, dependencies_ended: { a: 'succeeded' } })]);
});

test.each([
  ['block', 'blocked'],
  ['run', 'queued'],
  ['cancel', 'cancelled'],
] as const)('where the dependency had failed before, under %s the task is %s', (onDependencyFailure, status) => {
  const { store } = given(...DEAD).when(enqueue, add({ id: 'b', dependsOn: ['a'], onDependencyFailure }));

  expect(store.task('b').status).toBe(status);
  expect(store.session('b').status).toBe(status === 'cancelled' ? 'closed' : 'idle');
});

test('a task that is cancelled at once says why, and leaves a session with other tasks open', () => {
  const { store } = given(...DEAD).when(
    enqueue,
    add({ id: 'b', dependsOn: ['a'], onDependencyFailure: 'cancel' }, { id: 'c', sessionId: 'b' }),
  );

  expect(store.task('b').error).toBe('{"code":"dependency_failed","message":"Task a, on which it depends, failed."}');
  expect(store.session('b').status).toBe('idle');
});

test('a session that was made for a task closes if all its tasks are cancelled at once', () => {
  const cancelling = { dependsOn: ['a'], onDependencyFailure: 'cancel', sessionId: 'b' };

  const { store } = given(...DEAD).when(enqueue, add({ id: 'b', ...cancelling }, { id: 'c', ...cancelling }));

  expect([store.task('b').status, store.task('c').status]).toEqual(['cancelled', 'cancelled']);
  expect(store.session('b').status).toBe('closed');
});

test('one that waits in the same batch for a task that is cancelled at once is told', () => {
  const cancelling = { onDependencyFailure: 'cancel' };

  const { writes } = given(...DEAD).when(
    enqueue,
    add({ id: 'c', dependsOn: ['b'] }, { id: 'b', dependsOn: ['a'], ...cancelling }),
  );

  expect(writes.endedDependencies).toEqual([
    { namespace: 'default', dependencyId: 'b', seq: 3, status: 'cancelled', policies: ['cancel', 'run'] },
  ]);
});

test('tasks of a batch may name each other in any order, also as parents', () => {
  const { store } = given().when(
    enqueue,
    add({ id: 'c', dependsOn: ['b', 'a'], parentId: 'a' }, { id: 'b', dependsOn: ['a'] }, { id: 'a' }),
  );

  expect(store.task('c')).toMatchObject({ status: 'blocked', openDependencies: 2, parentId: 'a' });
  expect(store.task('b')).toMatchObject({ status: 'blocked', openDependencies: 1, parentId: null });
  expect(store.task('a').status).toBe('queued');
});

test('a duplicate in the batch stands for the task that has the key, once the scope has named that one', () => {
  const keyed = given(opened('x'), queued('x', { sessionId: 'x', dedupe_key: 'k' }));
  const input = inputOf(enqueue, add({ id: 'b', dependsOn: ['a'] }, { id: 'a', dedupeKey: 'k' }), keyed.now);

  const first = enqueue.decide(input, keyed.load(enqueue.scope(input)));
  expect(first).toMatchObject({ needs: { extraTaskIds: ['x'] }, events: [] });

  expect(enqueue.scope(input)).toMatchObject({ related: ['a'] });
  const again = enqueue.scope(input, { needs: { extraTaskIds: ['x'] } });
  expect(again).toMatchObject({ related: ['a', 'x'] });
  const { events } = enqueue.decide(input, keyed.load(again));
  expect(events.at(-1)).toMatchObject({ taskId: 'b', payload: { depends_on: ['x'] } });
});

test('a scope without other tasks names none', () => {
  expect(enqueue.scope(inputOf(enqueue, add({ id: 'b' }), 0))).not.toHaveProperty('related');
});

test.each([
  ['a dependency', { dependsOn: ['a', 'none'] }, 'tasks[0].dependsOn[1]'],
  ['a parent', { parentId: 'none' }, 'tasks[0].parentId'],
])('%s that does not exist is refused', (_what, fields, field) => {
  expect(() => given(...A).when(enqueue, add({ id: 'b', ...fields }))).toThrow(
    refusal('DEPENDENCY_NOT_FOUND', /^There is no task none\.$/, field),
  );
});

test.each([
  ['itself', [{ id: 'a', dependsOn: ['a'] }], /^Task a depends on itself\.$/, 'tasks[0].dependsOn'],
  [
    'each other',
    [
      { id: 'a', dependsOn: ['b'] },
      { id: 'b', dependsOn: ['c'] },
      { id: 'c', dependsOn: ['b'] },
    ],
    /^Each of these tasks depends on the next: b → c → b\.$/,
    'tasks[1].dependsOn',
  ],
  [
    'parts of each other',
    [
      { id: 'a', parentId: 'b' },
      { id: 'b', parentId: 'a' },
    ],
    /^Each of these tasks is a part of the next: a → b → a\.$/,
    'tasks[0].parentId',
  ],
])('tasks that wait for %s are refused, and the cycle is named', (_what, tasks, message, field) => {
  expect(() => given().when(enqueue, { tasks })).toThrow(refusal('DEPENDENCY_CYCLE', message, field));
});

test('two ways to the same task are no cycle', () => {
  const tasks = [
    { id: 'd', dependsOn: ['b', 'c'] },
    { id: 'b', dependsOn: ['a'] },
    { id: 'c', dependsOn: ['a'] },
    { id: 'a' },
  ];

  expect(given().when(enqueue, { tasks }).store.task('d').openDependencies).toBe(2);
});

test('too many dependencies are refused, of one task and of a batch', () => {
  const many = Array.from({ length: LIMITS.dependencies_max }, (_, at) => `d${at}`);
  const one = add({ id: 'b', dependsOn: [...many, 'one-more'] });
  const batch = Array.from({ length: 11 }, (_, at) => ({ id: `b${at}`, dependsOn: many.map((_id, no) => `x${no}`) }));
  const others = many.map((_id, no) => ({ id: `x${no}` }));

  expect(() => given().when(enqueue, one)).toThrow(refusal('LIMIT_EXCEEDED', /limit of 1000/, 'tasks[0].dependsOn'));
  const store = given();
  const input = { ...inputOf(enqueue, add({ id: 'y' }), store.now), tasks: inputOf(enqueue, add(...batch), 0).tasks };
  const related = others.map(({ id }) => ({ id, number: 7, sessionId: id, status: 'queued' as const, review: null }));
  const loaded = { ...store.load(enqueue.scope(input)), related };
  expect(() => enqueue.decide(input, loaded)).toThrow(
    refusal('LIMIT_EXCEEDED', /11000 dependencies together, and its limit is 10000/, 'tasks'),
  );
});

test('a policy without a dependency is refused', () => {
  expect(() => given().when(enqueue, add({ id: 'b', onDependencyFailure: 'run' }))).toThrow(
    refusal('INVALID_INPUT', /can only be given with dependsOn/, 'tasks[0].onDependencyFailure'),
  );
});

const RELEASE = { items: [{ token: tokenOf(1), outcome: 'succeeded' }] };
const WAITING = [opened('b', 2), blocked('b', ['a'], { sessionId: 'b', number: 2 })];

test('a task on which others depend says so when it ends, with the number of the event', () => {
  const { writes } = given(...HELD, ...WAITING).when(release, RELEASE);

  expect(writes.endedDependencies).toEqual([
    { namespace: 'default', dependencyId: 'a', seq: 4, status: 'succeeded', policies: ['block', 'cancel', 'run'] },
  ]);
  expect(writes.reply).toMatchObject({ leavesDue: true });
});

test('a task on which none depends says nothing', () => {
  const { writes } = given(...HELD).when(release, RELEASE);

  expect(writes).not.toHaveProperty('endedDependencies');
  expect(writes.reply).not.toHaveProperty('leavesDue');
});

test('a task that continues says nothing', () => {
  const { writes } = given(...HELD, ...WAITING).when(release, {
    items: [{ token: tokenOf(1), outcome: 'failed' }],
  });

  expect(writes).not.toHaveProperty('endedDependencies');
});

test('a cancelled task tells only those that are cancelled or run then', () => {
  const { writes } = given(...A, ...WAITING).when(cancel, { taskId: 'a' });

  expect(writes.endedDependencies).toMatchObject([{ status: 'cancelled', policies: ['cancel', 'run'] }]);
});

test('a task that is reviewed frees the others with its last approval, and not before', () => {
  const first = inReview(1, 2).when(release, verdict(2, 'approved'));
  expect(first.writes.endedDependencies).toBeUndefined();

  const last = first.store
    .and(claimed('r1', { sessionId: 'r1', agent: 'owner', fence: 3 }))
    .after(1)
    .when(release, verdict(3, 'approved'));
  const { seq } = last.writes.events.find(({ type }) => type === 'task.approved') ?? {};
  expect(last.writes.endedDependencies).toMatchObject([{ dependencyId: 'a', seq, status: 'succeeded' }]);
  expect(last.writes.reply).toMatchObject({ leavesDue: true });
  expect(last.store.when(settle, {}).store.task('b').status).toBe('queued');
});

test('only the last round that asks for changes is the end of the reviewed task', () => {
  const changes = verdict(2, 'changes_requested', { note: 'no' });
  expect(inReview(1, 1).when(release, changes).writes.endedDependencies).toBeUndefined();

  const last = inReview(LIMITS.review_rounds_max, 1, 'cancel').when(release, changes);
  expect(last.writes.endedDependencies).toMatchObject([{ dependencyId: 'a', status: 'failed' }]);
  expect(last.store.when(settle, {}).store.task('b').status).toBe('cancelled');
});

/** `a` is in review, `b` depends on it, and the review `r0` is held under fence 2. */
function inReview(round: number, approvals: number, policy: 'block' | 'cancel' = 'block') {
  const reviews = Array.from({ length: approvals }, (_, at) => `r${at}`);
  const requested = reviewRequested('a', reviews, { sessionId: 'a' });
  const of = { task_id: 'a', session_id: 'a', round, role: 'reviewer', not_for: [AGENT] };
  return given(
    opened('a'),
    queued('a', { sessionId: 'a', review: { role: 'reviewer', approvals } }),
    opened('b', 2),
    blocked('b', ['a'], { sessionId: 'b', number: 2, on_dependency_failure: policy }),
    claimed('a', { sessionId: 'a' }),
    { ...requested, payload: { ...requested.payload, round } } as Said,
    ...reviews.flatMap((id) => [opened(id), queued(id, { sessionId: id, review_of: of })]),
    claimed('r0', { sessionId: 'r0', agent: OTHER_AGENT, fence: 2 }),
  );
}

function verdict(fence: number, outcome: string, more: object = {}) {
  return { items: [{ token: tokenOf(fence), outcome, ...more }] };
}

test('a blocked task can be cancelled; retried, it waits for what is still open', () => {
  const store = given(...A, ...WAITING, cancelledWaiting('b', 'b'), sessionClosed('b', 'task_ended'))
    .when(retry, { taskId: 'b' })
    .then([opened('b', 2), event('task.retried', { open_dependencies: 1 }, { sessionId: 'b', taskId: 'b' })]);

  expect(store.task('b').status).toBe('blocked');
});
