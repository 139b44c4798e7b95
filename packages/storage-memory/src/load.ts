import {
  authorityTime,
  compareCodePoints,
  compareReturns,
  holdsDedupeKey,
  isDelayedTooLong,
  isHeld,
  isPending,
  isReturnDue,
  LIMITS,
  namedByReceipt,
  returnsTooLate,
  type Agent,
  type AwaitedTask,
  type Clock,
  type DependencyEnd,
  type DueScope,
  type EndedLease,
  type Event,
  type HeldScope,
  type LeaseEffect,
  type Loaded,
  type LoadedEnd,
  type LoadedSession,
  type NamedSession,
  type Receipt,
  type Scope,
  type SessionRef,
  type SessionsScope,
  type Task,
} from '@agent-orchestrator/core';
import {
  byId,
  byRunAt,
  byStaleAt,
  dependedOn,
  dependencyKey,
  keyOf,
  loadedSession,
  ready,
  sessionsOf,
  tasksOf,
  withSubtasks,
  type MemoryData,
} from './data.ts';

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
    isDue: receipt === undefined && asksForDue(scope) && isAnythingDue(data, scope.namespace, now),
    agents: receipt === undefined ? loadAgents(data, scope) : [],
    ...rows,
    dependedOn: dependedOn(data, [...rows.sessions.map(({ task }) => task), ...rows.tasks]),
    withSubtasks: withSubtasks(
      data,
      rows.sessions.map(({ head }) => head),
    ),
  };
}

type Rows = Pick<Loaded, 'sessions' | 'tasks'> &
  Partial<Pick<Loaded, 'named' | 'numbers' | 'nextDueAt' | 'related' | 'awaited' | 'dependencyEnds'>>;

function loadNamed(data: MemoryData, receipt: Receipt): Rows {
  const { sessions, tasks } = namedByReceipt(receipt);
  return {
    sessions: sessions.flatMap((id) => loadedSession(data, data.sessions.get(keyOf(receipt.namespace, id)))),
    tasks: tasks.flatMap((id) => data.tasks.get(keyOf(receipt.namespace, id)) ?? []),
  };
}

/** The entries of the registry that exist. */
function loadAgents(data: MemoryData, scope: Scope): Agent[] {
  const names = scope.by === 'agent' ? [scope.name] : (scope.agents ?? []);
  return names.flatMap((name) => data.agents.get(keyOf(scope.namespace, name)) ?? []);
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
    case 'due':
      return loadDue(data, scope, now);
    case 'task': {
      const tasks = tasksWithIds(data, scope.namespace, [scope.taskId, ...(scope.extraTaskIds ?? [])]);
      const [task] = tasks;
      const holders = task !== undefined && scope.keyHolder === true ? keyHolder(data, task) : [];
      return { sessions: sessionsOfTasks(data, tasks), tasks: [...tasks, ...holders] };
    }
    case 'new': {
      const ids = new Set(scope.taskIds);
      const keys = new Set(scope.dedupeKeys);
      const isNamed = (task: Task) =>
        task.namespace === scope.namespace &&
        (ids.has(task.id) || (holdsDedupeKey(task) && keys.has(task.dedupeKey ?? '')));
      return {
        sessions: scope.sessionIds.flatMap((id) => loadedSession(data, data.sessions.get(keyOf(scope.namespace, id)))),
        tasks: [...data.tasks.values()].filter(isNamed),
        numbers: freeNumbers(data, new Set([...scope.taskIds, ...scope.sessionIds]).size),
        related: tasksWithIds(data, scope.namespace, scope.related ?? []),
      };
    }
    case 'agent':
      return { sessions: [], tasks: [] };
  }
}

/** The other task that holds the dedupe key of this one, if it does not hold its key itself. */
function keyHolder(data: MemoryData, task: Task): Task[] {
  if (holdsDedupeKey(task)) return [];
  const isHolder = (other: Task) =>
    other.namespace === task.namespace && other.dedupeKey === task.dedupeKey && holdsDedupeKey(other);
  return [...data.tasks.values()].filter(isHolder);
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
  const all = [...data.tasks.values()];
  const delayed = all.filter((task) => isDelayedTooLong(task, now)).toSorted((a, b) => b.delayedAt - a.delayedAt);
  const returning = all.filter((task) => returnsTooLate(task, now)).toSorted((a, b) => b.handedOffAt - a.handedOffAt);
  const tasks = [...delayed.slice(0, limit), ...returning.slice(0, limit)];
  return { sessions: sessionsOfTasks(data, tasks), tasks };
}

function loadDue(data: MemoryData, { namespace, limit }: DueScope & Scope, now: number): Rows {
  const ends = endsOf(data, namespace);
  const told = [...new Set(ends.map(({ taskId }) => taskId))].toSorted(compareCodePoints).slice(0, limit);
  const tasks = told.flatMap((id) => data.tasks.get(keyOf(namespace, id)) ?? []);
  const due = [...dueTasks(data, namespace, now).slice(0, limit), ...tasks];
  return {
    sessions: sessionsOfTasks(data, due),
    tasks: due,
    dependencyEnds: ends.filter(({ taskId }) => told.includes(taskId)).slice(0, LIMITS.settled_ends_max),
  };
}

