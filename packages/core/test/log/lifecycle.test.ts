// The table of what may happen, row by row:
// - each row is made to happen by its command, and its event is the one that the row names
// - where a row says that only the holder can make it happen, another token cannot
// - the status that an event leads to is the one of its row
import { expect, test } from 'vitest';
import type { Command } from '../../src/commands/command.ts';
import {
  answer,
  cancel,
  checkpoint,
  claim,
  close,
  enqueue,
  recover,
  release,
  reschedule,
  retry,
  settle,
} from '../../src/commands/index.ts';
import type { AddedDependencies, EventType } from '../../src/log/events.ts';
import {
  movesTask,
  SESSION_TRANSITIONS,
  STATUS_EVENTS,
  statusAfter,
  TASK_TRANSITIONS,
} from '../../src/log/lifecycle.ts';
import { LIMITS } from '../../src/model/limits.ts';
import type { TaskStatus } from '../../src/model/statuses.ts';
import {
  AGENT,
  asked,
  blocked,
  cancelAsked,
  cancelledWaiting,
  claimed,
  failed,
  handedOff,
  NOW,
  opened,
  OTHER_AGENT,
  queued,
  reviewRequested,
  sessionClosed,
  STALE_AFTER_MS,
  succeeded,
  tokenOf,
  TTL_MS,
  waiting,
  type Said,
} from '../support/events.ts';
import { given, told, type Decided, type Store } from '../support/given.ts';

/** What was before, and the call that makes the row happen. It is about task `a`, in a session of its own. */
interface Move {
  readonly given: readonly Said[];
  readonly after?: number;
  readonly when: (store: Store) => Decided<unknown>;
}

const OWN = { sessionId: 'a' };
const LATER = { ...OWN, run_at: NOW + 5_000 };

const QUEUED = [opened('a'), queued('a', OWN)];
const HELD = [...QUEUED, claimed('a', OWN)];
const LAST = [opened('a'), queued('a', { ...OWN, interruptions_max: 0 }), claimed('a', OWN)];
const SCHEDULED = [opened('a'), queued('a', LATER)];
const ASKED = [...HELD, cancelAsked('a', OWN)];
const AWAY = [...HELD, handedOff('a', { role: 'tester' }, OWN, 5_000)];
const DEAD = [...HELD, failed('a', null, OWN), sessionClosed('a', 'task_ended')];
const WAITING = [...HELD, asked('a', 'which?', OWN)];
const EMPTY = [...HELD, succeeded('a', OWN)];

const asksFor = (approvals: number) => queued('a', { ...OWN, review: { role: 'reviewer', approvals } });
const TO_REVIEW = [opened('a'), asksFor(1), claimed('a', OWN)];
/** In this round, with the review `r` under fence 2. */
const reviewedIn = (round: number, approvals = 1): Said[] => {
  const others = Array.from({ length: approvals - 1 }, (_, at) => `r${at}`);
  const requested = reviewRequested('a', ['r', ...others], OWN);
  const of = { task_id: 'a', session_id: 'a', round, role: 'reviewer', not_for: [AGENT] };
  return [
    opened('a'),
    asksFor(approvals),
    claimed('a', OWN),
    { ...requested, payload: { ...requested.payload, round } } as Said,
    ...['r', ...others].flatMap((id) => [opened(id), queued(id, { sessionId: id, review_of: of })]),
    claimed('r', { sessionId: 'r', agent: OTHER_AGENT, fence: 2 }),
  ];
};

const DEPENDENCY = [opened('d'), queued('d', { sessionId: 'd' })];
const DEPENDENCY_DONE = [...DEPENDENCY, claimed('d', { sessionId: 'd' }), succeeded('d', { sessionId: 'd' })];
const DEPENDENCY_GONE = [...DEPENDENCY, cancelledWaiting('d', 'd')];
const BLOCKED = [opened('a'), blocked('a', ['d'], OWN)];
const BLOCKED_LATER = [opened('a'), blocked('a', ['d'], LATER)];
const CANCELLED_AT_ONCE = { id: 'a', dependsOn: ['d'], onDependencyFailure: 'cancel' };

