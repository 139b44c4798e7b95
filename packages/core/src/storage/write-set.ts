import type { Agent } from '../model/agent.ts';
import type { ClockState } from '../model/clock.ts';
import type { Dependency, DependencyEnd, OnDependencyFailure } from '../model/dependency.ts';
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
  /** New dependencies, and those that were fulfilled (`ended` is set). Missing: none. */
  readonly dependencies?: readonly Change<Dependency>[];
  /**
   * Tasks that ended. After the new dependencies were saved, the storage adds a `DependencyEnd` for each dependency on
   * one of them that is open (`ended` is null) and has one of the policies. Missing: none.
   */
  readonly endedDependencies?: readonly EndedDependency[];
  /** Rows of `DependencyEnd` to delete: they were applied. Missing: none. */
  readonly settledEnds?: readonly DependencyEnd[];
  readonly receipt: Receipt | null;
  /** With a receipt: receipts `at` or before this time are deleted, at most `receipts_forgotten_max` of them. */
  readonly forgetReceiptsAt: number;
  /** The clock state to store; null: no change. */
  readonly clock: ClockState | null;
}

/** A task that ended, and the policies of the tasks that have to be told. */
export type EndedDependency = Omit<DependencyEnd, 'taskId'> & {
  readonly policies: readonly OnDependencyFailure[];
};

/** A row before the change (null: it is new) and after it. A storage that does not lock compares `before.version`. */
export interface Change<T> {
  readonly before: T | null;
  readonly after: T;
}
