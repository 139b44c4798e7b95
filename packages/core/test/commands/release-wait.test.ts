// What a release does with the outcome `waiting` that names other tasks:
// - the attempt ends uncharged, the lease is over, the context stays; the tasks are dependencies from then on
// - the last of them that ends as the policy asks queues the task again, in its old place
// - those that have ended before are not waited for: if all have, the task is back in the queue at once
// - under `cancel`, one that has failed cancels the task; one of its own ends its session
// - with a question, the task waits for both, in whichever order they come
// - a task that does not exist is refused, and so is a cycle, however long, in one step or in several
// - what the awaited tasks wait for is loaded and locked before it is decided
// - a task can be waited for again, and the policy of the task is the one that was asked for last
// - malformed input is refused
import { expect, test } from 'vitest';
import { answer, claim, release, retry, settle } from '../../src/commands/index.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { NO_LEASE } from '../../src/model/session.ts';
import {
  AGENT,
  answered,
  asked,
  blocked,
  cancelAsked,
  cancelledWaiting,
  checkpointed,
  claimed,
  dependencyEnded,
  ended,
  event,
  failed,
  NOW,
  opened,
  queued,
  SEED,
  succeeded,
  tokenOf,
  waiting,
  type Said,
} from '../support/events.ts';
import { commandIdAt, given, inputOf, refusal } from '../support/given.ts';

/** A task in a session of its own, with the number as its fence. */
const alone = (id: string, number: number, said: object = {}): Said[] => [
  opened(id, number),
  queued(id, { sessionId: id, number, ...said }),
];
const of = (id: string, fence: number) => ({ sessionId: id, fence });
const held = (id: string, number: number): Said[] => [...alone(id, number), claimed(id, of(id, number))];
const done = (id: string, number: number): Said[] => [...held(id, number), succeeded(id, of(id, number))];
const dead = (id: string, number: number): Said[] => [...held(id, number), failed(id, null, of(id, number))];

const HELD = [opened('s', 1, { at: NOW - 9 }), queued('a', { at: NOW - 9 }), claimed('a')];

const call = (on: readonly string[], more: object = {}, fence = 1) => ({
  items: [{ token: tokenOf(fence), outcome: 'waiting', on, ...more }],
});

test('the attempt ends uncharged, the lease is over, the context stays, and the tasks are dependencies', () => {
  const { store, writes } = given(...HELD, ...alone('b', 2), ...alone('c', 3), checkpointed('a', 1)).when(
    release,
    call(['b', 'c', 'b']),
  );

  expect(writes.events.map(({ type }) => type)).toEqual(['task.waiting']);
  expect(writes.reply).toMatchObject({
    reply: { items: [{ ok: true, taskId: 'a', status: 'waiting', runAt: null, repeated: false }] },
  });
  expect(store.task('a')).toMatchObject({
    status: 'waiting',
    attempt: 0,
    queuedAt: NOW - 9,
    question: null,
    openDependencies: 2,
    onDependencyFailure: 'block',
  });
  expect(store.session('s')).toMatchObject({ ...NO_LEASE, status: 'idle', tasksOpen: 1 });
  expect(store.session('s').context).toContain('do 2');
  const edge = { namespace: 'default', taskId: 'a', onDependencyFailure: 'block', ended: null };
  expect(writes.dependencies).toEqual([
    { before: null, after: { ...edge, dependencyId: 'b' } },
    { before: null, after: { ...edge, dependencyId: 'c' } },
  ]);
});

