import {
  authorityTime,
  compareCodePoints,
  isDelayedTooLong,
  isHeld,
  isWaiting,
  LIMITS,
  namedByReceipt,
  type Clock,
  type EndedLease,
  type Event,
  type HeldScope,
  type LeaseEffect,
  type Loaded,
  type NamedSession,
  type NewScope,
  type Receipt,
  type Scope,
  type SessionRef,
  type SessionsScope,
  type Task,
} from '@agent-orchestrator/core';
import { byId, byRunAt, byStaleAt, keyOf, loadedSession, ready, sessionsOf, tasksOf, type MemoryData } from './data.ts';

/** The rows of a scope, as the port specifies for each. */
export function load(data: MemoryData, clock: Clock, scope: Scope): Loaded {
  const reading = clock.read();
  const now = Math.floor(authorityTime(data.clock, reading));
  const receipt =
    scope.commandId === undefined ? undefined : data.receipts.get(keyOf(scope.namespace, scope.commandId));
  const rows = receipt === undefined ? loadScope(data, scope, now) : loadNamed(data, receipt);
  return {
    now,
    clock: { ...data.clock, reading },
    greatestFence: data.events.reduce(
      (greatest, event) => (event.leaseEffect === 'granted' ? Math.max(greatest, event.fence ?? 0) : greatest),
      0,
    ),
    nextDueAt: null,
    receipt: receipt ?? null,
    named: [],
    numbers: [],
    ...rows,
  };
}

type Rows = Pick<Loaded, 'sessions' | 'tasks'> & Partial<Pick<Loaded, 'named' | 'numbers' | 'nextDueAt'>>;

function loadNamed(data: MemoryData, receipt: Receipt): Rows {
  const { sessions, tasks } = namedByReceipt(receipt);
  return {
    sessions: sessions.flatMap((id) => loadedSession(data, data.sessions.get(keyOf(receipt.namespace, id)))),
    tasks: tasks.flatMap((id) => data.tasks.get(keyOf(receipt.namespace, id)) ?? []),
  };
}

function loadScope(data: MemoryData, scope: Scope, now: number): Rows {
  switch (scope.by) {
    case 'sessions':
      return loadNamedSessions(data, scope, scope.namespace, now);
    case 'ready': {
      flipDue(data, (task) => task.namespace === scope.namespace, now);
      const held = sessionsOf(data, scope.namespace).filter(isHeld);
      const own = held
        .filter(({ agent }) => agent === scope.heldBy)
        .toSorted((a, b) => a.fence - b.fence)
        .slice(0, LIMITS.sweep_page_max);
      const stale = held.filter((session) => session.staleAt <= now && !own.includes(session)).toSorted(byStaleAt);
      const found = ready(data, scope.namespace, scope);
      return {
        sessions: [
          ...[...own, ...stale.slice(0, scope.staleLimit)].flatMap((session) => loadedSession(data, session)),
          ...found,
        ],
        tasks: [],
        nextDueAt:
          found.length === 0
            ? nextDueAt([...data.tasks.values()].filter(({ namespace }) => namespace === scope.namespace))
            : null,
      };
    }
    case 'stale': {
      const held = sessionsOf(data, scope.namespace).filter(isHeld);
      const stale = held.filter(({ staleAt }) => staleAt <= now).toSorted(byStaleAt);
      const chosen = stale.slice(0, scope.limit);
      const also = held.filter((session) => scope.extraSessionIds?.includes(session.id) && !chosen.includes(session));
      return { sessions: [...chosen, ...also].flatMap((session) => loadedSession(data, session)), tasks: [] };
    }
    case 'held':
      return loadHeld(data, scope);
    case 'delayed':
      return loadDelayed(data, scope.limit, now);
    case 'task': {
      const task = data.tasks.get(keyOf(scope.namespace, scope.taskId));
      if (task === undefined) return { sessions: [], tasks: [] };
      return {
        sessions: loadedSession(data, data.sessions.get(keyOf(scope.namespace, task.sessionId))),
        tasks: [task],
      };
    }
    case 'new': {
      const ids = new Set(scope.taskIds);
      const keys = new Set(scope.dedupeKeys);
      const isNamed = (task: Task) =>
        task.namespace === scope.namespace &&
        (ids.has(task.id) || (task.dedupeKey !== null && keys.has(task.dedupeKey)));
      return {
        sessions: scope.sessionIds.flatMap((id) => loadedSession(data, data.sessions.get(keyOf(scope.namespace, id)))),
        tasks: [...data.tasks.values()].filter(isNamed),
        numbers: freeNumbers(data, scope),
      };
    }
  }
}

