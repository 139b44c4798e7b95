import type { ClockJump } from './clock.ts';
import type { Task } from './task.ts';

/** A task that waits for the end of a delay. */
export type DelayedTask = Task & { readonly runAt: number; readonly delayedAt: number };

/**
 * Whether a scheduled task waits longer than the delay that was asked for. Its delay began by a clock that was ahead of
 * the time now.
 */
export function isDelayedTooLong(task: Task, now: number): task is DelayedTask {
  return task.status === 'scheduled' && task.runAt !== null && task.delayedAt !== null && task.delayedAt > now;
}

/**
 * When such a task is due after the clock was set right. The time that has passed since the delay began counts, as far
 * as it is known from the jump.
 *
 * @param byMs how far the clock jumped; negative: it was set back
 */
export function dueAfterJump(
  { runAt, delayedAt }: Pick<DelayedTask, 'runAt' | 'delayedAt'>,
  byMs: number,
  now: number,
): number {
  // No time is before 1970, though a clock that stands there puts the beginning of an earlier delay before it.
  return Math.max(0, Math.min(now, delayedAt + byMs)) + runAt - delayedAt;
}

/** A task as it will be when a pending clock jump is processed. */
export function rescheduled(task: Task, jump: ClockJump | null, now: number): Task {
  if (jump === null || !isDelayedTooLong(task, now)) return task;
  const runAt = dueAfterJump(task, jump.byMs, now);
  return { ...task, runAt, delayedAt: runAt - (task.runAt - task.delayedAt), queuedAt: runAt };
}
