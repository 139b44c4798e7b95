// What an event does to its session and its task:
// - a session that is opened is new and empty; one that is opened again keeps all it had
// - a task that is queued has what the event says, and its place in the queue from its time
// - a grant fills the lease's columns from the event, and its end empties them
// - each end of a task leaves what it came to, and each other event only what it is about
// - the count of open tasks follows
// - times are those of the log
// - a stored event alone is enough: its payload is decoded
// - columns that are said to be fixed never move
// Imported events are in evolve-imported.test.ts; what it refuses stands in refusals.test.ts.
import { expect, test } from 'vitest';
import { canonicalize } from '../../src/log/canonical.ts';
import { evolve } from '../../src/log/evolve.ts';
import { NO_QUESTION } from '../../src/model/question.ts';
import { NO_REVIEW } from '../../src/model/review.ts';
import { FIXED_SESSION_FIELDS } from '../../src/model/session.ts';
import { MOVING_TASK_FIELDS, type Task } from '../../src/model/task.ts';
import { forEachText, textsForEvent } from '../../src/model/task-texts.ts';
import { tokenHash } from '../../src/model/token.ts';
import {
  asked,
  AGENT,
  cancelAsked,
  cancelledWaiting,
  checkpointed,
  claimed,
  ended,
  event,
  givenBack,
  NOW,
  opened,
  PROCESS,
  queued,
  recovered,
  refused,
  sessionClosed,
  STALE_AFTER_MS,
  succeeded,
  takenOver,
  tokenOf,
  TTL_MS,
} from '../support/events.ts';
import { given } from '../support/given.ts';

const NO_LEASE = {
  agent: null,
  instance: null,
  host: null,
  boot: null,
  pid: null,
  processStart: null,
  processGroup: null,
  fence: null,
  tokenHash: null,
  ttlMs: null,
  staleAfterMs: null,
  leaseExpiresAt: null,
  heartbeatAt: null,
  staleAt: null,
  progress: null,
  taskId: null,
};

const HELD = [opened(), queued('a'), claimed('a')];

test('a session that is opened is new and empty', () => {
  const store = given({ ...opened('s', 7), at: NOW + 5 });

  expect(store.session('s')).toEqual({
    namespace: 'default',
    id: 's',
    number: 7,
    status: 'idle',
    ...NO_LEASE,
    renewals: 0,
    nearMisses: 0,
    lastNearMissAt: null,
    context: null,
    tasksOpen: 0,
    seq: 1,
    hash: store.log[0]?.hash,
    version: 0,
    createdAt: NOW + 5,
    updatedAt: NOW + 5,
  });
});

test('a session that is opened again keeps all it had', () => {
  const before = given(...HELD, checkpointed('a', 3), succeeded('a'), sessionClosed('s', 'requested'));

  const after = before.and({ ...opened(), at: NOW + 5 });

  const stamp = { seq: 7, hash: after.log.at(-1)?.hash, updatedAt: NOW + 5 };
  expect(after.session('s')).toEqual({ ...before.session('s'), ...stamp, status: 'idle' });
});

test('an imported session begins with its context', () => {
  const context = { turn: 3, last_action: null, next_action: 'b', memory_ref: null, hash: 'h', data: { z: 1, a: 2 } };

  const { log } = given();
  const store = given(event('session.opened', { number: 1, context }));

  expect(log).toEqual([]);
  expect(store.session('s').context).toBe(canonicalize(context));
});

test('a task that is queued has what the event says', () => {
  const texts = forEachText((name) => `its ${name}`);
  const said = { kind: 'build', title: 'Build', payload: { z: 1, a: 2 }, priority: 3, dedupe_key: 'k' };
  const limits = { attempts_max: 2, interruptions_max: 3, backoff_ms: 4 };

  const store = given(
    opened(),
    queued('a', { ...said, ...textsForEvent(texts), ...limits, number: 9, assignee: AGENT, role: null, at: NOW + 5 }),
  );

  expect(store.task('a')).toEqual({
    namespace: 'default',
    id: 'a',
    number: 9,
    sessionId: 's',
    kind: 'build',
    title: 'Build',
    payload: '{"a":2,"z":1}',
    priority: 3,
    status: 'queued',
    dedupeKey: 'k',
    runAt: null,
    delayedAt: null,
    queuedAt: NOW + 5,
    attempt: 0,
    attemptsMax: 2,
    interruptions: 0,
    interruptionsMax: 3,
    backoffMs: 4,
    assignee: AGENT,
    role: null,
    ...texts,
    note: null,
    cancelRequestedAt: null,
    result: null,
    error: null,
    createdAt: NOW + 5,
    startedAt: null,
    finishedAt: null,
    handedOffBy: null,
    handedOffAt: null,
    returnAt: null,
    returnedFrom: null,
    ...NO_REVIEW,
    version: 0,
    dedupeWhile: null,
    ...NO_QUESTION,
    openDependencies: null,
    onDependencyFailure: null,
    parentId: null,
  });
});