const call =
  (command: Pick<Command<never, never>, 'name'>, input: object) =>
  (store: Store): Decided<unknown> =>
    store.when(command as unknown as typeof cancel, input);

const ends = (outcome: string, more: object = {}): Move => ({
  given: HELD,
  when: call(release, { items: [{ token: tokenOf(1), outcome, ...more }] }),
});

const judges = (outcome: string, given: readonly Said[]): Move => ({
  given,
  when: call(release, {
    items: [{ token: tokenOf(2), outcome, ...(outcome === 'changes_requested' && { note: 'name it' }) }],
  }),
});
const ASKS_FOR_REVIEW = { ...ends('succeeded'), given: TO_REVIEW };

const claimAny = call(claim, { agent: OTHER_AGENT, kinds: ['other'] });
const claimIt = call(claim, { agent: OTHER_AGENT, kinds: ['other'], sessionId: 'a' });
const recovery = call(recover, {});
const tell = call(settle, {});
const STALE = { after: STALE_AFTER_MS };
const ask = ends('waiting', { ask: { question: 'which?' } });
/** Under fence 2: the task that it waits for may have been held before. */
const WAITS = { token: tokenOf(2), outcome: 'waiting', on: ['d'] };
const HELD_NEXT = [...QUEUED, claimed('a', { ...OWN, fence: 2 })];
const wait = { given: [...DEPENDENCY, ...HELD_NEXT], when: call(release, { items: [WAITS] }) };
const WAITING_FOR = (policy: 'block' | 'cancel'): Said[] => [
  ...HELD_NEXT,
  waiting('a', ['d'], { on_dependency_failure: policy, lease: { ...OWN, fence: 2 } }),
];
const WAITING_FOR_BOTH = [
  ...HELD_NEXT,
  withAdded(asked('a', 'which?', { ...OWN, fence: 2 }), { depends_on: ['d'], on_dependency_failure: 'block' }),
];
const handOff = ends('handed_off', { to: { role: 'tester' } });

