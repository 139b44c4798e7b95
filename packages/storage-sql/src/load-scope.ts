/**
 * The scope switch: which rows a unit of work is given (`Scope` of the port says which). For an engine that answers
 * within the call, as SQLite does in this process; Postgres asks for all of a group's rows at once.
 */
import {
  compareCodePoints,
  hasQueue,
  holdsDedupeKey,
  isBarred,
  LIMITS,
  namedByReceipt,
  type Agent,
  type EndedLease,
  type LoadedSession,
  type NamedSession,
  type ReadyFilter,
  type Receipt,
  type Scope,
  type Session,
  type SessionRef,
  type Task,
} from '@agent-orchestrator/core';
import { awaitedBy, endsOf, relatedTasks, relationsOf } from './load-relations.ts';
import type { ReadyKey, ScopeLookups } from './scope-lookups.ts';
import { earliest, foundFor, planScope, unique, type Found, type ScopePlan } from './scope-plan.ts';

type ScopeBy<By extends Scope['by']> = Extract<Scope, { by: By }>;

/** Loads what the scope names. The write lock is held: tasks whose time has come are made claimable on the way. */
export function loadScope(on: ScopeLookups, scope: Scope, now: number): Found {
  const receipt = scope.commandId === undefined ? undefined : on.receipt(scope.namespace, scope.commandId);
  if (receipt !== undefined) return loadNamed(on, receipt);
  const plan = planScope(scope);
  const { namespace, ready } = plan;
  const rows = new Map<string, Session>();
  const named = plan.refs.map((ref) => loadRef(on, namespace, ref, rows));
  const sessions = [...rows.values()];
  const withQueue = sessions.filter((session) => hasQueue(session));
  queueDueInSessions(on, withQueue, now);
  // A claim without a session sees due tasks of all sessions.
  const dueAt = ready === null ? null : queueDue(on, namespace, now);
  const tasks = loadTasks(on, plan, now);
  const further = [
    ...sessionRows(on, namespace, plan.sessionIds),
    ...(plan.withTheirSessions ? sessionsOfTasks(on, tasks) : []),
    ...heldPage(on, plan),
  ];
  const complete = (session: Session): LoadedSession => completeSession(on, session);
  const found = foundFor(plan, {
    named,
    own: sessions.map(complete),
    held: heldAndStale(on, plan, now).map(complete),
    further: further.map(complete),
    heads: ready === null ? [] : readyExcept(on, namespace, ready, rows),
    keyHolders: plan.keyHolders ? keyHolders(on, tasks) : [],
    tasks: plan.openTasksLimit === 0 ? tasks : withWaiting(on, withQueue, plan.openTasksLimit, tasks),
    agents: loadAgents(on, plan),
    ownDueAt: () => earliest(withQueue.map((session) => on.dueInSession(session) ?? null)),
    dueAt: () => dueAt,
    isDue: () => isDue(on, namespace, now),
  });
  const { dependedOn, withSubtasks } = relationsOf(on, found);
  return {
    ...found,
    dependedOn,
    withSubtasks,
    related: relatedTasks(on, plan),
    ...(plan.withAwaited && { awaited: awaitedBy(on, plan) }),
    ...(plan.dueLimit > 0 && { dependencyEnds: endsOf(on, tasks) }),
  };
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
  const plan = planScope(scope);
  const isEmpty =
    heldAndStale(on, plan, now).length === 0 && readyKeys(on, scope.namespace, { ...scope, limit: 1 }).length === 0;
  if (!isEmpty) return null;
  const due = isDue(on, scope.namespace, now);
  return {
    sessions: [],
    tasks: [],
    agents: loadAgents(on, plan),
    named: [],
    nextDueAt: dueAt,
    isDue: due,
    receipt: null,
  };
}

function loadNamed(on: ScopeLookups, receipt: Receipt): Found {
  const { namespace } = receipt;
  const named = namedByReceipt(receipt);
  return {
    agents: [],
    named: [],
    nextDueAt: null,
    isDue: false,
    receipt,
    sessions: sessionRows(on, namespace, named.sessions).map((session) => completeSession(on, session)),
    tasks: named.tasks.flatMap((id) => on.task(namespace, id) ?? []),
  };
}

/** Which session a reference names, which is kept in `rows`; null: none. */
function loadRef(
  on: ScopeLookups,
  namespace: string,
  ref: SessionRef,
  rows: Map<string, Session>,
): NamedSession | null {
  const session = 'fence' in ref ? on.sessionOfFence(namespace, ref.fence) : on.session(namespace, ref.sessionId);
  if (session === undefined) return null;
  rows.set(session.id, session);
  return { sessionId: session.id, endedLease: 'fence' in ref ? endedLease(on, session, ref.fence) : null };
}

