import {
  namedByReceipt,
  type EndedLease,
  type Loaded,
  type LoadedSession,
  type ReadyFilter,
  type Receipt,
  type Scope,
  type Session,
  type Task,
} from '@agent-orchestrator/core';
import type { ReadyKey } from './rows.ts';
import { setNextHead } from './save.ts';
import type { Statements } from './statements.ts';

/** What a scope finds, apart from what holds for the whole database. */
export type Found = Pick<Loaded, 'sessions' | 'tasks' | 'nextDueAt' | 'receipt' | 'endedLease'>;

type ScopeBy<By extends Scope['by']> = Extract<Scope, { by: By }>;

const NOTHING: Found = { sessions: [], tasks: [], nextDueAt: null, receipt: null, endedLease: null };

/** Loads what the scope names. The write lock is held: tasks whose time has come are made claimable on the way. */
export function load(on: Statements, scope: Scope, now: number): Found {
  const receipt = scope.commandId === undefined ? undefined : on.receipt.get(scope.namespace, scope.commandId);
  if (receipt !== undefined) return loadNamed(on, receipt);
  switch (scope.by) {
    case 'session':
      return loadSession(on, scope, now);
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
  const nobody =
    heldAndStale(on, scope, now).length === 0 && readyKeys(on, scope.namespace, { ...scope, limit: 1 }).length === 0;
  return nobody ? { ...NOTHING, nextDueAt: dueAt } : null;
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

function loadSession(on: Statements, scope: ScopeBy<'session'>, now: number): Found {
  const { namespace, sessionId, then } = scope;
  const session = on.session.get(namespace, sessionId);
  let nextDueAt = session === undefined ? null : (on.dueInSession.get(namespace, sessionId) ?? null);
  if (nextDueAt !== null && nextDueAt <= now) {
    setNextHeads(on, namespace, on.queueDueInSession.all(namespace, sessionId, now));
    nextDueAt = on.dueInSession.get(namespace, sessionId) ?? null;
  }
  // What comes next is a claim without a session, and sees due tasks of all sessions like any other.
  if (then !== undefined) queueDue(on, namespace, now);
  const named = session === undefined ? null : complete(on, session);
  const others =
    then === undefined ? [] : readySessions(on, namespace, then).filter((other) => other.session.id !== sessionId);
  return {
    sessions: named === null ? others : [named, ...others],
    tasks: scope.openTasksLimit === undefined ? [] : on.waiting.all(namespace, sessionId, scope.openTasksLimit),
    nextDueAt: (named?.head ?? null) === null ? nextDueAt : null,
    receipt: null,
    endedLease:
      scope.fence === undefined || session === undefined || session.fence === scope.fence
        ? null
        : endedLease(on, session, scope.fence),
  };
}

function loadReady(on: Statements, scope: ScopeBy<'ready'>, now: number): Found {
  const nextDueAt = queueDue(on, scope.namespace, now);
  const sessions = heldAndStale(on, scope, now).map((session) => complete(on, session));
  const ready = readySessions(on, scope.namespace, scope);
  return { ...NOTHING, sessions: [...sessions, ...ready], nextDueAt: ready.length > 0 ? null : nextDueAt };
}

function loadStale(on: Statements, scope: ScopeBy<'stale'>, now: number): Found {
  const { namespace, also = [] } = scope;
  const stale = on.stale.all(namespace, now, scope.limit);
  const known = new Set(stale.map(({ id }) => id));
  return {
    ...NOTHING,
    sessions: [
      ...stale.map((session) => complete(on, session)),
      ...sessionsOf(
        on,
        namespace,
        unique(also).filter((id) => !known.has(id)),
      ),
    ],
  };
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
  return { ...NOTHING, sessions: sessionsOf(on, namespace, unique(sessionIds)), tasks: [...tasks.values()] };
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

function setNextHeads(on: Statements, namespace: string, sessionIds: readonly string[]): void {
  for (const id of unique(sessionIds)) setNextHead(on, namespace, id);
}

function heldAndStale(on: Statements, { namespace, heldBy, staleLimit }: ScopeBy<'ready'>, now: number): Session[] {
  const stale = staleLimit === 0 ? [] : on.stale.all(namespace, now, staleLimit);
  if (heldBy === undefined) return stale;
  const held = on.heldBy.all(namespace, heldBy);
  return [...held, ...stale.filter(({ id }) => !held.some((one) => one.id === id))];
}

function readySessions(on: Statements, namespace: string, filter: ReadyFilter): LoadedSession[] {
  return readyKeys(on, namespace, filter).flatMap(([rowid]) => {
    const session = on.sessionOfRow.get(rowid);
    return session === undefined ? [] : [complete(on, session)];
  });
}

/** One look-up per addressee and kind, merged: priority, then age, then id of the head. */
function readyKeys(on: Statements, namespace: string, { addressees, kinds, limit }: ReadyFilter): ReadyKey[] {
  const keys: ReadyKey[] = [];
  for (const addressee of addressees) {
    if (kinds === undefined) keys.push(...on.ready.all(namespace, addressee, limit));
    else for (const kind of kinds) keys.push(...on.readyOfKind.all(namespace, addressee, kind, limit));
  }
  if (keys.length <= 1) return keys;
  return keys.toSorted((a, b) => a[1] - b[1] || a[2] - b[2] || (a[3] < b[3] ? -1 : 1)).slice(0, limit);
}

function sessionsOf(on: Statements, namespace: string, ids: readonly string[]): LoadedSession[] {
  return ids.flatMap((id) => {
    const session = on.session.get(namespace, id);
    return session === undefined ? [] : [complete(on, session)];
  });
}

function complete(on: Statements, session: Session): LoadedSession {
  const { namespace, taskId } = session;
  return {
    session,
    task: taskId === null ? null : (on.task.get(namespace, taskId) ?? null),
    head: on.head.get(namespace, session.id) ?? null,
  };
}

function endedLease(on: Statements, { namespace, id }: Session, token: number): EndedLease | null {
  const closing = on.leaseEnd.get(namespace, id, token);
  if (closing === undefined) return null;
  return {
    closing,
    successor: on.leaseSuccessor.get(namespace, id, token) ?? null,
    refused: on.leaseRefusal.get(namespace, id, token) !== undefined,
  };
}

function unique(ids: readonly string[]): string[] {
  return [...new Set(ids)];
}
