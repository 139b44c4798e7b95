/*
 * The scope of a unit of work: the rows that the storage locks and loads before the command decides.
 *
 * Every scope but `held` and `delayed` stays within one namespace. With a `commandId` the storage also looks for the
 * receipt of that command. If there is one, it loads the rows that the receipt names instead of those of the scope (see
 * `namedByReceipt`).
 *
 * Locks on sessions are taken in one order, by namespace and then by id (`compareCodePoints`). So two units of work
 * that name the same sessions wait for each other and never deadlock. A scope that chooses sessions by itself (`ready`,
 * `stale`, `nextReady`) skips those that another unit of work has locked.
 */

/** The scope of a unit of work. */
export type Scope = Readonly<{ namespace: string; commandId?: string }> &
  (SessionsScope | ReadyScope | StaleScope | HeldScope | DelayedScope | TaskScope | NewScope);

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

/** Idle sessions whose head is for one of the addressees (see `addresseesOf`), and of one of the kinds if given. */
export interface ReadyFilter {
  readonly addressees: readonly string[];
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
 * At most so many scheduled tasks of all namespaces whose delay began after the time now (in `Loaded.tasks`), and their
 * sessions, which are locked: after a clock jump. Another process may have done the tasks of a session before it was
 * locked, so fewer than `limit` does not mean that there are no more. Without a session there are none.
 */
export interface DelayedScope {
  readonly by: 'delayed';
  readonly limit: number;
}

/** One task (in `Loaded.tasks`) and its session, which is locked: cancel, retry. */
export interface TaskScope {
  readonly by: 'task';
  readonly taskId: string;
}

/**
 * An enqueue: the sessions that exist (locked; in `Loaded.sessions`), and the tasks that have one of the ids or dedupe
 * keys (in `Loaded.tasks`).
 */
export interface NewScope {
  readonly by: 'new';
  readonly sessionIds: readonly string[];
  readonly taskIds: readonly string[];
  readonly dedupeKeys: readonly string[];
}

/** The key of a session in the whole database. */
export interface SessionKey {
  readonly namespace: string;
  readonly sessionId: string;
}
