import type { ClockReading, ClockState } from '../model/clock.ts';
import type { Receipt } from '../model/receipt.ts';
import type { Session } from '../model/session.ts';
import type { Task } from '../model/task.ts';
import type { Event } from '../log/events.ts';

/** What was found under the lock. Which rows, each scope says (see `scope.ts`). No session is in it twice. */
export interface Loaded {
  /** The authority's time in whole milliseconds, read after the locks were taken. */
  readonly now: number;
  readonly clock: ClockState & { readonly reading: ClockReading };
  /** The greatest fence ever granted in this database, 0 if none; carried on within a group. */
  readonly greatestFence: number;
  readonly sessions: readonly LoadedSession[];
  readonly tasks: readonly Task[];
  /** Of the scope `sessions`: what each of its references is, in their order; otherwise, and with a receipt, empty. */
  readonly named: readonly (NamedSession | null)[];
  /**
   * Where no head was found: when the next scheduled task is due, of the named sessions or (`ready`) of the namespace, whatever
   * its kind; a time that has come means at once.
   */
  readonly nextDueAt: number | null;
  /**
   * Of the scope `new`: at least one number for each of its task ids and session ids, whether they exist or not; otherwise
   * empty.
   */
  readonly numbers: FreeNumbers;
  /** Of the scope's `commandId`, if it had an effect before. */
  readonly receipt: Receipt | null;
}

/**
 * Numbers for people (`t42`, `s17`), smallest first: each greater than any that a row of any namespace has, tasks and sessions
 * counted apart. Numbers that are not used may be given again, or be left out.
 */
export interface FreeNumbers {
  readonly tasks: readonly number[];
  readonly sessions: readonly number[];
}

/** A session with its two tasks of note. */
export interface LoadedSession {
  readonly session: Session;
  /** The one that runs under its lease. */
  readonly task: Task | null;
  /** The first of its queued tasks (see `compareInQueue`), tasks whose time has come included. */
  readonly head: Task | null;
}

/** The session that a reference named. */
export interface NamedSession {
  readonly sessionId: string;
  /** Of a reference by fence: how that lease ended, if it is over. */
  readonly endedLease: EndedLease | null;
}

/** How a lease ended, and what the log says around it. */
export interface EndedLease {
  /** The event that granted it. */
  readonly grant: Event;
  /** The event that ended it. */
  readonly end: Event;
  /** The next event in the session that granted a lease. */
  readonly successor: Event | null;
  /** Whether a refusal of its token is on record. */
  readonly refused: boolean;
}
