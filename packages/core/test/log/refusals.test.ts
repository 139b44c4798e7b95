// What evolve refuses, because the log or the rules would be broken.
// Commands never write this; a log that was tampered with may contain it:
// - an event of a session that was never opened, or of a task that was never queued, and either of them twice
// - a second grant while a lease is open
// - anything under a fence that is not that of the current lease
// - closing a session in which a task is open, and new work in one that is closed
// - an event that does not name its task, or does not say what it does to the lease
// - every move of a task that the table of transitions does not have
// - every move of a task whose row has a status that does not exist: then it is the row that is damaged
import { expect, test } from 'vitest';
import { chained } from '../../src/log/chain.ts';
import { evolve } from '../../src/log/evolve.ts';
import { TASK_TRANSITIONS } from '../../src/log/lifecycle.ts';
import { TASK_STATUS_NAMES } from '../../src/model/statuses.ts';
import type { Task } from '../../src/model/task.ts';
import {
  AGENT,
  answered,
  asked,
  approved,
  blocked,
  cancelAsked,
  cancelledWaiting,
  changesRequested,
  checkpointed,
  claimed,
  dependencyEnded,
  ended,
  event,
  failed,
  givenBack,
  handedBack,
  handedOff,
  NOW,
  opened,
  queued,
  recovered,
  refused,
  rescheduled,
  reviewRequested,
  sessionClosed,
  succeeded,
  takenOver,
  waiting,
  type Said,
} from '../support/events.ts';
import { given, refusal } from '../support/given.ts';

const QUEUED = [opened(), queued('a')];
const HELD = [...QUEUED, claimed('a')];
const DONE = [...HELD, succeeded('a')];
const CLOSED = [...DONE, sessionClosed('s', 'requested')];

const REFUSED = refused({ operation: 'heartbeat', ended_by: 'task.succeeded', ended_at: NOW });

function withoutTask({ taskId: _taskId, ...said }: Said): Said {
  return said;
}

function withoutEffect({ leaseEffect: _effect, ...said }: Said): Said {
  return said;
}

function cancelledB(fence: number): Said {
  return ended('task.cancelled', 'b', { outcome: 'cancelled', error: null }, { fence });
}

/** A jump of the clock, for the lease with this fence. */
function jumped(fence?: number): Said {
  return event('clock.jumped', { by_ms: 1, expires_at: NOW }, fence === undefined ? {} : { fence });
}