test('a task may hold its dedupe key until it ends', () => {
  const store = given(opened(), queued('a', { dedupe_key: 'k', dedupe_while: 'open' }));

  expect(store.task('a')).toMatchObject({ dedupeKey: 'k', dedupeWhile: 'open' });
});

test.each([
  ['a time to come', NOW + 50, NOW + 50],
  ['a time that has passed', NOW - 50, NOW],
])(
  'a task that has %s is scheduled, and its place in the queue is from the later of the two times',
  (_w, runAt, queuedAt) => {
    const store = given(opened(), queued('a', { run_at: runAt, role: 'tester' }));

    expect(store.task('a')).toMatchObject({ status: 'scheduled', runAt, queuedAt, createdAt: NOW, role: 'tester' });
  },
);

test("a grant fills the lease's columns from the event, and the task runs", () => {
  const lease = { agent: AGENT, instance: 'run-1', fence: 12, process: PROCESS, group: 0, at: NOW + 5 };
  const store = given(opened(), queued('a'), claimed('a', lease));

  expect(store.session('s')).toMatchObject({
    status: 'running',
    agent: AGENT,
    instance: 'run-1',
    host: PROCESS.host,
    boot: PROCESS.boot,
    pid: PROCESS.pid,
    processStart: PROCESS.start,
    processGroup: 0,
    fence: 12,
    tokenHash: tokenHash(tokenOf(12)),
    ttlMs: TTL_MS,
    staleAfterMs: STALE_AFTER_MS,
    leaseExpiresAt: NOW + 5 + TTL_MS,
    heartbeatAt: NOW + 5,
    staleAt: NOW + 5 + STALE_AFTER_MS,
    progress: null,
    taskId: 'a',
    tasksOpen: 1,
    updatedAt: NOW + 5,
  });
  expect(store.task('a')).toMatchObject({ status: 'running', attempt: 1, startedAt: NOW + 5, finishedAt: null });
});

test('a lease of which no process group is told has none', () => {
  expect(given(...HELD).session('s').processGroup).toBeNull();
});

test('a lease is never stale before it expires', () => {
  const { staleAt } = given(opened(), queued('a'), claimed('a', { staleAfterMs: 1_000 })).session('s');

  expect(staleAt).toBe(NOW + TTL_MS);
});

const error = { message: 'no' };

test.each([
  [
    'succeeds',
    ended('task.succeeded', 'a', { outcome: 'succeeded', result: [1] }),
    { status: 'succeeded', result: '[1]', attempt: 1, finishedAt: NOW },
    0,
  ],
  ['succeeds without a result', succeeded('a'), { status: 'succeeded', result: null }, 0],
  [
    'fails for good',
    ended('task.failed', 'a', { outcome: 'failed', error, run_at: null }),
    { status: 'failed', error: '{"message":"no"}', attempt: 1, finishedAt: NOW },
    0,
  ],
  [
    'is tried again later',
    ended('task.failed', 'a', { outcome: 'failed', error, run_at: NOW + 9 }),
    { status: 'scheduled', error: '{"message":"no"}', attempt: 1, runAt: NOW + 9, queuedAt: NOW + 9, finishedAt: null },
    1,
  ],
  [
    'is given back',
    ended('task.released', 'a', { outcome: 'released', note: 'n' }),
    { status: 'queued', attempt: 0, note: 'n', queuedAt: NOW, finishedAt: null },
    1,
  ],
  [
    'is handed off',
    ended('task.handed_off', 'a', { outcome: 'handed_off', assignee: null, role: 'r', note: 'n' }),
    {
      status: 'queued',
      attempt: 0,
      note: 'n',
      assignee: null,
      role: 'r',
    },
    1,
  ],
  ['waits for an answer', asked('a'), { status: 'waiting', attempt: 0, queuedAt: NOW, question: 'which?' }, 1],
  [
    'is cancelled',
    ended('task.cancelled', 'a', { outcome: 'cancelled', error }),
    { status: 'cancelled', attempt: 0, error: '{"message":"no"}', finishedAt: NOW },
    0,
  ],
  ['is recovered', recovered('a', 'stale'), { status: 'queued', attempt: 0, interruptions: 1, queuedAt: NOW }, 1],
  ['is taken over', takenOver('a', 'expired'), { status: 'queued', attempt: 0, interruptions: 1 }, 1],
])('a lease ends when its task %s', (_how, end, task, tasksOpen) => {
  const store = given(...HELD, end);

  expect(store.task('a')).toMatchObject(task);
  expect(store.session('s')).toMatchObject({ ...NO_LEASE, status: 'idle', tasksOpen });
});

test('a task that succeeds after a failed attempt has no error any more', () => {
  const first = [claimed('a'), ended('task.failed', 'a', { outcome: 'failed', error, run_at: NOW })];

  const store = given(opened(), queued('a'), ...first, claimed('a', { fence: 2 }), succeeded('a', { fence: 2 }));

  expect(store.task('a')).toMatchObject({ status: 'succeeded', attempt: 2, error: null });
});

