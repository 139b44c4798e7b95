// The paths through the table of what may happen:
// - what has ended stays ended, but for a retry by hand
// - every status can be reached, and success from every status that is no end
// - every status is in the table, and every event that changes one
import { expect, test } from 'vitest';
import { SESSION_TRANSITIONS, STATUS_EVENTS, TASK_TRANSITIONS } from '../../src/log/lifecycle.ts';
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
