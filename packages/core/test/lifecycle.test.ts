// The table of what may happen:
// - every event type that moves a task or a session stands in it, with the docs to go with it
// - what ended stays ended, but for a retry by hand
// - every status but the first can be reached, and an end can be reached from every status
import { expect, test } from 'vitest';
import {
  EVENT_DOCS,
  isEnded,
  SESSION_TRANSITIONS,
  TASK_STATUS_NAMES,
  TASK_TRANSITIONS,
  type TaskStatus,
} from '../src/index.ts';
import { isSessionTransition, isTaskTransition } from '../src/log/lifecycle.ts';

test('every event in the table is documented', () => {
  const events = [...TASK_TRANSITIONS, ...SESSION_TRANSITIONS].flatMap(({ event }) => event ?? []);

  expect(events.filter((event) => !(event in EVENT_DOCS))).toEqual([]);
});

test('what ended stays ended, but for a retry by hand', () => {
  const outOfAnEnd = TASK_TRANSITIONS.filter(({ from }) => from !== null && isEnded(from));

  expect(outOfAnEnd.map(({ from, event }) => `${from} ${event}`)).toEqual([
    'failed task.retried',
    'cancelled task.retried',
  ]);
});

test('every status can be reached, and an end can be reached from every status', () => {
  const reachable = (from: TaskStatus | null, seen = new Set<string>()): Set<string> => {
    for (const one of TASK_TRANSITIONS)
      if (one.from === from && !seen.has(one.to)) {
        seen.add(one.to);
        reachable(one.to, seen);
      }
    return seen;
  };

  expect([...reachable(null)].toSorted()).toEqual(TASK_STATUS_NAMES.toSorted());
  for (const status of TASK_STATUS_NAMES.filter((one) => !isEnded(one)))
    expect(reachable(status)).toContain('succeeded');
});

test('in a replay, which does not see time pass, scheduled work counts as queued', () => {
  expect(isTaskTransition('task.claimed', 'scheduled', 'running')).toBe(true);
  expect(isTaskTransition('task.claimed', 'running', 'running')).toBe(false);
  expect(isSessionTransition('task.claimed', 'closed', 'running')).toBe(false);
});