test('a task that was taken from its holder can end at once, and no attempt is charged', () => {
  const end = event('task.failed', { outcome: null, error, run_at: null }, { taskId: 'a' });

  const dead = given(...HELD, recovered('a', 'stale'), { ...end, at: NOW + 5 });
  const cancelled = given(...HELD, recovered('a', 'stale'), { ...cancelledWaiting('a'), at: NOW + 5 });

  expect(dead.task('a')).toMatchObject({ status: 'failed', attempt: 0, finishedAt: NOW + 5 });
  expect(cancelled.task('a')).toMatchObject({ status: 'cancelled', attempt: 0, error: null, finishedAt: NOW + 5 });
  expect(dead.session('s').tasksOpen).toBe(0);
});

test('the count of open tasks follows', () => {
  const store = given(opened(), queued('a'), queued('b', { number: 2 }), queued('c', { number: 3, run_at: NOW + 5 }));

  expect(store.session('s').tasksOpen).toBe(3);
  expect(store.and(claimed('a')).session('s').tasksOpen).toBe(3);
  expect(store.and(cancelledWaiting('b')).session('s').tasksOpen).toBe(2);
  expect(
    store
      .and(cancelledWaiting('b'))
      .and(event('task.retried', {}, { taskId: 'b' }))
      .session('s').tasksOpen,
  ).toBe(3);
});

test('a checkpoint saves the context as it was hashed, and moves nothing of the task', () => {
  const before = given(...HELD);

  const after = before.and({ ...checkpointed('a', 3), at: NOW + 5 });

  const stamp = { seq: 4, hash: after.log.at(-1)?.hash, updatedAt: NOW + 5 };
  expect(after.session('s')).toEqual({ ...before.session('s'), ...stamp, context: after.log.at(-1)?.payload });
  expect(after.task('a')).toEqual(before.task('a'));
});

test('a requested cancellation is recorded in the task, and the lease continues', () => {
  const before = given(...HELD);

  const after = before.and({ ...cancelAsked('a'), at: NOW + 5 });

  expect(after.task('a')).toEqual({ ...before.task('a'), cancelRequestedAt: NOW + 5 });
  expect(after.session('s')).toMatchObject({ status: 'running', fence: 1, tasksOpen: 1 });
});

test('a clock jump starts the deadlines anew', () => {
  const jumped = event('clock.jumped', { by_ms: 9, expires_at: NOW + 70_000 }, { fence: 1 });

  expect(given(...HELD, jumped).session('s')).toMatchObject({
    leaseExpiresAt: NOW + 70_000,
    heartbeatAt: NOW + 70_000 - TTL_MS,
    staleAt: NOW + 70_000 - TTL_MS + STALE_AFTER_MS,
    fence: 1,
  });
});

test.each([
  ['a refusal', refused({ operation: 'heartbeat', ended_by: 'task.succeeded', ended_at: NOW })],
  ['an event of an older log', event('legacy.event', { word: 'x' })],
])('%s moves nothing but the end of the chain, in a session that is closed as well', (_what, one) => {
  const open = given(...HELD, succeeded('a'));
  const closed = open.and(sessionClosed('s', 'requested'));

  for (const before of [open, closed]) {
    const after = before.and({ ...one, at: NOW + 5 });
    const stamp = { seq: after.log.length, hash: after.log.at(-1)?.hash, updatedAt: NOW + 5 };
    expect(after.session('s')).toEqual({ ...before.session('s'), ...stamp });
    expect(after.task('a')).toEqual(before.task('a'));
  }
});

test('a stored event alone is enough: its payload is decoded', () => {
  const before = given(opened(), queued('a'));
  const after = before.and(claimed('a'));
  const { id: _id, ...stored } = after.log.at(-1) as (typeof after.log)[number];

  const state = evolve({ session: before.session('s'), task: before.task('a') }, stored);

  expect(state).toEqual({ session: after.session('s'), task: after.task('a') });
});

test('an event about no task answers no task', () => {
  const before = given(...HELD, givenBack('a'), cancelledWaiting('a'));
  const { id: _id, ...stored } = before.and(sessionClosed('s', 'requested')).log.at(-1) as (typeof before.log)[number];

  expect(evolve({ session: before.session('s'), task: before.task('a') }, stored).task).toBeNull();
});

test('columns that are said to be fixed never move', () => {
  const life = [claimed('a'), checkpointed('a', 1), cancelAsked('a'), recovered('a', 'stale'), cancelledWaiting('a')];
  const before = given(opened(), queued('a', { dedupe_key: 'k', run_at: NOW + 5 }));

  const after = life.reduce((store, one) => store.and({ ...one, at: NOW + 9 }), before);

  const moving: readonly string[] = MOVING_TASK_FIELDS;
  const fixed = Object.keys(before.task('a')).filter((column) => !moving.includes(column)) as (keyof Task)[];
  for (const column of fixed) expect(after.task('a')[column]).toBe(before.task('a')[column]);
  for (const column of FIXED_SESSION_FIELDS) expect(after.session('s')[column]).toBe(before.session('s')[column]);
  expect(fixed).toContain('payload');
});
