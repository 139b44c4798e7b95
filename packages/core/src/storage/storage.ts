/**
 * The storage port: all that a database must do for the orchestrator, and nothing about leases, attempts or recovery.
 *
 * A storage is dumb on purpose. It locks and loads what a scope names, lets `decide` judge it, saves the rows that come
 * back, and looks up each touched session's next head. The rules live in `decide/` and `evolve.ts`; a storage that makes a
 * decision of its own is wrong. `@agent-orchestrator/storage-conformance` is this page as tests.
 */
import type { Event, EventType, LeaseMark } from '../log/events.ts';
import type { Outlook, OutlookScope } from './claim-preview.ts';
import type { Loaded, LoadedSession } from './loaded.ts';
import type { Scope } from './scope.ts';
import type { Decision } from './write-set.ts';
import type { Session, SessionStatus } from '../model/session.ts';
import type { StoreMark } from './store-state.ts';
import type { NextHead, Task, TaskStatus } from '../model/task.ts';

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
