/**
 * The scope switch: which rows a unit of work is given (`Scope` of the port says which). For an engine that answers
 * within the call, as SQLite does in this process; Postgres asks for all of a group's rows at once.
 */
import {
  compareCodePoints,
  hasQueue,
  isHeld,
  LIMITS,
  namedByReceipt,
  type EndedLease,
  type Event,
  type Loaded,
  type LoadedSession,
  type NamedSession,
  type ReadyFilter,
  type Receipt,
  type Scope,
  type Session,
  type SessionKey,
  type SessionRef,
  type Task,
} from '@agent-orchestrator/core';

/** The number of a ready session, and the place of its head among the heads of others. */
export type ReadyKey = readonly [number: number, priority: number, queuedAt: number, taskId: string];

/** A scheduled task whose time has come. */
export interface DueTask {
  readonly number: number;
  readonly runAt: number;
}

/** The look-ups that a storage makes for the scopes, each on one index, in the transaction of the unit of work. */
export interface ScopeLookups {
  receipt(namespace: string, commandId: string): Receipt | undefined;
  session(namespace: string, id: string): Session | undefined;
  sessionOfFence(namespace: string, fence: number): Session | undefined;
  sessionOfNumber(number: number): Session | undefined;
  task(namespace: string, id: string): Task | undefined;
  taskOfDedupeKey(namespace: string, dedupeKey: string): Task | undefined;
  /** The first of its queued tasks (see `compareInQueue`). */
  head(session: Session): Task | undefined;
  /** Its tasks that are queued or scheduled, by id. */
  waiting(session: Session, limit: number): readonly Task[];

  /** Idle sessions with a head for the addressee, best first; with a kind, those whose head is of that kind. */
  ready(namespace: string, addressee: string, limit: number): readonly ReadyKey[];
  readyOfKind(namespace: string, addressee: string, kind: string, limit: number): readonly ReadyKey[];
  /** By `staleAt` and id: those that are stale by now. */
  stale(namespace: string, now: number, limit: number): readonly Session[];
  /** What an agent holds, oldest fence first, at most `sweep_page_max`. */
  heldBy(namespace: string, agent: string): readonly Session[];
  /** The held sessions of all namespaces, by namespace and id. */
  heldAfter(after: SessionKey | null, limit: number): readonly Session[];

  /** When the next scheduled task is due, of the namespace or of one session. */
  due(namespace: string): number | undefined;
  dueInSession(session: Session): number | undefined;
  /** Queues at most `flipped_tasks_max` tasks of the namespace that are due by now, and updates the heads. */
  queueDue(namespace: string, now: number): void;
  /** The tasks of one session that are due by now, the first first, at most `flipped_tasks_max`. */
  dueTasks(session: Session, now: number): readonly DueTask[];
  /** Queues tasks of one session by their numbers, and updates its head. */
  queueTasks(session: Session, numbers: readonly number[]): void;

  /** The event that had an effect on the lease with this fence. */
  leaseEvent(fence: number, effect: 'granted' | 'ended'): Event | undefined;
  isRefused(fence: number): boolean;
  /** The next event of the session after a number that granted a lease. */
  nextGrant(session: Session, seq: number): Event | undefined;
}

/** What a scope finds, apart from what holds for the whole database. */
export type Found = Pick<Loaded, 'sessions' | 'tasks' | 'named' | 'nextDueAt' | 'receipt'>;

type ScopeBy<By extends Scope['by']> = Extract<Scope, { by: By }>;

const NOTHING: Found = { sessions: [], tasks: [], named: [], nextDueAt: null, receipt: null };

/** Loads what the scope names. The write lock is held: tasks whose time has come are made claimable on the way. */
export function loadScope(on: ScopeLookups, scope: Scope, now: number): Found {
  const receipt = scope.commandId === undefined ? undefined : on.receipt(scope.namespace, scope.commandId);
  if (receipt !== undefined) return loadNamed(on, receipt);
  switch (scope.by) {
    case 'sessions':
      return loadSessions(on, scope, now);
    case 'ready':
      return loadReady(on, scope, now);
    case 'stale':
      return loadStale(on, scope, now);
    case 'held':
      return loadHeld(on, scope);
    case 'task':
      return loadTask(on, scope);
    case 'new':
      return loadNew(on, scope);
  }
}

/**
 * What a poll would find, without the lock. Nothing at all may be answered at once: it was true when it was read.
 *
 * @returns null if there is something, which only the lock may decide on
 */
