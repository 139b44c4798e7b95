// What is due by time alone, and is done before a command that settles:
// - a handed-off task that was not claimed in time goes back to its sender, at that time and not before
// - several go back by time, then by id, in whichever order they were found
// - it is done in pages of two hundred, until one is not full
// - a claim, of any session or of one, and a recovery let it run first; other commands do not
// - a task whose dependencies have ended is told so, once, and continues as its policy asks
// - they save nothing then, and are decided the next time, whatever is due
// - a command that had its effect before is answered again
import { expect, test } from 'vitest';
import { claim, close, recover, release, settle } from '../../src/commands/index.ts';
import { execute } from '../../src/commands/execute.ts';
import {
  AGENT,
  blocked,
  cancelledWaiting,
  claimed,
  dependencyEnded,
  failed,
  handedBack,
  handedOff,
  NOW,
  OTHER_AGENT,
  opened,
  queued,
  succeeded,
  tokenOf,
  type Said,
} from '../support/events.ts';
import { given, inputOf } from '../support/given.ts';

const BY_MS = 60_000;

/** A task in a session of its own, handed off for so long. */
function handedOffFor(byMs: number, taskId = 'a', fence = 1): Said[] {
  const lease = { sessionId: taskId, fence };
  return [
    opened(taskId, fence),
    queued(taskId, { sessionId: taskId, number: fence }),
    claimed(taskId, lease),
    handedOff(taskId, { agent: OTHER_AGENT }, lease, byMs),
  ];
}

const backOf = (taskId = 'a', byMs = BY_MS) =>
  handedBack(taskId, `agent:${OTHER_AGENT}`, NOW + byMs, { sessionId: taskId });

const LATE = given(...handedOffFor(BY_MS)).after(BY_MS);

test('it goes back to the agent that handed it off', () => {
  const store = LATE.when(settle, {}).then([backOf()], { more: false });

  expect(store.task('a')).toMatchObject({
    status: 'queued',
    assignee: AGENT,
    role: null,
    handedOffBy: AGENT,
    handedOffAt: NOW,
    returnAt: null,
    returnedFrom: `agent:${OTHER_AGENT}`,
  });
});

test('one that was for a role does, too', () => {
  const lease = { sessionId: 'a' };
  const store = given(
    opened('a'),
    queued('a', { sessionId: 'a' }),
    claimed('a', lease),
    handedOff('a', { role: 'reviewer' }, lease, BY_MS),
  ).after(BY_MS);

  store.when(settle, {}).then([handedBack('a', 'role:reviewer', NOW + BY_MS, { sessionId: 'a' })]);
});

test.each([
  ['before its time', given(...handedOffFor(BY_MS)).after(BY_MS - 1)],
  ['once it was claimed', given(...handedOffFor(BY_MS), claimed('a', { sessionId: 'a', fence: 2 })).after(BY_MS)],
  ['twice', LATE.when(settle, {}).store],
])('nothing goes back %s', (_when, store) => {
  store.when(settle, {}).then([], { more: false });
});

test('what is not due is left alone, even if it is shown', () => {
  const store = given(...handedOffFor(BY_MS));
  const loaded = store.load({ by: 'task', namespace: 'default', taskId: 'a' });

  expect(settle.decide({ namespace: 'default' }, loaded).events).toEqual([]);
});

test('several go back by time, then by id', () => {
  const store = given(
    ...handedOffFor(2, 'b', 1),
    ...handedOffFor(3, 'a', 2),
    ...handedOffFor(2, 'c', 3),
    ...handedOffFor(1, 'd', 4),
  ).after(3);
  const loaded = store.load(settle.scope({ namespace: 'default' }));
  const found = { ...loaded, tasks: loaded.tasks.toReversed() };

  const { events } = execute(settle, { namespace: 'default' }, '', found);

  expect(events.map(({ taskId }) => taskId)).toEqual(['d', 'b', 'c', 'a']);
});

test('it is done in pages of two hundred', () => {
  const all = Array.from({ length: 201 }, (_, at) => handedOffFor(1, `t${at}`, at + 1)).flat();

  const first = given(...all)
    .after(1)
    .when(settle, {});
  const second = first.store.when(settle, {});

  expect([first.reply, second.reply]).toEqual([{ more: true }, { more: false }]);
  expect([first, second].map(({ writes }) => writes.events.length)).toEqual([200, 1]);
  expect(settle.scope(inputOf(settle, {}))).toEqual({ by: 'due', namespace: 'default', limit: 200 });
});

const CLAIM = inputOf(claim, { agent: AGENT }, NOW + BY_MS);
const CLAIM_IT = { ...CLAIM, sessionId: 'a' };

test.each([
  ['a claim', () => execute(claim, CLAIM, '', LATE.load(claim.scope(CLAIM)))],
  ['a claim of a session', () => execute(claim, CLAIM_IT, '', LATE.load(claim.scope(CLAIM_IT)))],
  [
    'a recovery',
    () => {
      const input = inputOf(recover, {}, NOW + BY_MS);
      return execute(recover, input, '', LATE.load(recover.scope(input)));
    },
  ],
])('%s lets it run first, and saves nothing', (_what, decide) => {
  expect(decide()).toMatchObject({ reply: { kind: 'due' }, sessions: [], tasks: [], events: [], receipt: null });
});

test.each([
  ['before anything is due', LATE.after(BY_MS - 1), false],
  ['once it has run', LATE, true],
])('%s a claim is decided', (_when, store, isSettled) => {
  const { reply } = execute(claim, CLAIM, '', store.load(claim.scope(CLAIM)), { isSettled });

  expect(reply).toMatchObject({ kind: 'reply' });
});

