import type { ClockState } from '../model/clock.ts';
import type { Receipt } from '../model/receipt.ts';
import type { Session } from '../model/session.ts';
import type { Task } from '../model/task.ts';
import type { NewEvent } from '../log/events.ts';

/** What is to be saved, all or nothing, and the answer. */
export interface WriteSet<R> {
  readonly reply: R;
  readonly sessions: readonly Change<Session>[];
  readonly tasks: readonly Change<Task>[];
  /** In the order they happened; ids are given in this order. */
  readonly events: readonly NewEvent[];
  readonly receipt: Receipt | null;
  /** With a receipt: those `at` or before this time are over, at most `receipts_forgotten_max` of them are deleted. */
  readonly forgetReceiptsAt: number;
  /** What to remember of the clocks instead, if anything. */
  readonly clock: ClockState | null;
}

/** A row before (null: it is new) and after. A storage that does not lock guards on `before.version`. */
export interface Change<T> {
  readonly before: T | null;
  readonly after: T;
}
