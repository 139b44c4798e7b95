// The properties of statuses:
// - a dead letter has ended, and a retry by hand queues it again
// - no other ended task is one
import { expect, test } from 'vitest';
import { isTaskTransition } from '../../src/log/lifecycle.ts';
import { DEAD_LETTER_STATUSES, isDeadLetter, isEnded, TASK_STATUS_NAMES } from '../../src/model/statuses.ts';

test.each(DEAD_LETTER_STATUSES)('a dead letter has ended, and a retry by hand queues it again: %s', (status) => {
  expect(isEnded(status)).toBe(true);
  expect(isTaskTransition('task.retried', status, 'queued')).toBe(true);
});

test('what succeeded or was cancelled is no dead letter, what failed is one', () => {
  expect(TASK_STATUS_NAMES.filter((status) => isDeadLetter(status))).toEqual(DEAD_LETTER_STATUSES);
  expect(DEAD_LETTER_STATUSES).toContain('failed');
  expect(DEAD_LETTER_STATUSES).not.toContain('succeeded');
  expect(DEAD_LETTER_STATUSES).not.toContain('cancelled');
});