test('the last one that ends queues it again in its old place, at once though it was scheduled', () => {
  const early = { at: NOW - 9, run_at: NOW - 5, delay_ms: 4 };
  const before = given(opened('s', 1, { at: NOW - 9 }), queued('a', early), claimed('a'), ...alone('b', 2));
  const { store } = before.when(release, call(['b']));
  const after = [claimed('b', of('b', 2)), succeeded('b', of('b', 2))].reduce((rows, event) => rows.and(event), store);

  const settled = after
    .when(settle, {})
    .then([dependencyEnded('a', 'b', { seq: 4, open_dependencies: 0, run_at: null })], { more: false });

  expect(settled.task('a')).toMatchObject({ status: 'queued', queuedAt: NOW - 5, delayedAt: null });
  expect(settled.after(1).when(claim, { agent: AGENT, sessionId: 's' }).reply).toMatchObject({
    claims: [{ task: { id: 'a' } }],
  });
});

test.each([
  ['run', 'failed', 'queued'],
  ['cancel', 'failed', 'cancelled'],
  ['block', 'failed', 'waiting'],
] as const)('under %s, one that %s leaves it %s', (policy, how, status) => {
  const { store } = given(...held('a', 1), ...held('b', 2)).when(release, call(['b'], { onDependencyFailure: policy }));
  const after = store.and(failed('b', null, of('b', 2))).when(settle, {}).store;

  expect([how, after.task('a').status]).toEqual(['failed', status]);
  expect(after.session('a').status).toBe(status === 'cancelled' ? 'closed' : 'idle');
});

test('a task that has ended is not waited for: if all have, it is queued at once, and not claimed in that step', () => {
  const rows = given(...HELD, ...done('b', 2));
  const next = { claimNext: { agent: AGENT }, seed: SEED };

  const { store, writes } = rows.when(release, { ...call(['b']), ...next });

  expect(writes.reply).toMatchObject({ reply: { items: [{ status: 'queued' }], next: [] } });
  expect(writes.dependencies).toMatchObject([{ after: { dependencyId: 'b', ended: 'succeeded' } }]);
  expect(store.task('a')).toMatchObject({ status: 'queued', attempt: 0, openDependencies: 0 });
});

test('one that has failed is not waited for under run, and cancels the task under cancel', () => {
  const rows = given(...held('a', 1), ...dead('b', 2));
  const run = rows.when(release, call(['b'], { onDependencyFailure: 'run' }));
  const cancel = rows.when(release, call(['b'], { onDependencyFailure: 'cancel' }));

  expect(run.store.task('a').status).toBe('queued');
  expect(cancel.writes.events.map(({ type }) => type)).toEqual(['task.waiting', 'task.cancelled', 'session.closed']);
  expect(cancel.reply).toMatchObject({ items: [{ ok: true, status: 'cancelled' }] });
  expect(cancel.store.task('a').error).toContain('dependency_failed');
});

const ASK = { ask: { question: 'which?' } };

/** The same release again, by another command. */
const again = { commandId: commandIdAt(NOW, 2) };

test('a release that is repeated is answered as the first one: that the task was cancelled at once', () => {
  for (const more of [{}, ASK]) {
    const { items } = call(['b'], { onDependencyFailure: 'cancel', ...more });
    const { store } = given(...held('a', 1), ...dead('b', 2)).when(release, { items });

    expect(store.when(release, { items, ...again }).reply).toMatchObject({
      items: [{ ok: true, repeated: true, status: 'cancelled' }],
    });
  }
});

test.each([
  [['c', 'b', 'c'], {}, false],
  [['b', 'c'], { onDependencyFailure: 'run' }, false],
  [['b', 'c'], { onDependencyFailure: 'block' }, true],
  [['b'], {}, true],
])('of a repeated one the tasks count in any order, and the policy if it is given: %j %j', (on, more, isOther) => {
  const { store } = given(...HELD, ...alone('b', 2), ...alone('c', 3)).when(
    release,
    call(['c', 'b'], { onDependencyFailure: 'run' }),
  );

  const { items } = store.when(release, { ...call(on, more), ...again }).reply;

  expect(items).toMatchObject([{ ok: true, repeated: true }]);
  expect(items.some((item) => item?.ok && item.otherTerms === true)).toBe(isOther);
});

