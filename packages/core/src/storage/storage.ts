/**
 * The storage port: all that a database must do for the orchestrator, and nothing about leases, attempts or recovery.
 *
 * A storage makes no decisions. It locks and loads the rows that a scope names, calls `decide` with them, saves the
 * rows that `decide` returns, and looks up the next head of each touched session. The rules are in `commands/` and
 * `log/evolve.ts`. `scope.ts` specifies which rows a unit of work loads. `@agent-orchestrator/storage-conformance`
 * tests everything that this file promises.
 */
import type { Agent, AgentStatus } from '../model/agent.ts';
import type { Event, EventType, LeaseEffect } from '../log/events.ts';
import type { ClaimPreview, ClaimPreviewScope } from './claim-preview.ts';
import type { LeaseFilter, LeaseInterval, OldestHeads, OldestHeadsAsked } from './leases.ts';
import type { Loaded, LoadedSession } from './loaded.ts';
import type { Scope } from './scope.ts';
import type { WriteSet } from './write-set.ts';
import type { Dependency, DependencyEnd } from '../model/dependency.ts';
import type { Session } from '../model/session.ts';
import type { SessionStatus } from '../model/statuses.ts';
import type { StoreState } from './store-state.ts';
import type { NextHead, Task } from '../model/task.ts';
import type { TaskStatus } from '../model/statuses.ts';

export interface Storage {
  readonly capabilities: Capabilities;
  /** Creates the tables or upgrades them; safe from many processes at once. */
  migrate(): Promise<MigrationReport>;
  /**
   * One unit of work, atomically: locks and loads the rows of `scope`, calls `decide`, saves what it returns, and
   * answers its reply only after the commit is durable.
   *
   * - `decide` is synchronous and pure: it may be called again.
   * - Calls of one process may share one database transaction. If `decide` throws, only its own call has no effect
   *   (tasks that became queued because their time has come stay queued).
   * - If the database refuses a row, such as a second event with one number in a stream, the call throws and nothing
   *   of it is saved.
   */
  transact<R>(scope: Scope, decide: (loaded: Loaded) => WriteSet<R>): Promise<R>;
  /** Reads. They never lock, migrate or create. */
  readonly read: Reader;
  /**
   * Calls `onChange` within a second after any process changed the data; spurious calls are allowed.
   *
   * @returns ends the watch
   */
  watch(onChange: () => void): Promise<() => Promise<void>>;
  /**
   * Finishes the running calls and closes every handle: a call that waits, for its turn or for a connection, is
   * running. Further calls throw `STORE_CLOSED`; closing twice is allowed. A snapshot that awaits it waits for itself.
   *
   * A storage whose server may fall silent waits for reads for a bounded time, which it documents (on Postgres, 75
   * seconds). Then it closes the handles all the same, and the reads that are left throw `STORE_CLOSED`.
   */
  close(): Promise<void>;
}

/** What a storage can do, as data. The conformance suite fails a storage whose capabilities are wrong. */
export interface Capabilities {
  /** Whether several machines can work on the same data. */
  readonly shared: boolean;
  /** Whether another process can open the same data. */
  readonly multiProcess: boolean;
  /** Whether the data is still there after `close()`. */
  readonly durable: boolean;
  /** Whether the database notifies `watch` of changes (`push`), or `watch` has to look for them (`poll`). */
  readonly wakeUp: 'push' | 'poll';
  /** Whether holders get a new TTL after the machine slept or its clock was set. */
  readonly sleepGrace: boolean;
  /** The smallest step of its times, in milliseconds. */
  readonly timePrecisionMs: number;
}

export interface MigrationReport {
  /** Whether this call created the store. */
  readonly created: boolean;
  /** Names of the migrations that this call applied, in order. */
  readonly applied: readonly string[];
}

