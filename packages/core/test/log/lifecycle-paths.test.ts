// The paths through the table of what may happen:
// - what has ended stays ended, but for a retry by hand
// - every status can be reached, and success from every status that is no end
// - every status is in the table, and every event that changes one
// - what a task, a session or an agent may do by an event is in the table, but for an event of any status
import { expect, test } from 'vitest';
import {
  isAgentTransition,
  isSessionTransition,
  isTaskTransition,
  SESSION_TRANSITIONS,
  STATUS_EVENTS,
  TASK_TRANSITIONS,
} from '../../src/log/lifecycle.ts';
import {
  SESSION_STATUS_NAMES,
  TASK_STATUS_NAMES,
  isEnded,
  type SessionStatus,
  type TaskStatus,
} from '../../src/model/statuses.ts';

test('what has ended stays ended, but for a retry by hand', () => {
  const outOfAnEnd = TASK_TRANSITIONS.filter(({ from, to }) => from !== null && isEnded(from) && from !== to);

  expect(outOfAnEnd).not.toEqual([]);
  for (const { to, event: type, command } of outOfAnEnd) {
    expect({ type, command }).toEqual({ type: 'task.retried', command: 'retry' });
    expect(['queued', 'blocked']).toContain(to);
  }
  expect(outOfAnEnd.some(({ from }) => from === 'succeeded')).toBe(false);
});

test('every status can be reached, and success from every status that is no end', () => {
  const reachable = (from: TaskStatus | null, seen = new Set<TaskStatus>()): Set<TaskStatus> => {
    for (const one of TASK_TRANSITIONS)
      if (one.from === from && !seen.has(one.to)) {
        seen.add(one.to);
        reachable(one.to, seen);
      }
    return seen;
  };

  expect(reachable(null)).toEqual(new Set(TASK_STATUS_NAMES));
  for (const status of TASK_STATUS_NAMES.filter((one) => !isEnded(one)))
    expect(reachable(status)).toContain('succeeded');
});

test('every status of the two tables is one that there is', () => {
  const tasks = new Set<TaskStatus>(TASK_TRANSITIONS.map(({ to }) => to));
  const sessions = new Set<SessionStatus>(SESSION_TRANSITIONS.map(({ to }) => to));

  expect(tasks).toEqual(new Set(TASK_STATUS_NAMES));
  expect(sessions).toEqual(new Set(SESSION_STATUS_NAMES));
});

test('the events that change a status are those of the table, each once', () => {
  const events = TASK_TRANSITIONS.flatMap(({ from, to, event }) => (from !== to && event ? [event] : []));

  expect(STATUS_EVENTS.toSorted()).toEqual([...new Set(events)].toSorted());
});

test.each<[Parameters<typeof isTaskTransition>, boolean]>([
  [['task.queued', null, 'queued'], true],
  [['task.claimed', 'queued', 'running'], true],
  // In a replay, which does not see time pass, scheduled work counts as queued.
  [['task.claimed', 'scheduled', 'running'], true],
  [['task.claimed', null, 'running'], false],
  [['task.claimed', 'running', 'running'], false],
  [['task.queued', 'queued', 'queued'], false],
  [['task.succeeded', 'running', 'failed'], false],
  [['task.reviewer_excluded', 'queued', 'queued'], true],
  [['task.reviewer_excluded', 'queued', 'running'], false],
  [['lease.refused', 'running', 'running'], false],
])('a task may move so: %o, %s', (move, may) => {
  expect(isTaskTransition(...move)).toBe(may);
});

test.each<[Parameters<typeof isSessionTransition>, boolean]>([
  [['session.opened', null, 'idle'], true],
  [['task.claimed', 'idle', 'running'], true],
  [['task.claimed', 'closed', 'running'], false],
  [['session.closed', 'running', 'closed'], false],
])('a session may move so: %o, %s', (move, may) => {
  expect(isSessionTransition(...move)).toBe(may);
});

test.each<[Parameters<typeof isAgentTransition>, boolean]>([
  [['agent.signed_roles_set', null, 'active'], true],
  [['agent.signed_roles_set', null, 'retired'], false],
  [['agent.signed_roles_set', 'active', 'active'], true],
  [['agent.signed_roles_set', 'active', 'retired'], false],
])('an agent may move so: %o, %s', (move, may) => {
  expect(isAgentTransition(...move)).toBe(may);
});