test('of a task that was to be cancelled, the repeated one has no policy to compare', () => {
  const item = call(['b'], { onDependencyFailure: 'run' });
  const { store } = given(...HELD, ...alone('b', 2), cancelAsked('a')).when(release, item);

  const { items } = store.when(release, { ...item, ...again }).reply;

  expect(items).toMatchObject([{ ok: true, repeated: true, status: 'cancelled' }]);
  expect(items[0]).not.toHaveProperty('otherTerms', true);
});

test('the holders of one batch wait for so many tasks together', () => {
  const on = Array.from({ length: LIMITS.dependencies_max }, (_, at) => `t${at}`);
  const batch = (size: number) => ({ items: Array.from({ length: size }, (_, at) => call(on, {}, at + 1).items[0]) });

  expect(inputOf(release, batch(10)).items).toHaveLength(10);
  expect(() => inputOf(release, batch(11))).toThrow(
    refusal('LIMIT_EXCEEDED', /11000 tasks together, and its limit is 10000/, 'items'),
  );
});

test('with a question it waits for both: the answer first', () => {
  const { store, writes } = given(...HELD, ...held('b', 2)).when(release, call(['b'], ASK));
  const { store: told } = store.after(1).when(answer, { taskId: 'a', answer: 'that one' });
  const { store: after } = told.and(succeeded('b', of('b', 2))).when(settle, {});

  expect(writes.events).toMatchObject([{ type: 'task.asked' }]);
  expect(told.task('a')).toMatchObject({ status: 'waiting', answer: 'that one', openDependencies: 1 });
  expect(told.after(2).when(answer, { taskId: 'a', answer: 'no' }).reply).toMatchObject({
    ok: false,
    reason: 'answered',
  });
  expect(after.task('a').status).toBe('queued');
});

test('with a question it waits for both: the tasks first', () => {
  const { store } = given(...HELD, ...held('b', 2)).when(release, call(['b'], ASK));
  const { store: told } = store.and(succeeded('b', of('b', 2))).when(settle, {});
  const { store: after } = told.after(1).when(answer, { taskId: 'a', answer: 'that one' });

  expect(told.task('a')).toMatchObject({ status: 'waiting', openDependencies: 0 });
  expect(after.task('a').status).toBe('queued');
});

test('a task that does not exist is refused', () => {
  expect(() => given(...HELD, ...alone('b', 2)).when(release, call(['b', 'z']))).toThrow(
    refusal('DEPENDENCY_NOT_FOUND', 'no task z', 'items[0].on[1]'),
  );
});

test.each([
  ['itself', [], ['a'], 'Task a waits for itself.'],
  ['one that waits for it', [opened('b', 2), blocked('b', ['a'], { sessionId: 'b', number: 2 })], ['b'], 'a → b → a'],
  [
    'one that waits for it through others, which were added later',
    [
      ...held('b', 2),
      ...held('c', 3),
      waiting('b', ['c'], { lease: of('b', 2) }),
      opened('d', 4),
      blocked('d', ['a', 'b'], { sessionId: 'd', number: 4 }),
      waiting('c', ['a'], { lease: of('c', 3) }),
    ],
    ['b'],
    'a → b → c → a',
  ],
  [
    'a cancelled one, which would wait for it if it were retried',
    [opened('b', 2), blocked('b', ['a'], { sessionId: 'b', number: 2 }), cancelledWaiting('b', 'b')],
    ['b'],
    'a → b → a',
  ],
] as const)('a task that waits for %s is refused', (_what, others, on, message) => {
  expect(() => given(...HELD, ...others).when(release, call(on))).toThrow(
    refusal('DEPENDENCY_CYCLE', message, 'items[0].on'),
  );
});

test('two holders cannot wait for each other in one step', () => {
  const items = [...call(['b'], {}, 1).items, ...call(['a'], {}, 2).items];

  expect(() => given(...held('a', 1), ...held('b', 2)).when(release, { items })).toThrow(
    refusal('DEPENDENCY_CYCLE', 'b → a → b', 'items[1].on'),
  );
});