export function lookForReady(on: ScopeLookups, scope: ScopeBy<'ready'>, now: number): Found | null {
  const dueAt = on.due(scope.namespace) ?? null;
  if (dueAt !== null && dueAt <= now) return null;
  if (scope.commandId !== undefined && on.receipt(scope.namespace, scope.commandId) !== undefined) return null;
  const isEmpty =
    heldAndStale(on, scope, now).length === 0 && readyKeys(on, scope.namespace, { ...scope, limit: 1 }).length === 0;
  return isEmpty ? { ...NOTHING, nextDueAt: dueAt } : null;
}

function loadNamed(on: ScopeLookups, receipt: Receipt): Found {
  const { namespace } = receipt;
  const named = namedByReceipt(receipt);
  return {
    ...NOTHING,
    receipt,
    sessions: sessionsOf(on, namespace, named.sessions),
    tasks: named.tasks.flatMap((id) => on.task(namespace, id) ?? []),
  };
}

function loadSessions(on: ScopeLookups, scope: ScopeBy<'sessions'>, now: number): Found {
  const { namespace, nextReady, openTasksLimit = 0 } = scope;
  const rows = new Map<string, Session>();
  const named = scope.sessions.map((ref): NamedSession | null => {
    const session = sessionOfRef(on, namespace, ref);
    if (session === undefined) return null;
    rows.set(session.id, session);
    return { sessionId: session.id, endedLease: 'fence' in ref ? endedLease(on, session, ref.fence) : null };
  });
  const found = [...rows.values()];
  const withQueue = found.filter((session) => hasQueue(session));
  queueDueInSessions(on, withQueue, now);
  // What comes next is a claim without a session, and sees due tasks of all sessions like any other.
  if (nextReady !== undefined) queueDue(on, namespace, now);
  const own = found.map((session) => complete(on, session));
  const others = nextReady === undefined ? [] : readyExcept(on, namespace, nextReady, rows);
  return {
    sessions: [...own, ...others],
    tasks: openTasksLimit === 0 ? [] : waitingTasks(on, withQueue, openTasksLimit),
    named,
    nextDueAt: own.every(({ head }) => head === null) ? nextDueIn(on, withQueue) : null,
    receipt: null,
  };
}

function sessionOfRef(on: ScopeLookups, namespace: string, ref: SessionRef): Session | undefined {
  return 'fence' in ref ? on.sessionOfFence(namespace, ref.fence) : on.session(namespace, ref.sessionId);
}

/** The first waiting tasks of these sessions, by session and id. */
function waitingTasks(on: ScopeLookups, sessions: readonly Session[], limit: number): Task[] {
  const found: Task[] = [];
  for (const session of sessions.toSorted((a, b) => compareCodePoints(a.id, b.id))) {
    if (found.length === limit) break;
    found.push(...on.waiting(session, limit - found.length));
  }
  return found;
}

/** When the next scheduled task of these sessions is due. */
function nextDueIn(on: ScopeLookups, sessions: readonly Session[]): number | null {
  const times = sessions.flatMap((session) => on.dueInSession(session) ?? []);
  return times.length === 0 ? null : Math.min(...times);
}

/** Idle sessions whose head fits, best first, without those that are loaded already. */
function readyExcept(
  on: ScopeLookups,
  namespace: string,
  filter: ReadyFilter,
  loaded: ReadonlyMap<string, Session>,
): LoadedSession[] {
  const idle = [...loaded.values()].filter(({ status }) => status === 'idle').length;
  const found = readySessions(on, namespace, { ...filter, limit: filter.limit + idle });
  return found.filter(({ session }) => !loaded.has(session.id)).slice(0, filter.limit);
}

function loadReady(on: ScopeLookups, scope: ScopeBy<'ready'>, now: number): Found {
  const nextDueAt = queueDue(on, scope.namespace, now);
  const sessions = heldAndStale(on, scope, now).map((session) => complete(on, session));
  const ready = readySessions(on, scope.namespace, scope);
  return { ...NOTHING, sessions: [...sessions, ...ready], nextDueAt: ready.length > 0 ? null : nextDueAt };
}

function loadStale(on: ScopeLookups, scope: ScopeBy<'stale'>, now: number): Found {
  const { namespace, extraSessionIds = [] } = scope;
  const stale = on.stale(namespace, now, scope.limit);
  const known = new Set(stale.map(({ id }) => id));
  const extra = sessionRows(on, namespace, extraSessionIds).filter((one) => isHeld(one) && !known.has(one.id));
  return { ...NOTHING, sessions: [...stale, ...extra].map((session) => complete(on, session)) };
}

function loadHeld(on: ScopeLookups, { after, limit }: ScopeBy<'held'>): Found {
  return { ...NOTHING, sessions: on.heldAfter(after, limit).map((session) => complete(on, session)) };
}

