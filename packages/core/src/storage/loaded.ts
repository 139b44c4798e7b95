import type { ClockReading, ClockState } from '../model/clock.ts';
import type { Receipt } from '../model/receipt.ts';
import type { Session } from '../model/session.ts';
import type { Task } from '../model/task.ts';
import type { Event } from '../log/events.ts';

/**
 * What was found under the lock. `sessions` holds, by scope: `session`: the named one (if it exists), then the heads of
 * `then` · `ready`: held ones of `heldBy` (oldest token first, at most `sweep_page_max`), stale ones, then idle heads in
 * order · `stale`: stale ones by `stale_at`, then `also` · `held`: the page after `after`, by namespace and id · `task`:
 * the task's session · `new`: those that exist. No session stands in it twice. `tasks` holds: `session`: with `waiting`, that many scheduled or queued ones, by id ·
 * `task`: the task · `new`: those with one of the ids or dedupe keys. With a receipt, both hold what the receipt names.
 */
export interface Loaded {
  /** The authority's time in whole milliseconds, read after the locks were taken. */
  readonly now: number;
  readonly clock: ClockState & { readonly reading: ClockReading };
  /** The greatest token ever granted in this database, 0 if none; carried on within a group. */
  readonly greatestToken: number;
  readonly sessions: readonly LoadedSession[];
  readonly tasks: readonly Task[];
  /** Where no head was found: when the session's or (`ready`) the namespace's next scheduled task is due, whatever its kind; at or before `now`: at once. */
  readonly nextDueAt: number | null;
  /** Of the scope's `commandId`, if it had an effect before. */
  readonly receipt: Receipt | null;
  /** Of the scope's `token`, if it was granted in this session and its lease is over. */
  readonly endedLease: EndedLease | null;
}

/** A session with its two tasks of note. */
export interface LoadedSession {
  readonly session: Session;
  /** The one that runs under its lease. */
  readonly task: Task | null;
  /** The first of its queued tasks (see `compareInQueue`), tasks whose time has come included. */
  readonly head: Task | null;
}

/** How a lease ended: its closing event (mark 2), and what the log says around it. */
export interface EndedLease {
  readonly closing: Event;
  /** The next event in the session that granted a lease (mark 1). */
  readonly successor: Event | null;
  /** Whether an event with mark 3 for this token exists. */
  readonly refused: boolean;
}
