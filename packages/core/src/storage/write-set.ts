import type { Agent } from '../model/agent.ts';
import type { ClockState } from '../model/clock.ts';
import type { Receipt } from '../model/receipt.ts';
import type { Session } from '../model/session.ts';
import type { Task } from '../model/task.ts';
import type { NewEvent } from '../log/events.ts';

/** The rows to save, all or none, and the answer. */
export interface WriteSet<R> {
  readonly reply: R;
  readonly sessions: readonly Change<Session>[];
  readonly tasks: readonly Change<Task>[];
  readonly agents: readonly Change<Agent>[];
  /** In the order in which they happened; they get their ids in this order. */
  readonly events: readonly NewEvent[];
  readonly receipt: Receipt | null;
  /** With a receipt: receipts `at` or before this time are deleted, at most `receipts_forgotten_max` of them. */
  readonly forgetReceiptsAt: number;
  /** The clock state to store; null: no change. */
  readonly clock: ClockState | null;
}

/** A row before the change (null: it is new) and after it. A storage that does not lock compares `before.version`. */
export interface Change<T> {
  readonly before: T | null;
  readonly after: T;
}
