import type { Agent } from '../model/agent.ts';
import type { ClockReading, ClockState } from '../model/clock.ts';
import type { Dependency, DependencyEnd } from '../model/dependency.ts';
import type { Receipt } from '../model/receipt.ts';
import type { Session } from '../model/session.ts';
import type { Task } from '../model/task.ts';
import type { Event } from '../log/events.ts';

/** The rows that were found under the lock. Each scope says which rows (see `scope.ts`). No session is in it twice. */
export interface Loaded {
  /** The authority's time in whole milliseconds, read after the locks were taken. */
  readonly now: number;
  readonly clock: ClockState & { readonly reading: ClockReading };
  /** The greatest fence ever granted in this database, 0 if none; carried on within a group. */
  readonly greatestFence: number;
  readonly sessions: readonly LoadedSession[];
  readonly tasks: readonly Task[];
  /** The entries of the registry that the scope names, of those that exist. With a receipt, empty. */
  readonly agents: readonly Agent[];
  /** For the scope `sessions`: the session of each reference, in their order; otherwise, and with a receipt, empty. */
  readonly named: readonly (NamedSession | null)[];
  /**
   * If no head was found: when the next scheduled task is due, of the named sessions or (`ready`) of the namespace,
   * whatever its kind. A time in the past means at once.
   */
  readonly nextDueAt: number | null;
  /**
   * Numbers for people (`t42`, `s17`), smallest first, for the scope `new` and for `newRows`; otherwise empty. There is
   * at least one for each id among the task ids and session ids of `new`, whether it exists or not. Each is greater
   * than any number of a task or a session in any namespace. A number that is not used may be given again, or never.
   */
  readonly numbers: readonly number[];
  /** The receipt of the scope's `commandId`, if that command had an effect before. */
  readonly receipt: Receipt | null;
  /**
   * Whether the scope `due` would find anything in the namespace now, locked or not: for the scopes that ask for it
   * (see `scope.ts`), and without a receipt; otherwise false.
   */
  readonly isDue: boolean;
  /** For the scope `stale`: whether sessions were skipped because another unit of work has locked them. */
  readonly skippedStale?: boolean;
  /** For the scopes with `related`: those of these tasks that exist, in any order. */
  readonly related?: readonly RelatedTask[];
  /**
   * For the scope `sessions` with `related`: the open dependencies of those tasks, of the tasks that these wait for,
   * and so on; each once, at most `awaited_dependencies_max`, in any order.
   */
  readonly awaited?: readonly AwaitedTask[];
  /**
   * The ids of those tasks, among the running tasks of `sessions` and `tasks`, on which other tasks depend. Missing:
   * none. While the session of a task is locked, no task is added that depends on it.
   */
  readonly dependedOn?: readonly string[];
  /** For the scope `due`: ends of dependencies of `tasks`, by task, dependency and number. */
  readonly dependencyEnds?: readonly LoadedEnd[];
  /** The ids of those heads of `sessions` that have sub-tasks. Missing: none. */
  readonly withSubtasks?: readonly string[];
}

/** A session with its running task and its head. */
export interface LoadedSession {
  readonly session: Session;
  /** The task that runs under its lease. */
  readonly task: Task | null;
  /** The first of its queued tasks (see `compareInQueue`), tasks whose time has come included. */
  readonly head: Task | null;
}

/**
 * An end of a dependency; whether the task waits for the dependency still, and that one has the status of this end
 * still: it may have been retried since, may have ended otherwise by an end that is not loaded with this one, and the
 * task may even have begun to wait for it anew.
 */
export type LoadedEnd = DependencyEnd & { readonly isOpen: boolean };

/** That a task waits for another one. */
export type AwaitedTask = Pick<Dependency, 'taskId' | 'dependencyId'>;

/** A task that a new one names, or for which a holder is to wait; with the review that it asks for. */
export type RelatedTask = Pick<Task, 'id' | 'number' | 'sessionId' | 'status' | 'review'>;

/** The session that a reference named. */
export interface NamedSession {
  readonly sessionId: string;
  /** For a reference by fence: how that lease ended, if it is over. */
  readonly endedLease: EndedLease | null;
}

/** How a lease ended, and the events of the log around its end. */
export interface EndedLease {
  /** The event that granted it. */
  readonly grant: Event;
  /** The event that ended it. */
  readonly end: Event;
  /** The next event in the session that granted a lease. */
  readonly successor: Event | null;
  /** Whether the log has a refusal of its token. */
  readonly refused: boolean;
}
