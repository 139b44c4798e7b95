import type { ClockJump } from './clock.ts';
import { dueAfterJump } from './delay.ts';
import { isBarred, reviewOf } from './review.ts';
import { addresseeOf, type Task } from './task.ts';
import { compareCodePoints } from './text.ts';

/*
 * A hand-off: a holder gave its task to another agent, or to a role. It is open until an agent claims the task. With a
 * time to return, the task goes back to the agent that handed it off if it was not claimed by then. A task is always
 * for one side only: for the receiver, and after its return for the sender.
 */

/** The columns of a task that no agent has handed off, and of one whose hand-off is over. */
export const NO_HAND_OFF = {
  handedOffBy: null,
  handedOffAt: null,
  returnAt: null,
  returnedFrom: null,
} as const satisfies Partial<Task>;

/** A task that was handed off, and that no agent has claimed since. */
export type HandedOffTask = Task & { readonly handedOffBy: string; readonly handedOffAt: number };

/** A handed-off task that returns to its sender at a time. */
export type ReturningTask = HandedOffTask & { readonly returnAt: number };

/** Whether the task was handed off and not claimed since; after its return, too. */
export function isHandedOff(task: Task): task is HandedOffTask {
  return task.handedOffBy !== null && task.handedOffAt !== null;
}

/** Whether the task waits for its receiver: it was handed off, and has neither been claimed nor returned. */
export function isWithReceiver(task: Task): task is HandedOffTask {
  return isHandedOff(task) && task.returnedFrom === null;
}

/** Whether the task returns to its sender at a time. */
export function isReturning(task: Task): task is ReturningTask {
  return isWithReceiver(task) && task.returnAt !== null;
}

/** Whether the task goes back to its sender now. */
export function isReturnDue(task: Task, now: number): task is ReturningTask {
  return isReturning(task) && task.returnAt <= now;
}

/** The order in which tasks go back to their senders: by time, then by id. */
export function compareReturns(a: Pick<Task, 'returnAt' | 'id'>, b: Pick<Task, 'returnAt' | 'id'>): number {
  return (a.returnAt ?? 0) - (b.returnAt ?? 0) || compareCodePoints(a.id, b.id);
}

/** What its return changes of a task. */
export function returned(task: HandedOffTask): Pick<Task, 'assignee' | 'role' | 'returnAt' | 'returnedFrom'> {
  return { ...returnsTo(task), returnAt: null, returnedFrom: addresseeOf(task) };
}

/**
 * The agent that handed the task off. A review goes to its role if that agent has given its verdict on another review
 * of the round by then.
 */
export function returnsTo(task: HandedOffTask): Pick<Task, 'assignee' | 'role'> {
  const { handedOffBy: sender } = task;
  return isBarred(sender, task)
    ? { assignee: null, role: reviewOf(task)?.role ?? null }
    : { assignee: sender, role: null };
}

/** An addressee (`agent:NAME` or `role:NAME`), for people: `NAME` or `role NAME`. */
export function addresseeName(addressee: string): string {
  return addressee.startsWith('agent:') ? addressee.slice('agent:'.length) : addressee.replace(':', ' ');
}

/** Whether the hand-off began by a clock that was ahead of the time now: its task would return too late. */
export function returnsTooLate(task: Task, now: number): task is ReturningTask {
  return isReturning(task) && task.handedOffAt > now;
}

/** When such a task returns after the clock was set right. The time that has passed counts, as far as it is known. */
export function returnAfterJump({ returnAt, handedOffAt }: ReturningTask, byMs: number, now: number): number {
  return dueAfterJump({ runAt: returnAt, delayedAt: handedOffAt }, byMs, now);
}

/** A task as a claim will find it: after a pending clock jump, and after its return if that is due. */
export function asSettled(task: Task, jump: ClockJump | null, now: number): Task {
  const moved = jump !== null && returnsTooLate(task, now) ? movedReturn(task, jump, now) : task;
  return isReturnDue(moved, now) ? { ...moved, ...returned(moved) } : moved;
}

function movedReturn(task: ReturningTask, jump: ClockJump, now: number): Task {
  const returnAt = returnAfterJump(task, jump.byMs, now);
  return { ...task, returnAt, handedOffAt: returnAt - (task.returnAt - task.handedOffAt) };
}
