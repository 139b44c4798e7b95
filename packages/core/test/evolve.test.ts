// What evolve refuses, because the log or the rules would be broken (commands never make it; a tampered log may):
// - a second grant while a lease is open
// - anything under a fence that is not that of the current lease
// - closing a session in which a task is open, and new work in a closed one
// - (and it moves no column but those that are said to move)
// - an event of a task or a session that was never there, or was there before
// And what was brought over keeps its own times.
import { expect, test } from 'vitest';
import { evolve, type State } from '../src/log/evolve.ts';
import { canonicalize } from '../src/log/canonical.ts';
import { textsForEvent } from '../src/model/task-texts.ts';
import {
  CHAIN_START,
  FIXED_SESSION_FIELDS,
  MOVING_TASK_FIELDS,
  type Task,
  type EventPayloads,
  type EventType,
  type NewEvent,
} from '../src/index.ts';

const queuedPayload: EventPayloads['task.queued'] = {
  number: 42,
  kind: 'task',
  title: 'task',
  payload: {},
  priority: 5,
  dedupe_key: null,
  run_at: null,
  attempts_max: 4,
  interruptions_max: 16,
  backoff_ms: 5_000,
  assignee: null,
  role: null,
  ...textsForEvent({}),
};
const claimedPayload: EventPayloads['task.claimed'] = {
  token_hash: 'f'.repeat(64),
  ttl_ms: 60_000,
  stale_after_ms: 60_000,
  expires_at: 61_000,
  host: null,
  boot: null,
  pid: null,
  process_start: null,
};
const context = { turn: 1, last_action: null, next_action: null, memory_ref: null, hash: '', data: null };

function event<T extends EventType>(type: T, payload: EventPayloads[T], columns: Partial<NewEvent> = {}): NewEvent {
  return {
    streamKind: 'session',
    namespace: 'default',
    streamId: 's',
    sessionId: 's',
    seq: 1,
    type,
    leaseEffect: null,
    taskId: null,
    agent: 'a',
    instance: null,
    fence: null,
    commandId: null,
    payload: canonicalize(payload),
    at: 1_000,
    prevHash: CHAIN_START,
    hash: '',
    ...columns,
  };
}

const opened = event('session.opened', { number: 17 });
const queued = event('task.queued', queuedPayload, { taskId: 't' });
const claimed = event('task.claimed', claimedPayload, { taskId: 't', fence: 10, leaseEffect: 'granted' });
const succeeded = event(
  'task.succeeded',
  { outcome: 'succeeded', result: null },
  { taskId: 't', fence: 10, leaseEffect: 'ended' },
);
const closed = event('session.closed', { reason: 'requested' });

function after(...events: NewEvent[]): State {
  return events.reduce<State>(
    (state, one) => {
      const next = evolve({ ...state, task: one.taskId === null ? null : state.task }, one);
      return { session: next.session, task: next.task ?? state.task };
    },
    { session: null, task: null },
  );
}

test.each<[string, NewEvent[], NewEvent]>([
  ['a second grant while a lease is open', [opened, queued, claimed], { ...claimed, fence: 11 }],
  [
    'a checkpoint under another fence',
    [opened, queued, claimed],
    event('session.checkpointed', context, { taskId: 't', fence: 9 }),
  ],
  [
    'a checkpoint without a holder',
    [opened, queued],
    event('session.checkpointed', context, { taskId: 't', fence: 10 }),
  ],
  ['the end of a lease that is not the current one', [opened, queued, claimed], { ...succeeded, fence: 9 }],
  ['the end of a lease that was ended', [opened, queued, claimed, succeeded], succeeded],
  [
    'new deadlines for another lease',
    [opened, queued, claimed],
    event('clock.jumped', { by_ms: 1, expires_at: 1 }, { fence: 9 }),
  ],
  ['closing a session in which a task is open', [opened, queued], closed],
  ['closing it twice', [opened, closed], closed],
  ['opening it twice', [opened], opened],
  ['new work in a closed session', [opened, closed], queued],
  ['a session that was never opened', [], queued],
  ['a task that was never queued', [opened], claimed],
  ['a task that was queued before', [opened, queued], queued],
  ['a task that ended', [opened, queued, claimed, succeeded], { ...claimed, fence: 11 }],
  ['a retry of a task that did not fail', [opened, queued], event('task.retried', {}, { taskId: 't' })],
])('it refuses %s', (_what, before, refused) => {
  const state = after(...before);

  expect(() => evolve({ ...state, task: refused.taskId === null ? null : state.task }, refused)).toThrow(
    expect.objectContaining({ code: 'INTERNAL' }),
  );
});

test('it takes a life from beginning to end', () => {
  const { session, task } = after(opened, queued, claimed, succeeded, closed);

  expect(session).toMatchObject({ status: 'closed', number: 17, tasksOpen: 0, fence: null, tokenHash: null });
  expect(task).toMatchObject({ status: 'succeeded', number: 42, attempt: 1 });
});

test('it moves no column but those that are said to move', () => {
  const before = after(opened, queued);
  const now = after(opened, queued, claimed, { ...succeeded, at: 2_000 });
  const fixed = Object.keys(before.task ?? {}).filter(
    (column) => !(MOVING_TASK_FIELDS as readonly string[]).includes(column),
  );

  for (const column of fixed) expect(now.task).toHaveProperty(column, before.task?.[column as keyof Task]);
  for (const column of FIXED_SESSION_FIELDS) expect(now.session?.[column]).toBe(before.session?.[column]);
});

test('what was brought over keeps its own times, though the log goes on from later ones', () => {
  const lease = { fence: 5, taskId: 't' };
  const { session, task } = after(
    event('session.opened', { number: 1, context }),
    event('task.queued', { ...queuedPayload, occurred_at: 10 }, { taskId: 't' }),
    event('task.claimed', { ...claimedPayload, occurred_at: 20 }, { ...lease, leaseEffect: 'granted' }),
    event(
      'task.succeeded',
      { outcome: 'succeeded', result: null, occurred_at: 30 },
      { ...lease, leaseEffect: 'ended' },
    ),
  );

  expect(session).toMatchObject({ createdAt: 1_000, updatedAt: 1_000, context: canonicalize(context) });
  expect(task).toMatchObject({ createdAt: 10, queuedAt: 10, startedAt: 20, finishedAt: 30 });
});
