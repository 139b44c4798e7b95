import {
  compareCodePoints,
  hasQueue,
  isHeld,
  LIMITS,
  namedByReceipt,
  type EndedLease,
  type Loaded,
  type LoadedSession,
  type NamedSession,
  type ReadyFilter,
  type Receipt,
  type Scope,
  type Session,
  type SessionRef,
  type Task,
} from '@agent-orchestrator/core';
import type { ReadyKey } from '../rows.ts';
import { setNextHead } from './save.ts';
import type { Statements } from '../statements.ts';

/** What a scope finds, apart from what holds for the whole database. */
export type Found = Pick<Loaded, 'sessions' | 'tasks' | 'named' | 'nextDueAt' | 'receipt'>;

type ScopeBy<By extends Scope['by']> = Extract<Scope, { by: By }>;

const NOTHING: Found = { sessions: [], tasks: [], named: [], nextDueAt: null, receipt: null };

/** Loads what the scope names. The write lock is held: tasks whose time has come are made claimable on the way. */
export function load(on: Statements, scope: Scope, now: number): Found {
  const receipt = scope.commandId === undefined ? undefined : on.receipt.get(scope.namespace, scope.commandId);
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
export function lookForReady(on: Statements, scope: ScopeBy<'ready'>, now: number): Found | null {
  const dueAt = on.due.get(scope.namespace) ?? null;
  if (dueAt !== null && dueAt <= now) return null;
  if (scope.commandId !== undefined && on.receipt.get(scope.namespace, scope.commandId) !== undefined) return null;
  const isEmpty =
    heldAndStale(on, scope, now).length === 0 && readyKeys(on, scope.namespace, { ...scope, limit: 1 }).length === 0;
  return isEmpty ? { ...NOTHING, nextDueAt: dueAt } : null;
}

function loadNamed(on: Statements, receipt: Receipt): Found {
  const { namespace } = receipt;
  const named = namedByReceipt(receipt);
  return {
    ...NOTHING,
    receipt,
    sessions: sessionsOf(on, namespace, named.sessions),
    tasks: named.tasks.flatMap((id) => on.task.get(namespace, id) ?? []),
  };
}

function loadSessions(on: Statements, scope: ScopeBy<'sessions'>, now: number): Found {
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
  queueDueInSessions(on, namespace, withQueue, now);
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

function sessionOfRef(on: Statements, namespace: string, ref: SessionRef): Session | undefined {
  return 'fence' in ref ? on.sessionOfFence.get(namespace, ref.fence) : on.session.get(namespace, ref.sessionId);
}

/** The first waiting tasks of these sessions, by session and id. */
function waitingTasks(on: Statements, sessions: readonly Session[], limit: number): Task[] {
  const found: Task[] = [];
  for (const { namespace, number } of sessions.toSorted((a, b) => compareCodePoints(a.id, b.id))) {
    if (found.length === limit) break;
    found.push(...on.waiting.all(namespace, number, namespace, number, limit - found.length));
  }
  return found;
}

/** When the next scheduled task of these sessions is due. */
function nextDueIn(on: Statements, sessions: readonly Session[]): number | null {
  const times = sessions.flatMap(({ namespace, number }) => on.dueInSession.get(namespace, number) ?? []);
  return times.length === 0 ? null : Math.min(...times);
}

/** Idle sessions whose head fits, best first, without those that are loaded already. */
function readyExcept(
  on: Statements,
  namespace: string,
  filter: ReadyFilter,
  loaded: ReadonlyMap<string, Session>,
): LoadedSession[] {
  const idle = [...loaded.values()].filter(({ status }) => status === 'idle').length;
  const found = readySessions(on, namespace, { ...filter, limit: filter.limit + idle });
  return found.filter(({ session }) => !loaded.has(session.id)).slice(0, filter.limit);
}

function loadReady(on: Statements, scope: ScopeBy<'ready'>, now: number): Found {
  const nextDueAt = queueDue(on, scope.namespace, now);
  const sessions = heldAndStale(on, scope, now).map((session) => complete(on, session));
  const ready = readySessions(on, scope.namespace, scope);
  return { ...NOTHING, sessions: [...sessions, ...ready], nextDueAt: ready.length > 0 ? null : nextDueAt };
}

function loadStale(on: Statements, scope: ScopeBy<'stale'>, now: number): Found {
  const { namespace, extraSessionIds = [] } = scope;
  const stale = on.stale.all(namespace, now, scope.limit);
  const known = new Set(stale.map(({ id }) => id));
  const extra = sessionRows(on, namespace, extraSessionIds).filter((one) => isHeld(one) && !known.has(one.id));
  return { ...NOTHING, sessions: [...stale, ...extra].map((session) => complete(on, session)) };
}

function loadHeld(on: Statements, { after, limit }: ScopeBy<'held'>): Found {
  const keys = on.heldAfter.all(after?.namespace ?? '', after?.sessionId ?? '', limit);
  return { ...NOTHING, sessions: keys.flatMap(({ namespace, id }) => sessionsOf(on, namespace, [id])) };
}

function loadTask(on: Statements, { namespace, taskId }: ScopeBy<'task'>): Found {
  const task = on.task.get(namespace, taskId);
  return task === undefined
    ? NOTHING
    : { ...NOTHING, sessions: sessionsOf(on, namespace, [task.sessionId]), tasks: [task] };
}

function loadNew(on: Statements, { namespace, sessionIds, taskIds, dedupeKeys }: ScopeBy<'new'>): Found {
  const tasks = new Map<string, Task>();
  for (const id of taskIds) keep(tasks, on.task.get(namespace, id));
  for (const key of dedupeKeys) keep(tasks, on.taskOfDedupeKey.get(namespace, key));
  return { ...NOTHING, sessions: sessionsOf(on, namespace, sessionIds), tasks: [...tasks.values()] };
}

function keep(tasks: Map<string, Task>, task: Task | undefined): void {
  if (task !== undefined) tasks.set(task.id, task);
}

/** Makes tasks claimable whose time has come; answers when the next one is due. */
function queueDue(on: Statements, namespace: string, now: number): number | null {
  const dueAt = on.due.get(namespace) ?? null;
  if (dueAt === null || dueAt > now) return dueAt;
  setNextHeads(on, namespace, on.queueDue.all(namespace, now));
  return on.due.get(namespace) ?? null;
}

/** Makes tasks of these sessions claimable whose time has come: those that are due longest, if there are too many. */
function queueDueInSessions(on: Statements, namespace: string, sessions: readonly Session[], now: number): void {
  const due = sessions.flatMap(({ number }) => {
    const dueAt = on.dueInSession.get(namespace, number) ?? null;
    return dueAt === null || dueAt > now ? [] : on.dueTasksInSession.all(namespace, number, now);
  });
  const first = due.toSorted((a, b) => a.runAt - b.runAt).slice(0, LIMITS.flipped_tasks_max);
  for (const { number } of first) on.queueTask.run(number);
  setNextHeads(
    on,
    namespace,
    first.map(({ session }) => session),
  );
}

function setNextHeads(on: Statements, namespace: string, sessions: readonly number[]): void {
  for (const number of unique(sessions)) setNextHead(on, namespace, number);
}

function heldAndStale(on: Statements, { namespace, heldBy, staleLimit }: ScopeBy<'ready'>, now: number): Session[] {
  const held = heldBy === undefined ? [] : on.heldBy.all(namespace, heldBy);
  const own = new Set(held.map(({ id }) => id));
  const stale = staleLimit === 0 ? [] : on.stale.all(namespace, now, staleLimit + held.length);
  return [...held, ...stale.filter(({ id }) => !own.has(id)).slice(0, staleLimit)];
}

function readySessions(on: Statements, namespace: string, filter: ReadyFilter): LoadedSession[] {
  return readyKeys(on, namespace, filter).flatMap(([number]) => {
    const session = on.sessionOfNumber.get(number);
    return session === undefined ? [] : [complete(on, session)];
  });
}

/** One look-up per addressee and kind, merged: priority, then age, then id of the head. */
function readyKeys(on: Statements, namespace: string, { addressees, kinds, limit }: ReadyFilter): ReadyKey[] {
  const keys: ReadyKey[] = [];
  for (const addressee of unique(addressees)) {
    if (kinds === undefined) keys.push(...on.ready.all(namespace, addressee, limit));
    else for (const kind of unique(kinds)) keys.push(...on.readyOfKind.all(namespace, addressee, kind, limit));
  }
  if (keys.length <= 1) return keys;
  return keys.toSorted((a, b) => a[1] - b[1] || a[2] - b[2] || compareCodePoints(a[3], b[3])).slice(0, limit);
}

function sessionsOf(on: Statements, namespace: string, ids: readonly string[]): LoadedSession[] {
  return sessionRows(on, namespace, ids).map((session) => complete(on, session));
}

/** Those that exist, in the order of the ids, each once. */
function sessionRows(on: Statements, namespace: string, ids: readonly string[]): Session[] {
  return unique(ids).flatMap((id) => on.session.get(namespace, id) ?? []);
}

function complete(on: Statements, session: Session): LoadedSession {
  const { namespace, number, taskId } = session;
  return {
    session,
    task: taskId === null ? null : (on.task.get(namespace, taskId) ?? null),
    head: hasQueue(session) ? (on.head.get(namespace, number) ?? null) : null,
  };
}

/** How the lease with this fence ended; null: it is the session's current one. */
function endedLease(on: Statements, session: Session, fence: number): EndedLease | null {
  if (session.fence === fence) return null;
  const [grant, end] = [on.leaseGrant.get(fence), on.leaseEnd.get(fence)];
  if (grant === undefined || end === undefined) return null;
  return {
    grant,
    end,
    successor: on.leaseSuccessor.get(session.namespace, session.number, end.seq) ?? null,
    refused: on.leaseRefusal.get(fence) !== undefined,
  };
}

function unique<Value>(values: readonly Value[]): readonly Value[] {
  return values.length <= 1 ? values : [...new Set(values)];
}