function isAnythingDue(data: MemoryData, namespace: string, now: number): boolean {
  return dueTasks(data, namespace, now).length > 0 || endsOf(data, namespace).length > 0;
}

/** The ends of dependencies in the order of their keys. */
function endsOf(data: MemoryData, namespace: string): LoadedEnd[] {
  return [...data.dependencyEnds.values()]
    .filter((end) => end.namespace === namespace)
    .toSorted(
      (a, b) =>
        compareCodePoints(a.taskId, b.taskId) || compareCodePoints(a.dependencyId, b.dependencyId) || a.seq - b.seq,
    )
    .map((end) => ({ ...end, isOpen: isOpen(data, end) }));
}

/** A task waits for the end still, and that is so still. */
function isOpen(data: MemoryData, end: DependencyEnd): boolean {
  const dependency = data.tasks.get(keyOf(end.namespace, end.dependencyId));
  return dependency?.status === end.status && data.dependencies.get(dependencyKey(end))?.ended === null;
}

function dueTasks(data: MemoryData, namespace: string, now: number): Task[] {
  const due = [...data.tasks.values()].filter((task) => task.namespace === namespace && isReturnDue(task, now));
  return due.toSorted(compareReturns);
}

function asksForDue(scope: Scope): boolean {
  if (scope.by !== 'sessions') return scope.by === 'ready' || scope.by === 'stale';
  return scope.nextReady !== undefined || scope.sessions.some((ref) => 'sessionId' in ref);
}

function tasksWithIds(data: MemoryData, namespace: string, ids: readonly string[]): Task[] {
  return [...new Set(ids)].flatMap((id) => data.tasks.get(keyOf(namespace, id)) ?? []);
}

/** The sessions of these tasks, each once, without those that are loaded already. */
function sessionsOfTasks(data: MemoryData, tasks: readonly Task[], except: readonly string[] = []): LoadedSession[] {
  const sessions = new Set(tasks.map(({ namespace, sessionId }) => data.sessions.get(keyOf(namespace, sessionId))));
  return [...sessions].flatMap((session) =>
    session === undefined || except.includes(session.id) ? [] : loadedSession(data, session),
  );
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
  const extra = tasksWithIds(data, namespace, scope.extraTaskIds ?? []);
  const further = sessionsOfTasks(data, extra, ids);
  const loaded = [...ids, ...further.map(({ session }) => session.id)];
  const others = scope.nextReady === undefined ? [] : ready(data, namespace, scope.nextReady, loaded);
  const waiting = ids.toSorted(compareCodePoints).flatMap((id) =>
    tasksOf(data, namespace, id)
      .filter(({ status }) => isPending(status))
      .toSorted(byId),
  );
  return {
    named,
    sessions: [...own, ...further, ...others],
    tasks: [...new Set([...waiting.slice(0, scope.openTasksLimit ?? 0), ...extra])],
    numbers: freeNumbers(data, scope.newRows ?? 0),
    related: tasksWithIds(data, namespace, scope.related ?? []),
    awaited: awaited(data, namespace, scope.related ?? []),
    nextDueAt: own.every(({ head }) => head === null) ? nextDueAt(waiting) : null,
  };
}

/** For what these tasks wait, directly or through others. */
function awaited(data: MemoryData, namespace: string, ids: readonly string[]): AwaitedTask[] {
  const open = [...data.dependencies.values()].filter((one) => one.namespace === namespace && one.ended === null);
  const reached = new Set(ids);
  // What is added to a set while it is walked over is walked over, too.
  for (const id of reached) for (const { taskId, dependencyId } of open) if (taskId === id) reached.add(dependencyId);
  return open.filter(({ taskId }) => reached.has(taskId)).slice(0, LIMITS.awaited_dependencies_max);
}

function namedSession(data: MemoryData, namespace: string, ref: SessionRef): NamedSession | null {
  if ('sessionId' in ref)
    return data.sessions.has(keyOf(namespace, ref.sessionId)) ? { sessionId: ref.sessionId, endedLease: null } : null;
  const grant = data.events.find((event) => event.fence === ref.fence && event.leaseEffect === 'granted');
  if (grant === undefined || grant.sessionId === null || grant.namespace !== namespace) return null;
  return { sessionId: grant.sessionId, endedLease: endedLease(data, grant) };
}

/** Numbers after those of all rows. */
function freeNumbers(data: MemoryData, count: number): number[] {
  const greatest = [...data.tasks.values(), ...data.sessions.values()].reduce(
    (most, { number }) => Math.max(most, number),
    0,
  );
  return Array.from({ length: count }, (_, at) => greatest + 1 + at);
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