export interface Reader {
  /** With `next` and the head that it names, as they are stored: a read makes no scheduled task queued. */
  session(namespace: string, id: string): Promise<StoredSession | null>;
  /**
   * @param signal aborted: neither the caller nor `close()` waits for the answer any more, unless it is a read of a
   * snapshot. `RunningCalls` does that for every storage.
   */
  task(namespace: string, id: string, signal?: AbortSignal): Promise<Task | null>;
  agent(namespace: string, name: string): Promise<Agent | null>;
  /** By name, `OTHER_AGENTS` included; the cursor is a name. */
  agents(filter: AgentFilter): Promise<Page<Agent>>;
  /** By id; the cursor is an id. */
  sessions(filter: SessionFilter): Promise<Page<Session>>;
  tasks(filter: TaskFilter): Promise<Page<Task>>;
  /**
   * The waiting tasks by the time of their questions, then by id. The cursor has both (see `questionCursor`): its task
   * need not wait any more.
   */
  questions(filter: QuestionFilter): Promise<Page<Task>>;
  /**
   * The events of one session, or of the stream of one agent, by `seq`; the cursor is a `seq`. Otherwise by event id;
   * the cursor is an id. None beyond `upTo`.
   */
  events(filter: EventFilter): Promise<Page<Event>>;
  /**
   * By the id of the other task, which is the cursor. All of a namespace: by the task that waits, then by the other;
   * the cursor has both (see `dependencyKeyCursor`).
   */
  dependencies(filter: DependencyFilter): Promise<Page<Dependency>>;
  /** All of a namespace, by task, dependency and number. The cursor has the three (see `dependencyKeyCursor`). */
  dependencyEnds(filter: DependencyEndFilter): Promise<Page<DependencyEnd>>;
  /**
   * By fence, which is the order in which they were granted; the cursor is a fence. Leases of other namespaces are
   * walked past.
   */
  leases(filter: LeaseFilter): Promise<Page<LeaseInterval>>;
  /**
   * The sessions with these ids, each once and in any order, with the first page of its events and of its tasks; an id
   * without a session is left out. Outside of a snapshot, they need not all be of one moment. `verify` reads a store
   * with it, in a snapshot.
   */
  histories(namespace: string, sessionIds: readonly string[], limit: number): Promise<readonly SessionHistory[]>;
  /** How many sessions and tasks of each status, and how many events; each counted up to `max`. */
  counts(namespace: string, max: number): Promise<Counts>;
  /** How many tasks of each status a session has. With more than `max` tasks, any `max` of them are counted. */
  countsOfSession(namespace: string, sessionId: string, max: number): Promise<Counts['tasks']>;
  /**
   * Of the heads that a claim could choose from, as they are stored, the first `limit` by the time at which they were
   * queued, then by id. With more than `max` heads, they are looked for among any `max` of them.
   */
  oldestHeads(namespace: string, asked: OldestHeadsAsked): Promise<OldestHeads>;
  /**
   * The scheduled task, as it is stored, with the smallest `runAt` after a time (ms): any of several that have it.
   * null: there is none.
   */
  nextScheduled(namespace: string, after: number): Promise<Task | null>;
  /**
   * The rows that a claim would choose from, without its locks and as they are stored: no scheduled task becomes
   * queued.
   */
  claimPreview(scope: ClaimPreviewScope): Promise<ClaimPreview>;
  /**
   * The id of an event up to which the log is settled: a read that begins now sees every event up to it, and no smaller
   * id will appear later. 0 if there is none. It covers every unit of work that was answered before the call. It is the
   * id of an event that exists, because an id of a rolled-back transaction can be given again. In a snapshot it was
   * settled before the snapshot began, and is the same each time.
   */
  settledEventId(): Promise<number>;
  /** The id of the task or session of this namespace with a number for people (`t42`, `s17`); null: there is none. */
  idOfNumber(namespace: string, kind: 'task' | 'session', number: number): Promise<string | null>;
  /** The namespaces that hold a session or an event. */
  namespaces(): Promise<readonly string[]>;
  /**
   * Runs reads that all see the same state. It must be short: a long one blocks the clean-up of the database. A read
   * that comes after `use` has ended is refused.
   */
  snapshot<R>(use: (reader: Reader) => Promise<R>): Promise<R>;
  /** The authority's time in whole milliseconds. */
  now(): Promise<number>;
  /** null: the store is open for work. A store that is not open can still be read. `signal`: as of `task`. */
  storeState(signal?: AbortSignal): Promise<StoreState | null>;
}