function loadHeld(data: MemoryData, { after, limit }: HeldScope): Rows {
  const held = [...data.sessions.values()]
    .filter(isHeld)
    .toSorted((a, b) => compareCodePoints(a.namespace, b.namespace) || byId(a, b));
  const rest =
    after === null
      ? held
      : held.filter(
          (session) =>
            (compareCodePoints(session.namespace, after.namespace) || compareCodePoints(session.id, after.sessionId)) >
            0,
        );
  return { sessions: rest.slice(0, limit).flatMap((session) => loadedSession(data, session)), tasks: [] };
}

function loadDelayed(data: MemoryData, limit: number, now: number): Rows {
  const delayed = [...data.tasks.values()].filter((task) => isDelayedTooLong(task, now));
  const tasks = delayed.toSorted((a, b) => b.delayedAt - a.delayedAt).slice(0, limit);
  const sessions = new Set(tasks.map(({ namespace, sessionId }) => data.sessions.get(keyOf(namespace, sessionId))));
  return { sessions: [...sessions].flatMap((session) => loadedSession(data, session)), tasks };
}

function loadNamedSessions(data: MemoryData, scope: SessionsScope, namespace: string, now: number): Rows {
  const named = scope.sessions.map((ref) => namedSession(data, namespace, ref));
  const ids = [...new Set(named.flatMap((one) => one?.sessionId ?? []))];
  flipDue(
    data,
    (task) => task.namespace === namespace && (scope.nextReady !== undefined || ids.includes(task.sessionId)),
    now,
  );
  const own = ids.flatMap((id) => loadedSession(data, data.sessions.get(keyOf(namespace, id))));
  const others = scope.nextReady === undefined ? [] : ready(data, namespace, scope.nextReady, ids);
  const waiting = ids.toSorted(compareCodePoints).flatMap((id) =>
    tasksOf(data, namespace, id)
      .filter(({ status }) => isWaiting(status))
      .toSorted(byId),
  );
  return {
    named,
    sessions: [...own, ...others],
    tasks: waiting.slice(0, scope.openTasksLimit ?? 0),
    nextDueAt: own.every(({ head }) => head === null) ? nextDueAt(waiting) : null,
  };
}

function namedSession(data: MemoryData, namespace: string, ref: SessionRef): NamedSession | null {
  if ('sessionId' in ref)
    return data.sessions.has(keyOf(namespace, ref.sessionId)) ? { sessionId: ref.sessionId, endedLease: null } : null;
  const grant = data.events.find((event) => event.fence === ref.fence && event.leaseEffect === 'granted');
  if (grant === undefined || grant.sessionId === null || grant.namespace !== namespace) return null;
  return { sessionId: grant.sessionId, endedLease: endedLease(data, grant) };
}

/** Numbers after those of all rows, enough for all ids that the scope names. */
function freeNumbers(data: MemoryData, { taskIds, sessionIds }: NewScope): number[] {
  const greatest = [...data.tasks.values(), ...data.sessions.values()].reduce(
    (most, { number }) => Math.max(most, number),
    0,
  );
  return [...new Set([...taskIds, ...sessionIds])].map((_, at) => greatest + 1 + at);
}

/** Scheduled tasks whose time has come are queued from now on. */
function flipDue(data: MemoryData, isMeant: (task: Task) => boolean, now: number): void {
  const due = [...data.tasks.values()].filter(
    (task) => task.status === 'scheduled' && task.runAt !== null && task.runAt <= now && isMeant(task),
  );
  const first = due.toSorted(byRunAt).slice(0, LIMITS.flipped_tasks_max);
  for (const task of first)
    data.tasks.set(keyOf(task.namespace, task.id), { ...task, status: 'queued', version: task.version + 1 });
}

function nextDueAt(tasks: readonly Task[]): number | null {
  const times = tasks.flatMap(({ status, runAt }) => (status === 'scheduled' && runAt !== null ? [runAt] : []));
  return times.length === 0 ? null : Math.min(...times);
}

function endedLease(data: MemoryData, grant: Event): EndedLease | null {
  const events = data.events.filter(
    ({ streamId, namespace }) => streamId === grant.streamId && namespace === grant.namespace,
  );
  const withEffect = (effect: LeaseEffect) =>
    events.find((event) => event.fence === grant.fence && event.leaseEffect === effect);
  const end = withEffect('ended');
  if (end === undefined) return null;
  const successor = events.find((event) => event.leaseEffect === 'granted' && event.seq > end.seq);
  return { grant, end, successor: successor ?? null, refused: withEffect('refused') !== undefined };
}
