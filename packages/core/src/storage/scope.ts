/*
 * The scope of a unit of work: the rows that the storage locks and loads before the command decides.
 *
 * Every scope but `held` and `delayed` stays within one namespace. With a `commandId` the storage also looks for the
 * receipt of that command. If there is one, it loads the rows that the receipt names instead of those of the scope (see
 * `namedByReceipt`).
 *
 * With `agents` the storage also loads these entries of the registry into `Loaded.agents`. No other unit of work
 * changes them, or adds one of them, before this one has ended. Their locks are taken before those on sessions, and any
 * number of units of work can have them at once.
 *
 * Locks on sessions are taken in one order, by namespace and then by id (`compareCodePoints`). So two units of work
 * that name the same sessions wait for each other and never deadlock. A scope that chooses sessions by itself (`ready`,
 * `stale`, `nextReady`, `due`) skips those that another unit of work has locked.
 *
 * `ready`, `stale`, and `sessions` with a `sessionId` or with `nextReady` also tell whether anything of the namespace
 * is due (`Loaded.isDue`).
 */

/** The scope of a unit of work. */
export type Scope = Readonly<{ namespace: string; commandId?: string; agents?: readonly string[] }> &
  (SessionsScope | ReadyScope | StaleScope | HeldScope | DelayedScope | DueScope | TaskScope | NewScope | AgentScope);

/**
 * Named sessions: heartbeat, checkpoint, release, a claim of one session, close.
 *
 * Locks the session of each reference, waiting for other units of work. `Loaded.named` has the session of each
 * reference, in the order of the references; null for a reference to nothing. `Loaded.sessions` begins with these
 * sessions, each once. Before they are loaded, at most `flipped_tasks_max` of their scheduled tasks whose time has come
 * become queued.
 */
export interface SessionsScope {
  readonly by: 'sessions';
  /** At least one. */
  readonly sessions: readonly SessionRef[];
  /** Also locks the sessions of these tasks, and loads both; what does not exist is left out. */
  readonly extraTaskIds?: readonly string[];
  /** Also gives this many numbers for new rows, as `new` does. */
  readonly newRows?: number;
  /**
   * Tasks for which a holder is to wait: their sessions are locked, and they come in `Loaded.related`, as for `new`.
   * Also loads for what they wait themselves (`Loaded.awaited`). Missing: none.
   */
  readonly related?: readonly string[];
  /** Also loads up to this many waiting tasks of these sessions into `Loaded.tasks`, by session and id. */
  readonly openTasksLimit?: number;
  /**
   * Also loads the heads that a claim would take next, as `ready` does (scheduled tasks of the whole namespace become
   * queued as well), except those of the named sessions. They follow in `Loaded.sessions`.
   */
  readonly nextReady?: ReadyFilter;
}

/** A session of this namespace: by its id, or by the fence of a lease that was ever granted in it. */
export type SessionRef = { readonly sessionId: string } | { readonly fence: number };

/**
 * The best heads of the namespace: a claim without a session.
 *
 * First, at most `flipped_tasks_max` scheduled tasks of the namespace whose time has come become queued.
 * `Loaded.sessions` then holds, in this order and each once:
 *
 * - with `heldBy`: the sessions that this agent holds, oldest fence first, at most `sweep_page_max`
 * - stale sessions by `staleAt`, at most `staleLimit`
 * - idle sessions whose head fits the filter, best first (see `compareInQueue`)
 */
export interface ReadyScope extends ReadyFilter {
  readonly by: 'ready';
  readonly staleLimit: number;
  readonly heldBy?: string;
}

/**
 * Idle sessions whose head is for one of the addressees (see `addresseesOf`), and of one of the kinds if given. With
 * `agent`, reviews that this agent may not claim are left out (see `isBarred`).
 */
export interface ReadyFilter {
  readonly addressees: readonly string[];
  readonly agent?: string;
  readonly kinds?: readonly string[];
  readonly limit: number;
}

/**
 * Recovery: stale sessions by `staleAt`, at most `limit`; then those of `extraSessionIds` that are held and not among
 * them. If another unit of work has locked all of them that can be seen, it waits for them, but not for long.
 */
export interface StaleScope {
  readonly by: 'stale';
  readonly limit: number;
  readonly extraSessionIds?: readonly string[];
}

/** All held sessions of all namespaces in pages, by namespace and id, after a key: clock jumps and restores. */
export interface HeldScope {
  readonly by: 'held';
  readonly limit: number;
  readonly after: SessionKey | null;
}

/**
 * At most so many scheduled tasks of all namespaces whose delay began after the time now, and at most so many tasks
 * with a `returnAt` that were handed off after it (in `Loaded.tasks`), and their sessions, which are locked: after a
 * clock jump. Another process may have done the tasks of a session before it was
 * locked, so fewer than `limit` does not mean that there are no more. Without a session there are none.
 */
export interface DelayedScope {
  readonly by: 'delayed';
  readonly limit: number;
}

/**
 * What is due in the namespace, and what no caller asks for. First the tasks whose hand-off is over (`returnAt` is now
 * or before), by `returnAt` and then by id, at most `limit` (in `Loaded.tasks`), and their sessions, which are
 * locked. Tasks whose session another unit of work has locked are left out, and others take their place.
 *
 * Then the tasks that have a `DependencyEnd`, by id, at most `limit`, and their sessions, in the same way; and their
 * ends in `Loaded.dependencyEnds`, at most `settled_ends_max`.
 */
export interface DueScope {
  readonly by: 'due';
  readonly limit: number;
}

/** One task (in `Loaded.tasks`) and its session, which is locked: cancel, retry. */
export interface TaskScope {
  readonly by: 'task';
  readonly taskId: string;
  /** Also loads, after it, the task that holds its dedupe key, if that is another one. Its session is not loaded. */
  readonly keyHolder?: true;
  /** Also these tasks and their sessions. The first one in `Loaded.tasks` is the one that is named, if it exists. */
  readonly extraTaskIds?: readonly string[];
}

/**
 * An enqueue: the sessions that exist (locked; in `Loaded.sessions`), and the tasks that have one of the ids or hold
 * one of the dedupe keys (in `Loaded.tasks`; see `holdsDedupeKey`).
 *
 * The sessions of the tasks in `related` are locked with the others, in the same order, before the status of these
 * tasks is read (`Loaded.related`): a task that ends at the same time either has ended by then, or finds the new
 * dependency when it ends. They are not in `Loaded.sessions`.
 */
export interface NewScope {
  readonly by: 'new';
  readonly sessionIds: readonly string[];
  readonly taskIds: readonly string[];
  readonly dedupeKeys: readonly string[];
  /** Tasks on which the new ones depend, or of which they are parts. Missing: none. */
  readonly related?: readonly string[];
}

/**
 * One entry of the registry (in `Loaded.agents`, if it exists), to be changed or added. It waits for the units of work
 * that name it in `agents`, and no other can name it before this one has ended.
 */
export interface AgentScope {
  readonly by: 'agent';
  readonly name: string;
}

/** The key of a session in the whole database. */
export interface SessionKey {
  readonly namespace: string;
  readonly sessionId: string;
}
