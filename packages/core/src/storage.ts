/**
 * The storage port: all that a database must do for the orchestrator, and nothing about leases, attempts or recovery.
 *
 * A storage is dumb on purpose. It locks and loads what a scope names, lets `decide` judge it, saves the rows that come
 * back, and looks up each touched session's next head. The rules live in `decide/` and `evolve.ts`; a storage that makes a
 * decision of its own is wrong. `@agent-orchestrator/storage-conformance` is this page as tests.
 */
import type { ClockReading, ClockState } from './clock.ts';
import type { Event, EventType, LeaseMark, NewEvent } from './events.ts';
import type { Outlook, OutlookScope } from './outlook.ts';
import type { Receipt } from './receipt.ts';
import type { Session, SessionStatus } from './session.ts';
import type { StoreMark } from './store-mark.ts';
import type { NextHead, Task, TaskStatus } from './task.ts';

export interface Storage {
  readonly capabilities: Capabilities;
  /** Creates the tables or upgrades them; safe from many processes at once. */
  migrate(): Promise<MigrationReport>;
  /**
   * One unit of work, atomically: locks and loads what `scope` names, lets `decide` judge it, saves what it returns,
   * and answers its reply only after the commit is durable. `decide` is synchronous and pure: it may be called again, and
   * many calls of one process may share one database transaction; what one of them throws undoes that one alone (that tasks
   * became claimable because their time has come may stay).
   */
  transact<R>(scope: Scope, decide: (loaded: Loaded) => Decision<R>): Promise<R>;
  /** Reads that never lock, migrate or create. */
  readonly read: Reader;
  /** Calls `onChange` within a second after anybody changed the data (spurious calls are allowed), until what it returns is called. */
  watch(onChange: () => void): Promise<() => Promise<void>>;
  /** Finishes what is under way and lets go of every handle. Further calls throw `STORE_CLOSED`; closing twice is fine. */
  close(): Promise<void>;
}

/** What a storage can do, as data: one that lies fails the suite. */
export interface Capabilities {
  /** Whether several machines can work on the same data. */
  readonly shared: boolean;
  /** Whether another process can open the same data. */
  readonly multiProcess: boolean;
  /** Whether the data is still there after `close()`. */
  readonly durable: boolean;
  /** Whether `watch` is told of changes (`push`) or has to look for them (`poll`). */
  readonly wakeUp: 'push' | 'poll';
  /** Whether holders get a new TTL after the machine slept or its clock was set. */
  readonly sleepGrace: boolean;
  /** Length of the smallest step of its times, in milliseconds. */
  readonly timePrecisionMs: number;
}

export interface MigrationReport {
  /** Whether the store was made by this call. */
  readonly created: boolean;
  /** Names of the migrations that this call applied, in order. */
  readonly applied: readonly string[];
}

/** What a unit of work is about. Every scope but `held` stays within one namespace. */
export type Scope = Readonly<{ namespace: string; commandId?: string }> &
  (
    | Readonly<{ by: 'session'; sessionId: string; token?: number; waiting?: number; then?: ReadyFilter }>
    | Readonly<{ by: 'ready'; staleLimit: number; heldBy?: string } & ReadyFilter>
    | Readonly<{ by: 'stale'; limit: number; also?: readonly string[] }>
    | Readonly<{ by: 'held'; limit: number; after: SessionKey | null }>
    | Readonly<{ by: 'task'; taskId: string }>
    | Readonly<{ by: 'new'; sessionIds: readonly string[]; taskIds: readonly string[]; dedupeKeys: readonly string[] }>
  );

/** Idle sessions whose head fits: for one of the addressees (see `addresseesOf`), of one of the kinds if given. Best first. */
export interface ReadyFilter {
  readonly addressees: readonly string[];
  readonly kinds?: readonly string[];
  readonly limit: number;
}

export interface SessionKey {
  readonly namespace: string;
  readonly sessionId: string;
}

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

/** What is to be saved, all or nothing, and the answer. */
export interface Decision<R> {
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

export interface Reader {
  /** With `next`, and the head that it names, as they are stored: a read does not see that a scheduled task is due. */
  session(namespace: string, id: string): Promise<(LoadedSession & { readonly next: NextHead | null }) | null>;
  task(namespace: string, id: string): Promise<Task | null>;
  /** By id, after the cursor, which is an id. */
  sessions(filter: SessionFilter): Promise<Page<Session>>;
  tasks(filter: TaskFilter): Promise<Page<Task>>;
  /** By event id, or by `seq` if a session is named; after the cursor, which is that number. */
  events(filter: EventFilter): Promise<Page<Event>>;
  /** How many sessions and tasks of each status, and how many events; each counted up to `max`. */
  counts(namespace: string, max: number): Promise<Counts>;
  /** What a claim would choose from, without its lock and as it is stored: what has come due is not queued by looking. */
  outlook(scope: OutlookScope): Promise<Outlook>;
  /** Every event up to this id is visible to a read that begins now, and no smaller id will appear later. */
  settledEventId(): Promise<number>;
  /** The namespaces that hold a session or an event. */
  namespaces(): Promise<readonly string[]>;
  /** Runs reads that all see the same state. Short: a long one keeps the database from tidying up. */
  snapshot<R>(use: (reader: Reader) => Promise<R>): Promise<R>;
  /** The authority's time in whole milliseconds. */
  now(): Promise<number>;
  /** What stands on the door; null: the store is open for work. A store that is not can be read all the same. */
  mark(): Promise<StoreMark | null>;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** The cursor of the next page; null: this was the last. */
  readonly next: string | null;
}

interface PageRequest {
  readonly namespace: string;
  readonly limit: number;
  readonly after?: string;
}

export interface SessionFilter extends PageRequest {
  readonly status?: readonly SessionStatus[];
  readonly agent?: string;
}

export interface TaskFilter extends PageRequest {
  readonly sessionId?: string;
  readonly status?: readonly TaskStatus[];
  readonly kind?: string;
}

export interface EventFilter extends PageRequest {
  readonly sessionId?: string;
  readonly taskId?: string;
  readonly types?: readonly EventType[];
  readonly leaseMark?: LeaseMark;
}

export interface Counts {
  readonly sessions: Readonly<Record<SessionStatus, number>>;
  readonly tasks: Readonly<Record<TaskStatus, number>>;
  readonly events: number;
}