test.each<[string, Said[], Said, string]>([
  ['a session that was never opened', [], queued('a'), 'its session was never opened'],
  ['a session that is opened twice', [opened()], opened(), 'its session is open'],
  ['a session that is opened while it is held', HELD, opened(), 'its session is open'],
  ['a task that was never queued', [opened()], claimed('a'), 'its task was never queued'],
  ['a task that was queued before', QUEUED, queued('a'), 'its task was queued before'],
  ['a task that is queued without an id', [opened()], withoutTask(queued('a')), 'it names no task'],
  ['a grant that names no task', QUEUED, withoutTask(claimed('a')), 'it names no task'],
  ['a checkpoint that names no task', HELD, withoutTask(checkpointed('a', 1)), 'it names no task'],
  ['a grant that does not say so', QUEUED, withoutEffect(claimed('a')), 'its lease effect is null and not granted'],
  ['a refusal that does not say so', HELD, withoutEffect(REFUSED), 'its lease effect is null and not refused'],
  ['an end of a task that does not end its lease', HELD, withoutEffect(succeeded('a')), 'is null and not ended'],
  ['a recovery that does not end the lease', HELD, withoutEffect(recovered('a', 'stale')), 'is null and not ended'],
  [
    'a checkpoint that ends the lease',
    HELD,
    { ...checkpointed('a', 1), leaseEffect: 'ended' },
    'is ended and not null',
  ],
  ['a task that waits and ends the lease of another', [...HELD, queued('b')], cancelledB(1), 'is ended and not null'],
  [
    'a task that waits and ends no lease',
    QUEUED,
    { ...cancelledWaiting('a'), leaseEffect: 'ended' },
    'is ended and not null',
  ],
  ['a dependency of a task that has none', QUEUED, dependencyEnded('a', 'd'), 'it counts the open dependencies wrong'],
  [
    'a count of dependencies that does not follow on the one before',
    [opened(), blocked('a', ['d', 'e'])],
    dependencyEnded('a', 'd'),
    'it counts the open dependencies wrong',
  ],
  [
    'a grant of a task that is blocked',
    [opened(), blocked('a', ['d'])],
    claimed('a'),
    'cannot go from blocked to running',
  ],
  [
    'an answer that counts the open dependencies wrong',
    [...HELD, asked('a')],
    event('task.answered', { answer: 'x', asked_at: NOW, open_dependencies: 1 }, { taskId: 'a' }),
    'it counts the open dependencies wrong',
  ],
  [
    'an end of a dependency that knows of no open question',
    [...HELD, waiting('a', ['d'])],
    dependencyEnded('a', 'd', { still_asks: true }),
    'it is wrong about an open question',
  ],
  ['a second grant while a lease is open', [...HELD, queued('b')], claimed('b', { fence: 2 }), 'its session is held'],
  ['a checkpoint under another fence', HELD, checkpointed('a', 1, { fence: 9 }), 'not that of the current lease'],
  ['a checkpoint that no agent may make', QUEUED, checkpointed('a', 1), 'not that of the current lease'],
  ['the end of another lease', HELD, succeeded('a', { fence: 9 }), 'its fence is not that of the current lease'],
  ['the end of a lease that was ended', DONE, succeeded('a'), 'its fence is not that of the current lease'],
  [
    'a recovery of another lease',
    HELD,
    recovered('a', 'stale', { lease: { fence: 9 } }),
    'not that of the current lease',
  ],
  ['new deadlines for another lease', HELD, jumped(9), 'not that of the current lease'],
  [
    'new deadlines where there is no lease',
    [opened()],
    { ...jumped(), fence: null } as unknown as Said,
    'its session is not held',
  ],
  ['closing a session in which a task waits', QUEUED, sessionClosed('s', 'requested'), 'tasks of its session are open'],
  ['closing a session in which a task runs', HELD, sessionClosed('s', 'requested'), 'tasks of its session are open'],
  ['closing a session twice', CLOSED, sessionClosed('s', 'requested'), 'its session is closed'],
  ['new work in a session that is closed', CLOSED, queued('b'), 'its session is closed'],
  ['a retry in a session that is closed', CLOSED, event('task.retried', {}, { taskId: 'a' }), 'its session is closed'],
  ['a return of a task that was not handed off', QUEUED, handedBack('a', 'role:r', NOW), 'its task does not wait'],
  [
    'a return of a task that was returned',
    [...HELD, handedOff('a', { role: 'r' }), handedBack('a', 'role:r', NOW)],
    handedBack('a', 'role:r', NOW),
    'its task does not wait',
  ],
  [
    'another time to return for a task that has none',
    QUEUED,
    event('task.return_rescheduled', { by_ms: -1, return_at: NOW, delay_ms: 1 }, { taskId: 'a' }),
    'its task does not wait',
  ],
  [
    'a reviewer that is kept from a task which is no review',
    QUEUED,
    event('task.reviewer_excluded', { reviewer: AGENT, review: 'r' }, { taskId: 'a' }),
    'its task is no review',
  ],
  [
    'a task that succeeded, again',
    DONE,
    claimed('a', { fence: 2 }),
    'a task cannot go from succeeded to running by it',
  ],
])('it refuses %s', (_what, before, one, why) => {
  const store = given(...before);

  expect(() => store.and(one)).toThrow(
    refusal('INTERNAL', `^${one.type} cannot be event ${before.length + 1} of session s: .*${why}.*\\.$`),
  );
});

test('a move of a task with a status that does not exist tells of the row', () => {
  const session = given(...QUEUED).session('s');
  const task = { ...given(...QUEUED).task('a'), status: 'weird' as Task['status'] };
  const event = chained(claimed('a'), session, { namespace: session.namespace, commandId: null, now: NOW });

  expect(() => evolve({ session, task }, event)).toThrow(refusal('STORE_CORRUPT', '"weird"'));
});

const TERMS = { role: 'reviewer', approvals: 1 };