/** The tasks that are named or looked for, each once. */
function loadTasks(on: ScopeLookups, plan: ScopePlan, now: number): readonly Task[] {
  const { namespace, taskIds, dedupeKeys, delayedLimit, dueLimit } = plan;
  if (delayedLimit > 0) return [...on.delayed(now, delayedLimit), ...on.delayedReturns(now, delayedLimit)];
  if (dueLimit > 0) return [...on.dueReturns(namespace, now, dueLimit), ...on.tasksToTell(namespace, dueLimit)];
  const tasks = new Map<string, Task>();
  for (const id of taskIds) keep(tasks, on.task(namespace, id));
  for (const key of dedupeKeys) keep(tasks, on.taskOfDedupeKey(namespace, key));
  return [...tasks.values()];
}

/** The other tasks that hold the dedupe keys of these. A task that holds its own key has no rival. */
function keyHolders(on: ScopeLookups, tasks: readonly Task[]): Task[] {
  return tasks.flatMap((task) => {
    if (task.dedupeKey === null || holdsDedupeKey(task)) return [];
    return on.taskOfDedupeKey(task.namespace, task.dedupeKey) ?? [];
  });
}

/** The entries of the registry that exist. */
function loadAgents(on: ScopeLookups, { namespace, agents }: ScopePlan): Agent[] {
  return agents.flatMap((name) => on.agent(namespace, name) ?? []);
}

function sessionsOfTasks(on: ScopeLookups, tasks: readonly Task[]): Session[] {
  return [...Map.groupBy(tasks, (task) => task.namespace)].flatMap(([namespace, some]) =>
    sessionRows(
      on,
      namespace,
      some.map(({ sessionId }) => sessionId),
    ),
  );
}

function heldPage(on: ScopeLookups, { heldPage: page }: ScopePlan): readonly Session[] {
  return page === null ? [] : on.heldAfter(page.after, page.limit);
}

/** The first waiting tasks of these sessions, by session and id; then the others, each task once. */
function withWaiting(
  on: ScopeLookups,
  sessions: readonly Session[],
  limit: number,
  others: readonly Task[],
): readonly Task[] {
  const waiting = waitingTasks(on, sessions, limit);
  const ids = new Set(waiting.map(({ id }) => id));
  return [...waiting, ...others.filter(({ id }) => !ids.has(id))];
}

function waitingTasks(on: ScopeLookups, sessions: readonly Session[], limit: number): Task[] {
  const found: Task[] = [];
  for (const session of sessions.toSorted((a, b) => compareCodePoints(a.id, b.id))) {
    if (found.length === limit) break;
    found.push(...on.waiting(session, limit - found.length));
  }
  return found;
}

/** Idle sessions whose head fits, best first, without those that are loaded already. */
function readyExcept(
  on: ScopeLookups,
  namespace: string,
  filter: ReadyFilter,
  loaded: ReadonlyMap<string, Session>,
): LoadedSession[] {
  if (loaded.size === 0) return readySessions(on, namespace, filter);
  const idle = [...loaded.values()].filter(({ status }) => status === 'idle').length;
  const found = readySessions(on, namespace, { ...filter, limit: filter.limit + idle });
  return found.filter(({ session }) => !loaded.has(session.id)).slice(0, filter.limit);
}

function keep(tasks: Map<string, Task>, task: Task | undefined): void {
  if (task !== undefined) tasks.set(task.id, task);
}

function isDue(on: ScopeLookups, namespace: string, now: number): boolean {
  const at = on.returnAt(namespace);
  return (at !== undefined && at <= now) || on.isAnyToTell(namespace);
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

function heldAndStale(on: ScopeLookups, { namespace, heldBy, staleLimit }: ScopePlan, now: number): Session[] {
  const held = heldBy === undefined ? [] : on.heldBy(namespace, heldBy);
  const own = new Set(held.map(({ id }) => id));
  const stale = staleLimit === 0 ? [] : on.stale(namespace, now, staleLimit + held.length);
  return [...held, ...stale.filter(({ id }) => !own.has(id)).slice(0, staleLimit)];
}

/** Idle sessions whose head fits the filter, best first. */
export function readySessions(on: ScopeLookups, namespace: string, filter: ReadyFilter): LoadedSession[] {
  return firstThatFit(filter, (limit) => {
    const found: LoadedSession[] = [];
    for (const [number] of readyKeys(on, namespace, { ...filter, limit })) {
      const session = on.sessionOfNumber(number);
      if (session !== undefined) found.push(completeSession(on, session));
    }
    return found;
  });
}

/**
 * The first sessions without those whose head reviews work of the agent. Few do, so they are left out of what was
 * found, and more is looked for where that is too little.
 */
export function firstThatFit(
  { agent, limit }: ReadyFilter,
  find: (limit: number) => readonly LoadedSession[],
): LoadedSession[] {
  for (let asked = limit; ; asked *= 2) {
    const all = find(asked);
    const fitting = all.filter(({ head }) => agent === undefined || head === null || !isBarred(agent, head));
    if (fitting.length >= limit || all.length < asked) return fitting.slice(0, limit);
  }
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

/** Those that exist, in the order of the ids, each once. */
function sessionRows(on: ScopeLookups, namespace: string, ids: readonly string[]): Session[] {
  return unique(ids).flatMap((id) => on.session(namespace, id) ?? []);
}

/** A session with its running task and its head. */
export function completeSession(on: ScopeLookups, session: Session): LoadedSession {
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