/** By `from to event command`, as in the table. */
const TASK_MOVES: { readonly [row: string]: Move } = {
  'null queued task.queued enqueue': { given: [], when: call(enqueue, { tasks: [{ id: 'a' }] }) },
  'null scheduled task.queued enqueue': { given: [], when: call(enqueue, { tasks: [{ id: 'a', delayMs: 5_000 }] }) },
  'null blocked task.queued enqueue': {
    given: DEPENDENCY,
    when: call(enqueue, { tasks: [{ id: 'a', dependsOn: ['d'] }] }),
  },
  'blocked blocked task.dependency_ended null': {
    given: [...DEPENDENCY_DONE, opened('a'), blocked('a', ['d', 'e'], OWN)],
    when: tell,
  },
  'blocked queued task.dependency_ended null': { given: [...DEPENDENCY_DONE, ...BLOCKED], when: tell },
  'blocked scheduled task.dependency_ended null': { given: [...DEPENDENCY_DONE, ...BLOCKED_LATER], when: tell },
  'cancelled cancelled task.dependency_ended null': {
    given: [...DEPENDENCY_DONE, ...BLOCKED, cancelledWaiting('a', 'a')],
    when: tell,
  },
  'blocked cancelled task.cancelled null': {
    given: [...DEPENDENCY_GONE, opened('a'), blocked('a', ['d'], { ...OWN, on_dependency_failure: 'cancel' })],
    when: tell,
  },
  'blocked cancelled task.cancelled enqueue': {
    given: DEPENDENCY_GONE,
    when: call(enqueue, { tasks: [CANCELLED_AT_ONCE] }),
  },
  'blocked cancelled task.cancelled cancel': {
    given: [...DEPENDENCY, ...BLOCKED],
    when: call(cancel, { taskId: 'a' }),
  },
  'blocked cancelled task.cancelled close': {
    given: [...DEPENDENCY, ...BLOCKED],
    when: call(close, { ...OWN, cancelTasks: true }),
  },
  'scheduled scheduled task.rescheduled null': {
    given: [opened('a'), queued('a', { ...OWN, run_at: NOW + 9_000, delay_ms: 1_000 })],
    when: call(reschedule, {}),
  },
  'queued running task.claimed claim': { given: QUEUED, when: call(claim, { agent: AGENT }) },
  'queued queued task.handed_back null': { given: AWAY, after: 5_000, when: tell },
  'queued queued task.return_rescheduled null': { given: AWAY, after: -1, when: call(reschedule, {}) },
  'running running session.checkpointed checkpoint': { given: HELD, when: call(checkpoint, { token: tokenOf(1) }) },
  'running succeeded task.succeeded release': ends('succeeded'),
  'running in_review task.review_requested release': ASKS_FOR_REVIEW,
  'in_review in_review task.approved release': judges('approved', reviewedIn(1, 2)),
  'in_review succeeded task.approved release': judges('approved', reviewedIn(1)),
  'in_review queued task.changes_requested release': judges('changes_requested', reviewedIn(1)),
  'in_review failed task.changes_requested release': judges('changes_requested', reviewedIn(LIMITS.review_rounds_max)),
  'running scheduled task.failed release': ends('failed'),
  'running failed task.failed release': ends('failed', { final: true }),
  'running queued task.released release': ends('released'),
  'running queued task.handed_off release': handOff,
  'running cancelled task.cancelled release': ends('cancelled'),
  'running queued task.recovered recover': { given: HELD, ...STALE, when: recovery },
  'running queued task.recovered claim': { given: HELD, ...STALE, when: claimAny },
  'running queued lease.taken_over claim': { given: HELD, after: TTL_MS, when: claimIt },
  'running running task.cancel_requested cancel': { given: HELD, when: call(cancel, { taskId: 'a' }) },
  'queued cancelled task.cancelled cancel': { given: QUEUED, when: call(cancel, { taskId: 'a' }) },
  'scheduled cancelled task.cancelled cancel': { given: SCHEDULED, when: call(cancel, { taskId: 'a' }) },
  'in_review cancelled task.cancelled cancel': { given: reviewedIn(1), when: call(cancel, { taskId: 'a' }) },
  'in_review cancelled task.cancelled close': {
    given: reviewedIn(1),
    when: call(close, { ...OWN, cancelTasks: true }),
  },
  'queued cancelled task.cancelled close': { given: QUEUED, when: call(close, { ...OWN, cancelTasks: true }) },
  'scheduled cancelled task.cancelled close': { given: SCHEDULED, when: call(close, { ...OWN, cancelTasks: true }) },
  'queued cancelled task.cancelled recover': { given: ASKED, ...STALE, when: recovery },
  'queued cancelled task.cancelled claim': { given: ASKED, ...STALE, when: claimAny },
  'queued failed task.failed recover': { given: LAST, ...STALE, when: recovery },
  'queued failed task.failed claim': { given: LAST, ...STALE, when: claimAny },
  'failed queued task.retried retry': { given: DEAD, when: call(retry, { taskId: 'a' }) },
  'cancelled queued task.retried retry': {
    given: [...QUEUED, cancelledWaiting('a', 'a')],
    when: call(retry, { taskId: 'a' }),
  },
  'running waiting task.asked release': ask,
  'waiting queued task.answered answer': { given: WAITING, when: call(answer, { taskId: 'a', answer: 'that one' }) },
  'waiting cancelled task.cancelled cancel': { given: WAITING, when: call(cancel, { taskId: 'a' }) },
  'waiting cancelled task.cancelled close': { given: WAITING, when: call(close, { ...OWN, cancelTasks: true }) },
  'cancelled blocked task.retried retry': {
    given: [...DEPENDENCY, ...BLOCKED, cancelledWaiting('a', 'a')],
    when: call(retry, { taskId: 'a' }),
  },
  'running waiting task.waiting release': wait,
  'running queued task.waiting release': { ...wait, given: [...DEPENDENCY_DONE, ...HELD_NEXT] },
  'waiting waiting task.answered answer': {
    given: [...DEPENDENCY, ...WAITING_FOR_BOTH],
    when: call(answer, { taskId: 'a', answer: 'that one' }),
  },
  'waiting waiting task.dependency_ended null': { given: [...DEPENDENCY_DONE, ...WAITING_FOR_BOTH], when: tell },
  'waiting queued task.dependency_ended null': { given: [...DEPENDENCY_DONE, ...WAITING_FOR('block')], when: tell },
  'waiting cancelled task.cancelled null': { given: [...DEPENDENCY_GONE, ...WAITING_FOR('cancel')], when: tell },
  'waiting cancelled task.cancelled release': {
    given: [...DEPENDENCY_GONE, ...HELD_NEXT],
    when: call(release, { items: [{ ...WAITS, onDependencyFailure: 'cancel' }] }),
  },
};