function loadTask(on: ScopeLookups, { namespace, taskId }: ScopeBy<'task'>): Found {
  const task = on.task(namespace, taskId);
  return task === undefined
    ? NOTHING
    : { ...NOTHING, sessions: sessionsOf(on, namespace, [task.sessionId]), tasks: [task] };
}

function loadNew(on: ScopeLookups, { namespace, sessionIds, taskIds, dedupeKeys }: ScopeBy<'new'>): Found {
  const tasks = new Map<string, Task>();
  for (const id of taskIds) keep(tasks, on.task(namespace, id));
  for (const key of dedupeKeys) keep(tasks, on.taskOfDedupeKey(namespace, key));
  return { ...NOTHING, sessions: sessionsOf(on, namespace, sessionIds), tasks: [...tasks.values()] };
}

function keep(tasks: Map<string, Task>, task: Task | undefined): void {
  if (task !== undefined) tasks.set(task.id, task);
}

/** Makes tasks claimable whose time has come; answers when the next one is due. */
function queueDue(on: ScopeLookups, namespace: string, now: number): number | null {
  const dueAt = on.due(namespace) ?? null;
  if (dueAt === null || dueAt > now) return dueAt;
  on.queueDue(namespace, now);
  return on.due(namespace) ?? null;
}

/** Makes tasks of these sessions claimable whose time has come: those that are due longest, if there are too many. */
function queueDueInSessions(on: ScopeLookups, sessions: readonly Session[], now: number): void {
  const due = sessions.flatMap((session) => {
    const dueAt = on.dueInSession(session) ?? null;
    return dueAt === null || dueAt > now ? [] : on.dueTasks(session, now).map((task) => ({ ...task, session }));
  });
  const first = due.toSorted((a, b) => a.runAt - b.runAt).slice(0, LIMITS.flipped_tasks_max);
  for (const [session, tasks] of Map.groupBy(first, (task) => task.session))
    on.queueTasks(
      session,
      tasks.map(({ number }) => number),
    );
}

function heldAndStale(on: ScopeLookups, { namespace, heldBy, staleLimit }: ScopeBy<'ready'>, now: number): Session[] {
  const held = heldBy === undefined ? [] : on.heldBy(namespace, heldBy);
  const own = new Set(held.map(({ id }) => id));
  const stale = staleLimit === 0 ? [] : on.stale(namespace, now, staleLimit + held.length);
  return [...held, ...stale.filter(({ id }) => !own.has(id)).slice(0, staleLimit)];
}

function readySessions(on: ScopeLookups, namespace: string, filter: ReadyFilter): LoadedSession[] {
  return readyKeys(on, namespace, filter).flatMap(([number]) => {
    const session = on.sessionOfNumber(number);
    return session === undefined ? [] : [complete(on, session)];
  });
}

/** One look-up per addressee and kind, merged: priority, then age, then id of the head. */
function readyKeys(on: ScopeLookups, namespace: string, { addressees, kinds, limit }: ReadyFilter): ReadyKey[] {
  const keys: ReadyKey[] = [];
  for (const addressee of unique(addressees)) {
    if (kinds === undefined) keys.push(...on.ready(namespace, addressee, limit));
    else for (const kind of unique(kinds)) keys.push(...on.readyOfKind(namespace, addressee, kind, limit));
  }
  if (keys.length <= 1) return keys;
  return keys.toSorted((a, b) => a[1] - b[1] || a[2] - b[2] || compareCodePoints(a[3], b[3])).slice(0, limit);
}

function sessionsOf(on: ScopeLookups, namespace: string, ids: readonly string[]): LoadedSession[] {
  return sessionRows(on, namespace, ids).map((session) => complete(on, session));
}

/** Those that exist, in the order of the ids, each once. */
function sessionRows(on: ScopeLookups, namespace: string, ids: readonly string[]): Session[] {
  return unique(ids).flatMap((id) => on.session(namespace, id) ?? []);
}

function complete(on: ScopeLookups, session: Session): LoadedSession {
  const { namespace, taskId } = session;
  return {
    session,
    task: taskId === null ? null : (on.task(namespace, taskId) ?? null),
    head: hasQueue(session) ? (on.head(session) ?? null) : null,
  };
}

/** How the lease with this fence ended; null: it is the session's current one. */
function endedLease(on: ScopeLookups, session: Session, fence: number): EndedLease | null {
  if (session.fence === fence) return null;
  const [grant, end] = [on.leaseEvent(fence, 'granted'), on.leaseEvent(fence, 'ended')];
  if (grant === undefined || end === undefined) return null;
  return {
    grant,
    end,
    successor: on.nextGrant(session, end.seq) ?? null,
    refused: on.isRefused(fence),
  };
}

function unique<Value>(values: readonly Value[]): readonly Value[] {
  return values.length <= 1 ? values : [...new Set(values)];
}