test('what the awaited tasks wait for is asked for before it is decided', () => {
  const rows = given(...HELD, ...alone('c', 3), opened('b', 2), blocked('b', ['c'], { sessionId: 'b', number: 2 }));
  const input = inputOf(release, call(['b']));
  const loaded = rows.load(release.scope(input));

  expect(release.decide(input, loaded).needs).toMatchObject({ related: ['c'] });
  expect(rows.when(release, call(['b'])).store.task('a').status).toBe('waiting');
});

test('more than the limit are too many to look at', () => {
  const input = inputOf(release, call(['b']));
  const loaded = given(...HELD, ...alone('b', 2)).load(release.scope(input));
  const awaited = Array.from({ length: LIMITS.awaited_dependencies_max }, (_, at) => ({
    taskId: 'b',
    dependencyId: `t${at}`,
  }));

  expect(() => release.decide(input, { ...loaded, awaited })).toThrow(refusal('LIMIT_EXCEEDED', 'on names tasks'));
});

test('a task can be waited for again, under the policy that is asked for last', () => {
  const before = given(...held('a', 1), ...held('b', 2)).when(release, call(['b'], { onDependencyFailure: 'run' }));
  const again = before.store.and(failed('b', null, of('b', 2))).when(settle, {});
  const rows = [claimed('a', of('a', 3)), event('task.retried', {}, { taskId: 'b', sessionId: 'b' })].reduce(
    (store, one) => store.and(one),
    again.store,
  );

  const { store, writes } = rows.after(1).when(release, call(['b'], {}, 3));

  expect(store.task('a')).toMatchObject({ status: 'waiting', openDependencies: 1, onDependencyFailure: 'run' });
  expect(writes.dependencies).toMatchObject([{ before: null, after: { ended: null } }]);
});

test('a task whose cancellation was requested ends as cancelled, and waits for nothing', () => {
  const store = given(...HELD, ...alone('b', 2), cancelAsked('a'))
    .when(release, call(['b']))
    .then([ended('task.cancelled', 'a', { outcome: 'waiting', error: null })]);

  expect(store.task('a')).toMatchObject({ status: 'cancelled', openDependencies: null });
});

test('cancelled while it waits, and retried, it is blocked by what is still open', () => {
  const { store } = given(...HELD, ...alone('b', 2)).when(release, call(['b'], ASK));

  const after = store.and(cancelledWaiting('a')).after(1).when(retry, { taskId: 'a' }).store;

  expect(after.task('a')).toMatchObject({ status: 'blocked', openDependencies: 1, question: null, askedAt: null });
});

test('an answer to a task that waits only for others finds no question', () => {
  const { store } = given(...HELD, asked('a'), answered('a'), claimed('a', { fence: 2 }), ...alone('b', 3)).when(
    release,
    call(['b'], {}, 2),
  );

  expect(store.after(1).when(answer, { taskId: 'a', answer: 'x' }).reply).toMatchObject({
    ok: false,
    reason: 'answered',
  });
  expect(store.task('a')).toMatchObject({ status: 'waiting', question: 'which?', answer: 'that one' });
});

test.each([
  ['items[0].on', call([]), 'INVALID_INPUT', ''],
  ['items[0].on', call(Array.from({ length: LIMITS.dependencies_max + 1 }, (_, at) => `t${at}`)), 'LIMIT_EXCEEDED', ''],
  ['items[0].on', call(['b'], { outcome: 'released' }), 'INVALID_INPUT', 'only be given with waiting'],
  [
    'items[0].onDependencyFailure',
    { items: [{ token: tokenOf(1), outcome: 'waiting', ...ASK, onDependencyFailure: 'run' }] },
    'INVALID_INPUT',
    'only be given with on',
  ],
] as const)('a malformed %s is refused', (field, input, code, message) => {
  expect(() => inputOf(release, input)).toThrow(refusal(code, message, field));
});
