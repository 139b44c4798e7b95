// What events do to dependencies, and to the tasks that wait:
// - a task that waits for others is blocked, and has the number of those that are open
// - one that waits for none any more is queued in its old place, or scheduled if its time has not come
// - a delay that began by a clock that was ahead begins anew
// - a cancelled task stays cancelled, and waits for one task less
// - the rows of dependencies follow from the events alone
import { expect, test } from 'vitest';
import { dependenciesOf, dependencyEnded as rowChanges, openDependenciesOf } from '../../src/log/dependencies.ts';
import type { EventPayloads } from '../../src/log/events.ts';
import { isFulfilledBy, policiesToldOf } from '../../src/model/dependency.ts';
import { blocked, cancelledWaiting, dependencyEnded, event, NOW, opened, queued } from '../support/events.ts';
import { given } from '../support/given.ts';

test('a task that waits for others is blocked, and counts as open', () => {
  const store = given(opened(), blocked('a', ['d', 'e'], { dependencies_ended: { e: 'succeeded' } }));

  expect(store.task('a')).toMatchObject({ status: 'blocked', openDependencies: 1, onDependencyFailure: 'block' });
  expect(store.session('s').tasksOpen).toBe(1);
});

test('a task whose dependencies had all ended is queued at once', () => {
  const store = given(opened(), blocked('a', ['d'], { dependencies_ended: { d: 'succeeded' } }));

  expect(store.task('a')).toMatchObject({ status: 'queued', openDependencies: 0, onDependencyFailure: 'block' });
});

test('it is queued in its old place with the last one, and not before', () => {
  const before = given(opened(), blocked('a', ['d', 'e'], { at: NOW }));

  const one = before.and({ ...dependencyEnded('a', 'd', { open_dependencies: 1 }), at: NOW + 5 });
  const both = one.and({ ...dependencyEnded('a', 'e'), at: NOW + 9 });

  expect(one.task('a')).toMatchObject({ status: 'blocked', openDependencies: 1 });
  expect(both.task('a')).toMatchObject({ status: 'queued', openDependencies: 0, queuedAt: NOW });
});

test('it is scheduled if it has a time', () => {
  const store = given(opened(), blocked('a', ['d'], { run_at: NOW + 50, delay_ms: 50 }));

  expect(store.and(dependencyEnded('a', 'd', { run_at: NOW + 50 })).task('a')).toMatchObject({
    status: 'scheduled',
    runAt: NOW + 50,
    delayedAt: NOW,
    queuedAt: NOW + 50,
  });
});

test('a delay that began by a clock that was ahead begins anew', () => {
  const store = given(opened(), blocked('a', ['d'], { run_at: NOW + 90, delay_ms: 50 }));

  expect(store.and(dependencyEnded('a', 'd', { run_at: NOW + 50 })).task('a')).toMatchObject({
    runAt: NOW + 50,
    delayedAt: NOW,
    queuedAt: NOW + 50,
  });
});

test('a failed dependency of a task that waits for successes opens nothing', () => {
  const store = given(opened(), blocked('a', ['d'], { on_dependency_failure: 'cancel' }));

  const after = store.and(dependencyEnded('a', 'd', { status: 'failed', open_dependencies: 1 }));

  expect(after.task('a')).toMatchObject({ status: 'blocked', openDependencies: 1 });
});

test('a cancelled task stays so, waits for one task less, and is blocked again only by what is open', () => {
  const cancelled = given(opened(), blocked('a', ['d', 'e']), cancelledWaiting('a'));

  const told = cancelled.and(dependencyEnded('a', 'd', { open_dependencies: 1, after_end: true }));

  expect(told.task('a')).toMatchObject({ status: 'cancelled', openDependencies: 1 });
  const retried = told.and(event('task.retried', { open_dependencies: 1 }, { taskId: 'a' }));
  expect(retried.task('a')).toMatchObject({ status: 'blocked', openDependencies: 1 });
});

test('a part of another task says so', () => {
  expect(given(opened(), queued('a', { parent_id: 'p' })).task('a').parentId).toBe('p');
});

const task = { namespace: 'default', id: 'a' };
const payload = blocked('a', ['d', 'e'], { dependencies_ended: { e: 'failed' }, on_dependency_failure: 'run' })
  .payload as EventPayloads['task.queued'];

test('the rows of dependencies follow from the event that queued the task', () => {
  expect(dependenciesOf(task, payload)).toEqual([
    { namespace: 'default', taskId: 'a', dependencyId: 'd', onDependencyFailure: 'run', ended: null },
    { namespace: 'default', taskId: 'a', dependencyId: 'e', onDependencyFailure: 'run', ended: 'failed' },
  ]);
  expect(openDependenciesOf(payload)).toBe(1);
  expect(openDependenciesOf({})).toBeNull();
});

test.each([
  ['succeeded', 'block', true],
  ['succeeded', 'cancel', true],
  ['failed', 'block', false],
  ['cancelled', 'cancel', false],
  ['failed', 'run', true],
  ['cancelled', 'run', true],
] as const)('a dependency that %s lets a task continue under %s: %s', (status, policy, goesOn) => {
  const ended = dependencyEnded('a', 'd', { status }).payload as EventPayloads['task.dependency_ended'];
  const waiting = { ...task, onDependencyFailure: policy };

  expect(isFulfilledBy(status, policy)).toBe(goesOn);
  expect(rowChanges(waiting, ended).map(({ after }) => after.ended)).toEqual(goesOn ? [status] : []);
  // Under `block` there is nothing to tell of a failure; under `cancel` there is.
  expect(policiesToldOf(status).includes(policy)).toBe(goesOn || policy === 'cancel');
});
