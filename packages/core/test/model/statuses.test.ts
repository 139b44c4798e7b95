// The properties of statuses:
// - a dead letter has ended, and a retry by hand queues it again
// - no other ended task is one
// - a word that is no status is refused, also that of a property which every object has
import { expect, test } from 'vitest';
import { isTaskTransition } from '../../src/log/lifecycle.ts';
import {
  DEAD_LETTER_STATUSES,
  isDeadLetter,
  isEnded,
  isPending,
  TASK_STATUS_NAMES,
  type TaskStatus,
} from '../../src/model/statuses.ts';

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

test.each(['weird', 'constructor'])('a word that is no status is refused: %s', (word) => {
  for (const asked of [isDeadLetter, isEnded, isPending])
    expect(() => asked(word as TaskStatus)).toThrow(
      expect.objectContaining({
        code: 'STORE_CORRUPT',
        message: `A task has the status "${word}", which does not exist.`,
      }),
    );
});
