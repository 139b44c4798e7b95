/**
 * The plan of a save:
 * - a session is updated by what changed: its deadlines, its chain or its lease; its head is kept, gone or looked up
 * - a task that stops running comes before one that starts; new rows are in the order of their keys
 * - a new session has the best of its own tasks as its head; a changed queue without its session is looked up
 */
import {
  NO_HAND_OFF,
  NO_LEASE,
  NO_QUESTION,
  NO_REVIEW,
  NO_TASK_TEXTS,
  type Change,
  type Session,
  type Task,
  type WriteSet,
} from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { hasEffect, planSave } from '../src/save-plan.ts';

const NOTHING: WriteSet<null> = {
  sessions: [],
  tasks: [],
  agents: [],
  events: [],
  receipt: null,
  forgetReceiptsAt: 0,
  clock: null,
  reply: null,
};

const session = (over: Partial<Session> = {}): Session => ({
  ...NO_LEASE,
  namespace: 'n',
  id: 's',
  number: 1,
  status: 'idle',
  renewals: 0,
  nearMisses: 0,
  lastNearMissAt: null,
  context: null,
  tasksOpen: 1,
  seq: 1,
  hash: '',
  version: 1,
  createdAt: 1,
  updatedAt: 1,
  ...over,
});

const task = (over: Partial<Task> = {}): Task => ({
  ...NO_TASK_TEXTS,
  namespace: 'n',
  id: 't',
  number: 2,
  sessionId: 's',
  kind: 'k',
  title: '',
  payload: '{}',
  priority: 5,
  status: 'queued',
  dedupeKey: null,
  runAt: null,
  delayedAt: null,
  queuedAt: 1,
  attempt: 0,
  attemptsMax: 4,
  interruptions: 0,
  interruptionsMax: 16,
  backoffMs: 1,
  assignee: null,
  role: null,
  note: null,
  cancelRequestedAt: null,
  result: null,
  error: null,
  createdAt: 1,
  startedAt: null,
  finishedAt: null,
  ...NO_HAND_OFF,
  openDependencies: null,
  onDependencyFailure: null,
  parentId: null,
  version: 1,
  dedupeWhile: null,
  ...NO_QUESTION,
  ...NO_REVIEW,
  ...over,
});

const running = { status: 'running', fence: 7 } as const;
const started: Change<Task> = { before: task(), after: task({ status: 'running' }) };

test.each([
  ['deadlines', session(running), session({ ...running, heartbeatAt: 2 }), []],
  ['chain', session(running), session({ ...running, seq: 2 }), []],
  ['chainWithHead', session(), session({ seq: 2 }), [{ before: null, after: task() }]],
  [
    'chainWithoutHead',
    session(),
    session({ seq: 2, tasksOpen: 0 }),
    [{ before: task(), after: task({ status: 'cancelled' }) }],
  ],
  ['lease', session(running), session({ seq: 2 }), []],
  ['leaseWithHead', session(), session({ ...running, taskId: 't', tasksOpen: 2 }), [started]],
  ['leaseWithoutHead', session(), session({ ...running, taskId: 't' }), [started]],
] as const)('%s', (update, before, after, tasks) => {
  const plan = planSave([{ ...NOTHING, sessions: [{ before, after }], tasks }]);

  expect(plan.changedSessions).toEqual([{ before, after, update }]);
  expect(plan.changedQueues).toEqual([]);
});

test('what stops running comes before what starts, and new rows are in the order of their keys', () => {
  const ended = { before: task({ id: 'a', status: 'running' }), after: task({ id: 'a', status: 'succeeded' }) };
  const added = ['c', 'b'].map((id) => ({ before: null, after: task({ id, dedupeKey: id }) }));
  const opened = ['z', 'y'].map((id) => ({ before: null, after: session({ id }) }));

  const plan = planSave([
    { ...NOTHING, tasks: [started, ...added], sessions: opened },
    { ...NOTHING, tasks: [ended] },
  ]);

  expect(plan.stoppedTasks).toEqual([ended]);
  expect(plan.changedTasks).toEqual([started]);
  expect(plan.newTasks.map(({ id }) => id)).toEqual(['b', 'c']);
  expect(plan.newSessions.map((one) => one.session.id)).toEqual(['y', 'z']);
});

/** The plan of a session that is opened with these tasks. */
const openedWith = (added: readonly Task[]) => {
  const tasks = added.map((after) => ({ before: null, after }));
  return planSave([{ ...NOTHING, sessions: [{ before: null, after: session() }], tasks }]);
};

test('a new session has the best of its tasks as its head, and none while they are scheduled', () => {
  const added = [
    task({ id: 'later' }),
    task({ id: 'first', priority: 1 }),
    task({ id: 'due', status: 'scheduled', priority: 0 }),
  ];

  expect(openedWith(added).newSessions[0]?.head?.id).toBe('first');
  expect(openedWith(added.slice(2)).newSessions[0]?.head).toBeNull();
});

test('a queue that changed without its session is looked up', () => {
  const plan = planSave([{ ...NOTHING, tasks: [started] }]);

  expect(plan.changedQueues).toMatchObject([{ namespace: 'n', sessionId: 's' }]);
});

test('a decision has an effect if it writes anything', () => {
  expect(hasEffect(NOTHING)).toBe(false);
  expect(hasEffect({ ...NOTHING, tasks: [started] })).toBe(true);
  expect(hasEffect({ ...NOTHING, clock: { last: null, jump: null } })).toBe(true);
});