const SESSION_MOVES: { readonly [row: string]: Move } = {
  'null idle session.opened enqueue': { given: [], when: call(enqueue, { tasks: [{ id: 'a' }] }) },
  'closed idle session.opened enqueue': { given: DEAD, when: call(enqueue, { tasks: [{ id: 'b', ...OWN }] }) },
  'closed idle session.opened retry': { given: DEAD, when: call(retry, { taskId: 'a' }) },
  'idle running task.claimed claim': { given: QUEUED, when: call(claim, { agent: AGENT }) },
  'running idle task.succeeded release': ends('succeeded'),
  'running idle task.review_requested release': ASKS_FOR_REVIEW,
  'running idle task.failed release': ends('failed'),
  'running idle task.released release': ends('released'),
  'running idle task.handed_off release': handOff,
  'running idle task.cancelled release': ends('cancelled'),
  'running idle task.recovered recover': { given: HELD, ...STALE, when: recovery },
  'running idle task.recovered claim': { given: HELD, ...STALE, when: claimAny },
  'running idle lease.taken_over claim': { given: HELD, after: TTL_MS, when: claimIt },
  'idle closed session.closed close': { given: EMPTY, when: call(close, OWN) },
  'idle closed session.closed release': ends('succeeded'),
  'idle closed session.closed cancel': { given: QUEUED, when: call(cancel, { taskId: 'a' }) },
  'idle closed session.closed enqueue': {
    given: DEPENDENCY_GONE,
    when: call(enqueue, { tasks: [CANCELLED_AT_ONCE] }),
  },
  'idle closed session.closed recover': { given: LAST, ...STALE, when: recovery },
  'idle closed session.closed claim': { given: LAST, ...STALE, when: claimAny },
  'running idle task.asked release': ask,
  'running idle task.waiting release': wait,
};

const rowsOf = (table: typeof TASK_TRANSITIONS | typeof SESSION_TRANSITIONS) =>
  table.flatMap((row) => (row.event === null ? [] : [`${row.from} ${row.to} ${row.event} ${row.command}`]));

test('every row that is an event is made to happen here', () => {
  expect(Object.keys(TASK_MOVES)).toEqual(rowsOf(TASK_TRANSITIONS));
  expect(Object.keys(SESSION_MOVES)).toEqual(rowsOf(SESSION_TRANSITIONS));
});

function withAdded(said: Said, added: AddedDependencies): Said {
  return { ...said, payload: { ...said.payload, ...added } } as Said;
}