/** How a task gets into each status. */
const TO_STATUS: { readonly [status in Task['status']]: readonly Said[] } = {
  scheduled: [opened(), queued('a', { run_at: NOW + 5 })],
  blocked: [opened(), blocked('a', ['d'])],
  queued: [...HELD, handedOff('a', { role: 'r' }, {}, 5)],
  running: HELD,
  waiting: [...HELD, asked('a')],
  in_review: [opened(), queued('a', { review: TERMS }), claimed('a'), reviewRequested('a', ['r'])],
  succeeded: DONE,
  failed: [...HELD, failed('a', null)],
  cancelled: [...QUEUED, cancelledWaiting('a')],
};

/** The other way to wait: not for an answer, but for a task. */
const WAITS = [...HELD, waiting('a', ['d'])];

/** Every event that moves a task, by the status that it leads to. */
const MOVES: readonly (readonly [Task['status'], Said])[] = [
  ['queued', queued('a')],
  ['scheduled', queued('a', { run_at: NOW + 5 })],
  ['running', claimed('a', { fence: 2 })],
  ['succeeded', succeeded('a')],
  ['scheduled', failed('a', NOW + 5)],
  ['failed', failed('a', null)],
  ['queued', givenBack('a')],
  ['queued', ended('task.handed_off', 'a', { outcome: 'handed_off', assignee: null, role: 'r', note: null })],
  ['cancelled', ended('task.cancelled', 'a', { outcome: null, error: null })],
  ['scheduled', rescheduled('a', { by_ms: -1, run_at: NOW + 5, delay_ms: 5 })],
  ['queued', handedBack('a', 'role:r', NOW + 5)],
  ['queued', event('task.return_rescheduled', { by_ms: -1, return_at: NOW + 5, delay_ms: 5 }, { taskId: 'a' })],
  ['running', cancelAsked('a')],
  ['queued', recovered('a', 'stale')],
  ['queued', takenOver('a', 'expired')],
  ['queued', event('task.retried', {}, { taskId: 'a' })],
  ['waiting', asked('a')],
  ['waiting', waiting('a', ['d'])],
  ['queued', answered('a')],
  ['in_review', reviewRequested('a', ['r'])],
  ['in_review', approved('a', false)],
  ['succeeded', approved('a', true)],
  ['queued', changesRequested('a', false)],
  ['failed', changesRequested('a', true)],
  ['blocked', event('task.retried', { open_dependencies: 1 }, { taskId: 'a' })],
  ['queued', dependencyEnded('a', 'd')],
];

test('every event that moves a task is among them', () => {
  const inTable = TASK_TRANSITIONS.flatMap(({ event: type }) => type ?? []).filter(
    (type) => type !== 'session.checkpointed',
  );

  expect(new Set(MOVES.map(([, { type }]) => type))).toEqual(new Set(inTable));
});

const TRIED = TASK_STATUS_NAMES.flatMap((from) => MOVES.map(([to, move]) => [from, to, move.type, move] as const));

/** A replay sees no time pass, so there scheduled work counts as queued. What was handed off is never scheduled. */
const OF_HAND_OFF = ['task.handed_back', 'task.return_rescheduled'];

function isInTable(from: Task['status'], to: Task['status'], type: string): boolean {
  const froms = from === 'scheduled' && !OF_HAND_OFF.includes(type) ? ['scheduled', 'queued'] : [from];
  return TASK_TRANSITIONS.some((row) => row.event === type && row.to === to && froms.includes(row.from ?? 'new'));
}

test.each(TRIED.filter(([from, to, type]) => isInTable(from, to, type)))(
  'the table has it, so a task that is %s can become %s by %s',
  (from, to, _type, move) => {
    expect(
      given(...(from === 'waiting' && move.type === 'task.dependency_ended' ? WAITS : TO_STATUS[from]))
        .and(ofTask(from, move))
        .task('a').status,
    ).toBe(to);
  },
);

test.each(TRIED.filter(([from, to, type]) => !isInTable(from, to, type)))(
  'the table does not have it, so a task that is %s cannot become %s by %s',
  (from, _to, type, move) => {
    expect(() => given(...TO_STATUS[from]).and(ofTask(from, move))).toThrow(
      refusal('INTERNAL', `^${type} cannot be event`),
    );
  },
);

/** The event about a task in this status: only one that runs is under a lease. */
function ofTask(status: Task['status'], { leaseEffect, fence, ...move }: Said): Said {
  if (leaseEffect === 'ended' && status !== 'running') return move;
  return { ...move, ...(leaseEffect && { leaseEffect, fence }) };
}