/** A session with the head as the claim's index knows it. */
export interface StoredSession extends LoadedSession {
  readonly next: NextHead | null;
}

/** The next pages come from `events` and `tasks` of the session. */
export interface SessionHistory extends StoredSession {
  readonly events: Page<Event>;
  readonly tasks: Page<Task>;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** The cursor of the next page, for `after` or `before` as in the request; null: this was the last. */
  readonly next: string | null;
}

interface PageRequest {
  readonly namespace: string;
  readonly limit: number;
  /** Only what comes after this cursor. */
  readonly after?: string;
  /**
   * The list goes backwards, the last row first: only what comes before this cursor; null: from the end. Not given
   * together with `after`.
   */
  readonly before?: string | null;
}

export interface SessionFilter extends PageRequest {
  readonly status?: readonly SessionStatus[];
  readonly agent?: string;
}

export interface TaskFilter extends PageRequest {
  readonly sessionId?: string;
  readonly status?: readonly TaskStatus[];
  readonly kind?: string;
  /** The sub-tasks of this task. */
  readonly parentId?: string;
  /** Only tasks that were handed off and not claimed since, returned ones included. */
  readonly handedOff?: true;
  /** Only the task that holds this dedupe key (see `holdsDedupeKey`): at most one. */
  readonly dedupeKey?: string;
}

export interface QuestionFilter extends Omit<PageRequest, 'before'> {
  /** Only questions of one of these: `agent:NAME`, `role:NAME` or `''` (any agent). */
  readonly addressees?: readonly string[];
}

/** The dependencies of a task, or the other way round those of other tasks on it; or all of the namespace. */
export type DependencyFilter =
  | (PageRequest & ({ readonly taskId: string } | { readonly dependencyId: string }))
  | (Omit<PageRequest, 'before'> & { readonly ofAll: true });

/** The ends of which tasks have not been told. */
export type DependencyEndFilter = Omit<PageRequest, 'before'>;

/**
 * Which events. A list over the whole log must name a settled id as its bound. Beyond it, events with greater ids may
 * be visible while smaller ones are still being written, and a reader whose cursor passed those would miss them. The
 * events of one session or one task are written in the order of their ids, so there the bound may be left out.
 */
export type EventFilter = EventPageRequest &
  (
    | { readonly sessionId?: string; readonly taskId?: string; readonly upTo: number }
    | { readonly sessionId: string; readonly taskId?: string; readonly upTo?: number }
    | { readonly sessionId?: string; readonly taskId: string; readonly upTo?: number }
    | { readonly sessionId?: undefined; readonly taskId?: undefined; readonly ofAgent: string; readonly upTo?: number }
  );

interface EventPageRequest extends PageRequest {
  readonly types?: readonly EventType[];
  readonly leaseEffect?: LeaseEffect;
  /** The agent that the event names. */
  readonly agent?: string;
  /** Only the stream of this agent: what changed in its entry of the registry. Not together with a session or task. */
  readonly ofAgent?: string;
}

export interface AgentFilter {
  readonly namespace: string;
  readonly limit: number;
  /** Only names after this one. */
  readonly after?: string;
  readonly status?: readonly AgentStatus[];
  /** Only agents that have this role. */
  readonly role?: string;
}

export interface Counts {
  readonly sessions: Readonly<Record<SessionStatus, number>>;
  readonly tasks: Readonly<Record<TaskStatus, number>>;
  readonly events: number;
}