/** The statuses that a session or task went through, each with the event that led to it. */
function path(decided: Decided<unknown>, before: Store, statusOf: (store: Store) => string): string[] {
  const steps: string[] = [];
  let store = before;
  for (const one of decided.writes.events) {
    const from = statusOf(store);
    store = store.and({ ...told(one), at: one.at } as Said);
    steps.push(`${from} ${statusOf(store)} ${one.type}`);
  }
  return steps;
}

const statusOf = (find: (store: Store) => { readonly status: string }) => (store: Store) => {
  try {
    return find(store).status;
  } catch {
    return 'null';
  }
};

test.each(Object.entries(TASK_MOVES))('a task goes as the table says: %s', (row, move) => {
  const store = given(...move.given).after(move.after ?? 0);

  const decided = move.when(store);

  const [from, to, type] = row.split(' ');
  expect(
    path(
      decided,
      store,
      statusOf((at) => at.task('a')),
    ),
  ).toContain(`${from} ${to} ${type}`);
});

test.each(Object.entries(SESSION_MOVES))('a session goes as the table says: %s', (row, move) => {
  const store = given(...move.given).after(move.after ?? 0);

  const decided = move.when(store);

  const [from, to, type] = row.split(' ');
  expect(
    path(
      decided,
      store,
      statusOf((at) => at.session('a')),
    ),
  ).toContain(`${from} ${to} ${type}`);
});

const HOLDERS_ONLY = TASK_TRANSITIONS.filter(({ lease }) => lease);

test.each(HOLDERS_ONLY)('only the holder can make it happen: $event to $to', ({ from, to, event: type, command }) => {
  const move = TASK_MOVES[`${from} ${to} ${type} ${command}`] as Move;
  const other = [opened('a'), asksFor(1), claimed('a', { ...OWN, seed: '0'.repeat(32) })];

  const decided = move.when(given(...other));

  expect(decided.writes.events).toEqual([]);
});

test('the rows that a holder alone makes happen are its checkpoint and its releases', () => {
  for (const { from, command, lease } of [...TASK_TRANSITIONS, ...SESSION_TRANSITIONS])
    expect(lease).toBe(from === 'running' && (command === 'checkpoint' || command === 'release'));
});

test('a scheduled task becomes queued by its time, and by no event', () => {
  expect(TASK_TRANSITIONS.filter(({ event: type }) => type === null)).toEqual([
    { from: 'scheduled', to: 'queued', event: null, command: null, lease: false },
  ]);
});

const CHANGES = TASK_TRANSITIONS.flatMap(({ from, to, event: type }) => (type === null ? [] : [{ from, to, type }]));

/** What an event says that leads to a status. */
function payloadTo(to: TaskStatus, from: TaskStatus | null, type: EventType): object {
  const due = to === 'scheduled' ? { run_at: NOW } : { run_at: null };
  const isWaiting = (to === 'blocked' && type !== 'task.queued') || (to === 'waiting' && from === to);
  if (to === 'blocked' && type === 'task.queued') return { ...due, depends_on: ['d'] };
  if (to === 'waiting' && type === 'task.waiting') return { depends_on: ['d'] };
  return {
    ...due,
    done: to === 'succeeded',
    final: to === 'failed',
    open_dependencies: isWaiting ? 1 : 0,
    ...(from === 'cancelled' && to === from && { after_end: true }),
  };
}

test.each(CHANGES)('$type leads from $from to $to, as the table says', ({ from, to, type }) => {
  const payload = payloadTo(to, from, type);

  expect(statusAfter(type, payload)).toBe(from === to ? null : to);
  expect(STATUS_EVENTS.includes(type)).toBe(CHANGES.some((row) => row.type === type && row.from !== row.to));
});

test('the events that move a task are those of the table', () => {
  expect(movesTask('task.queued')).toBe(true);
  expect(movesTask('session.checkpointed')).toBe(true);
  expect(movesTask('session.opened')).toBe(false);
  expect(movesTask('lease.refused')).toBe(false);
});