test('other commands are decided whatever is due', () => {
  expect(LATE.when(close, { sessionId: 'a', cancelTasks: true }).reply).toMatchObject({ ok: true, cancelled: 1 });
});

test('a release with claimNext is decided, whatever is due', () => {
  const store = given(...handedOffFor(BY_MS), opened('b', 2), queued('b', { sessionId: 'b', number: 2 }))
    .and(claimed('b', { sessionId: 'b', fence: 2 }))
    .after(BY_MS);

  const { reply } = store.when(release, {
    items: [{ token: tokenOf(2), outcome: 'released' }],
    claimNext: { agent: OTHER_AGENT },
  });

  expect(reply).toMatchObject({ ok: true });
});

test('a claim that had its effect before is answered again', () => {
  const other = given(...handedOffFor(BY_MS), opened('b', 2), queued('b', { sessionId: 'b', number: 2 }));
  const first = other.when(claim, { agent: AGENT });

  const again = first.store
    .after(BY_MS)
    .when(claim, { agent: AGENT, commandId: inputOf(claim, { agent: AGENT }).commandId });

  expect(again.reply).toMatchObject({ ok: true, claims: [{ task: { id: 'b' } }] });
});

/** A task that ended, and how. */
function ended(taskId: string, how: 'succeeded' | 'failed' | 'cancelled', fence: number): Said[] {
  const lease = { sessionId: taskId, fence };
  const before = [opened(taskId, fence), queued(taskId, { sessionId: taskId, number: fence })];
  if (how === 'cancelled') return [...before, cancelledWaiting(taskId, taskId)];
  return [
    ...before,
    claimed(taskId, lease),
    how === 'succeeded' ? succeeded(taskId, lease) : failed(taskId, null, lease),
  ];
}

const waiting = (policy: 'block' | 'cancel' | 'run', ...dependsOn: string[]): Said[] => [
  opened('w', 50),
  blocked('w', dependsOn, { sessionId: 'w', number: 50, on_dependency_failure: policy }),
];

test('a task is told of each dependency that has ended, and queued with the last one', () => {
  const store = given(...ended('a', 'succeeded', 1), ...ended('b', 'succeeded', 2), ...waiting('block', 'a', 'b'))
    .when(settle, {})
    .then(
      [
        dependencyEnded('w', 'a', { seq: 4, open_dependencies: 1 }, 'w'),
        dependencyEnded('w', 'b', { seq: 4, open_dependencies: 0 }, 'w'),
      ],
      { more: false },
    );

  expect(store.task('w')).toMatchObject({ status: 'queued', openDependencies: 0 });
  expect(store.when(settle, {}).writes.events).toEqual([]);
});

test('the rows of what was told are deleted, and the dependency is fulfilled', () => {
  const { writes } = given(...ended('a', 'succeeded', 1), ...waiting('block', 'a')).when(settle, {});

  const key = { namespace: 'default', taskId: 'w', dependencyId: 'a' };
  expect(writes.settledEnds).toEqual([{ ...key, seq: 4, status: 'succeeded' }]);
  expect(writes.dependencies).toMatchObject([
    { before: { ...key, ended: null }, after: { ...key, ended: 'succeeded' } },
  ]);
});

test.each([
  ['run', 'failed', 'queued'],
  ['run', 'cancelled', 'queued'],
  ['cancel', 'failed', 'cancelled'],
  ['cancel', 'cancelled', 'cancelled'],
  ['block', 'failed', 'blocked'],
] as const)('under %s, a dependency that %s leaves the task %s', (policy, how, status) => {
  const { store } = given(...ended('a', how, 1), ...waiting(policy, 'a')).when(settle, {});

  expect(store.task('w').status).toBe(status);
  expect(store.session('w').status).toBe(status === 'cancelled' ? 'closed' : 'idle');
});

test('a task that is cancelled so tells those that depend on it, and there is more', () => {
  const { writes } = given(
    ...ended('a', 'failed', 1),
    ...waiting('cancel', 'a'),
    opened('x', 60),
    blocked('x', ['w'], { sessionId: 'x', number: 60 }),
  ).when(settle, {});

  expect(writes.endedDependencies).toMatchObject([{ dependencyId: 'w', status: 'cancelled' }]);
  expect(writes.reply).toMatchObject({ reply: { more: true } });
});

test('a dependency that ended twice is fulfilled once', () => {
  const store = given(...ended('a', 'failed', 1), ...waiting('run', 'a', 'b'));
  const loaded = store.load(settle.scope({ namespace: 'default' }));
  const [end] = loaded.dependencyEnds ?? [];
  if (end === undefined) throw new Error('there is no end');

  const { events, settledEnds } = settle.decide(
    { namespace: 'default' },
    { ...loaded, dependencyEnds: [end, { ...end, seq: 9 }, { ...end, seq: 10, isOpen: false }] },
  );

  expect(events).toHaveLength(1);
  expect(settledEnds).toHaveLength(3);
});

test('a delay that began by a clock that was ahead is not longer than was asked for', () => {
  const store = given(
    ...ended('a', 'succeeded', 1),
    opened('w', 50),
    blocked('w', ['a'], { sessionId: 'w', number: 50, run_at: NOW + 90_000, delay_ms: 10_000 }),
  );

  expect(store.when(settle, {}).store.task('w')).toMatchObject({ status: 'scheduled', runAt: NOW + 10_000 });
});

test('a claim lets it run first where a dependency has ended', () => {
  const store = given(...ended('a', 'succeeded', 1), ...waiting('block', 'a'));

  expect(store.when(claim, { agent: AGENT }).writes).toMatchObject({ reply: { kind: 'due' }, events: [] });
});
