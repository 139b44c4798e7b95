import type { Agent } from '../../src/model/agent.ts';
import type { AddedDependencies, Event, EventPayloads, LeaseEffect } from '../../src/log/events.ts';
import { policiesToldOf, type DependencyEnd } from '../../src/model/dependency.ts';
import { isDelayedTooLong } from '../../src/model/delay.ts';
import { compareReturns, isReturnDue, returnsTooLate } from '../../src/model/hand-off.ts';
import { isHeld, type HeldSession } from '../../src/model/lease.ts';
import { namedByReceipt, type Receipt } from '../../src/model/receipt.ts';
import type { Session } from '../../src/model/session.ts';
import { isBarred } from '../../src/model/review.ts';
import { isEnded, isPending } from '../../src/model/statuses.ts';
import { addresseeOf, compareInQueue, holdsDedupeKey, type Task } from '../../src/model/task.ts';
import { compareCodePoints } from '../../src/model/text.ts';
import type {
  AwaitedTask,
  EndedLease,
  Loaded,
  LoadedEnd,
  LoadedSession,
  NamedSession,
} from '../../src/storage/loaded.ts';
import type { ReadyFilter, Scope, SessionRef, SessionsScope, TaskScope } from '../../src/storage/scope.ts';

/** The rows that events left, in the order in which they came to be. */
export interface Rows {
  readonly sessions: readonly Session[];
  readonly tasks: readonly Task[];
  readonly log: readonly Event[];
  readonly agents: readonly Agent[];
  readonly receipts: readonly Receipt[];
  /** Ends of dependencies that were applied, or have no effect. */
  readonly settled: readonly DependencyEnd[];
}

type Found = Pick<Loaded, 'sessions'> &
  Partial<Pick<Loaded, 'tasks' | 'named' | 'nextDueAt' | 'numbers' | 'related' | 'awaited' | 'dependencyEnds'>>;

/** What a command is shown of the rows, as `storage/scope.ts` says it: by walking over them. */
export function load(all: Rows, scope: Scope, now: number): Omit<Loaded, 'now' | 'clock'> {
  const rows = { ...all, tasks: all.tasks.map((task) => flipped(task, now)) };
  const receipt = rows.receipts.find(({ commandId }) => commandId === scope.commandId) ?? null;
  const grants = rows.log.filter(({ leaseEffect }) => leaseEffect === 'granted');
  const found = receipt === null ? find(rows, scope, now) : findNamed(rows, receipt);
  return {
    greatestFence: Math.max(0, ...grants.map(({ fence }) => fence ?? 0)),
    tasks: [],
    agents: receipt === null ? findAgents(rows, scope) : [],
    named: [],
    nextDueAt: null,
    numbers: [],
    isDue: receipt === null && asksForDue(scope) && isAnythingDue(rows, scope.namespace, now),
    ...found,
    dependedOn: dependedOnIn(rows, found),
    receipt,
  };
}

function findAgents({ agents }: Rows, scope: Scope): Agent[] {
  const names = scope.by === 'agent' ? [scope.name] : (scope.agents ?? []);
  return agents.filter(({ namespace, name }) => namespace === scope.namespace && names.includes(name));
}

function find(rows: Rows, scope: Scope, now: number): Found {
  const inNamespace = rows.sessions.filter(({ namespace }) => namespace === scope.namespace);
  const stale = inNamespace
    .filter(isHeld)
    .filter(({ staleAt }) => staleAt <= now)
    .toSorted(byStaleAt);
  switch (scope.by) {
    case 'sessions':
      return findSessions(rows, scope, inNamespace);
    case 'ready': {
      const own = inNamespace
        .filter(isHeld)
        .filter(({ agent }) => agent === scope.heldBy)
        .toSorted(byFence);
      const others = stale.filter((session) => !own.includes(session)).slice(0, scope.staleLimit);
      const found = ready(rows, inNamespace, scope);
      return {
        sessions: [...[...own, ...others].map((session) => withTasks(rows, session)), ...found],
        nextDueAt: found.length > 0 ? null : nextDueAt(rows.tasks),
      };
    }
    case 'stale': {
      const chosen = stale.slice(0, scope.limit);
      const isExtra = (session: Session) => isHeld(session) && scope.extraSessionIds?.includes(session.id) === true;
      const extra = inNamespace.filter((session) => isExtra(session) && !chosen.some(({ id }) => id === session.id));
      return { sessions: [...chosen, ...extra].map((session) => withTasks(rows, session)) };
    }
    case 'held': {
      const held = rows.sessions.filter(isHeld).toSorted(byKey);
      const from = held.findIndex(
        ({ namespace, id }) => namespace === scope.after?.namespace && id === scope.after.sessionId,
      );
      return {
        sessions: held
          .slice(from + 1)
          .slice(0, scope.limit)
          .map((session) => withTasks(rows, session)),
      };
    }
    case 'delayed': {
      const delayed = rows.tasks.filter((task) => isDelayedTooLong(task, now)).slice(0, scope.limit);
      const returning = rows.tasks.filter((task) => returnsTooLate(task, now)).slice(0, scope.limit);
      return withOwners(rows, [...delayed, ...returning]);
    }
    case 'due': {
      const ends = endsIn(rows, scope.namespace);
      const told = rows.tasks.filter(({ id }) => ends.some(({ taskId }) => taskId === id));
      const due = withOwners(rows, [...dueIn(rows, scope.namespace, now).slice(0, scope.limit), ...told]);
      return { ...due, dependencyEnds: ends };
    }
    case 'task':
      return findTask(rows, scope, inNamespace);
    case 'agent':
      return { sessions: [] };
    case 'new': {
      const isMeant = (task: Task) =>
        scope.taskIds.includes(task.id) || (holdsDedupeKey(task) && scope.dedupeKeys.includes(task.dedupeKey ?? ''));
      const existing = inNamespace.filter(({ id }) => scope.sessionIds.includes(id));
      return {
        tasks: rows.tasks.filter(isMeant),
        sessions: existing.map((session) => withTasks(rows, session)),
        related: rows.tasks.filter(({ id }) => scope.related?.includes(id) === true),
        numbers: free([...rows.tasks, ...rows.sessions], new Set([...scope.taskIds, ...scope.sessionIds]).size),
      };
    }
  }
}

/** Those tasks, of all that may end, that others name as dependencies in the log. */
function dependedOnIn({ log }: Rows, { sessions, tasks = [] }: Found): string[] {
  const named = log.flatMap(({ payload }) => (JSON.parse(payload) as AddedDependencies).depends_on ?? []);
  const mayEnd = [...sessions.map(({ task }) => task), ...tasks].flatMap((task) => task?.id ?? []);
  return mayEnd.filter((id) => named.includes(id));
}

/** What is due and what was not told: the ends of dependencies that no event of the waiting task names. */
function isAnythingDue(rows: Rows, namespace: string, now: number): boolean {
  return dueIn(rows, namespace, now).length > 0 || endsIn(rows, namespace).length > 0;
}

function endsIn({ tasks, log, settled }: Rows, namespace: string): LoadedEnd[] {
  return tasks.flatMap((task) => {
    if (task.namespace !== namespace || task.onDependencyFailure === null) return [];
    return openDependencies(log, task.id).flatMap((dependencyId): LoadedEnd[] => {
      const status = tasks.find(({ id }) => id === dependencyId)?.status ?? 'queued';
      const isSettled = settled.some((one) => one.taskId === task.id && one.dependencyId === dependencyId);
      if (!isEnded(status) || isSettled) return [];
      if (!policiesToldOf(status).includes(task.onDependencyFailure ?? 'block')) return [];
      const end = log.findLast(({ taskId }) => taskId === dependencyId);
      return [{ namespace, taskId: task.id, dependencyId, seq: end?.seq ?? 0, status, isOpen: true }];
    });
  });
}

/** The tasks that one waits for, by their ids: those that its events name, without those whose ends they tell. */
function openDependencies(log: readonly Event[], id: string): string[] {
  const open = new Set<string>();
  for (const { taskId, payload } of log) {
    if (taskId !== id) continue;
    const said = JSON.parse(payload) as AddedDependencies & Partial<EventPayloads['task.dependency_ended']>;
    for (const one of said.depends_on ?? []) if (!(one in (said.dependencies_ended ?? {}))) open.add(one);
    if (said.dependency !== undefined) open.delete(said.dependency);
  }
  return [...open].toSorted();
}

/** For what these tasks wait, directly or through others. */
function awaitedBy(log: readonly Event[], ids: readonly string[]): AwaitedTask[] {
  const reached = new Set(ids);
  return [...reached].flatMap((taskId) => waitsOf(log, taskId, reached));
}

function waitsOf(log: readonly Event[], taskId: string, reached: Set<string>): AwaitedTask[] {
  return openDependencies(log, taskId).flatMap((dependencyId) => {
    const isNew = !reached.has(dependencyId);
    reached.add(dependencyId);
    return [{ taskId, dependencyId }, ...(isNew ? waitsOf(log, dependencyId, reached) : [])];
  });
}

function withOwners(rows: Rows, tasks: readonly Task[]): Found {
  const isOwner = ({ namespace, id }: Session) =>
    tasks.some((task) => task.namespace === namespace && task.sessionId === id);
  return { tasks, sessions: rows.sessions.filter(isOwner).map((session) => withTasks(rows, session)) };
}

function asksForDue(scope: Scope): boolean {
  if (scope.by !== 'sessions') return scope.by === 'ready' || scope.by === 'stale';
  return scope.nextReady !== undefined || scope.sessions.some((ref) => 'sessionId' in ref);
}

function dueIn({ tasks }: Rows, namespace: string, now: number): Task[] {
  return tasks.filter((task) => task.namespace === namespace && isReturnDue(task, now)).toSorted(compareReturns);
}

/** The task that is named, those that are loaded besides, and the one that has its dedupe key. */
function findTask(rows: Rows, scope: TaskScope, inNamespace: readonly Session[]): Found {
  const tasks = [scope.taskId, ...(scope.extraTaskIds ?? [])].flatMap((id) =>
    rows.tasks.filter((task) => task.id === id),
  );
  const owners = inNamespace.filter(({ id }) => tasks.some(({ sessionId }) => sessionId === id));
  const isHolder = (task: Task) => task.dedupeKey === tasks[0]?.dedupeKey && holdsDedupeKey(task);
  const holders = scope.keyHolder === true ? rows.tasks.filter((task) => !tasks.includes(task) && isHolder(task)) : [];
  return { tasks: [...tasks, ...holders], sessions: owners.map((session) => withTasks(rows, session)) };
}

function findSessions(rows: Rows, scope: SessionsScope, inNamespace: readonly Session[]): Found {
  const named = scope.sessions.map((ref) => nameOf(rows, ref));
  const ids = new Set(named.flatMap((one) => one?.sessionId ?? []));
  const own = [...ids].flatMap((id) => inNamespace.filter((session) => session.id === id));
  const waiting = rows.tasks.filter(({ sessionId, status }) => ids.has(sessionId) && isPending(status));
  const extra = rows.tasks.filter(({ id }) => scope.extraTaskIds?.includes(id));
  const theirs = inNamespace.filter(({ id }) => !ids.has(id) && extra.some(({ sessionId }) => sessionId === id));
  const others = inNamespace.filter((session) => !ids.has(session.id) && !theirs.includes(session));
  return {
    named,
    sessions: [
      ...[...own, ...theirs].map((session) => withTasks(rows, session)),
      ...(scope.nextReady === undefined ? [] : ready(rows, others, scope.nextReady)),
    ],
    tasks: [...new Set([...waiting.toSorted(byId).slice(0, scope.openTasksLimit ?? 0), ...extra])],
    numbers: free([...rows.tasks, ...rows.sessions], scope.newRows ?? 0),
    related: rows.tasks.filter(({ id }) => scope.related?.includes(id) === true),
    awaited: awaitedBy(rows.log, scope.related ?? []),
    nextDueAt: nextDueAt(waiting),
  };
}

/** Of a command that was judged before: the rows that its receipt names. */
function findNamed(rows: Rows, receipt: Receipt): Found {
  const { sessions, tasks } = namedByReceipt(receipt);
  return {
    sessions: rows.sessions.filter(({ id }) => sessions.includes(id)).map((session) => withTasks(rows, session)),
    tasks: rows.tasks.filter(({ id }) => tasks.includes(id)),
  };
}

function withTasks({ tasks }: Rows, session: Session): LoadedSession {
  const own = tasks.filter(({ namespace, sessionId }) => namespace === session.namespace && sessionId === session.id);
  return {
    session,
    task: own.find(({ id }) => id === session.taskId) ?? null,
    head: own.filter(({ status }) => status === 'queued').toSorted(compareInQueue)[0] ?? null,
  };
}

function ready(
  rows: Rows,
  sessions: readonly Session[],
  { addressees, agent, kinds, limit }: ReadyFilter,
): LoadedSession[] {
  const heads = sessions
    .filter(({ status }) => status === 'idle')
    .map((session) => withTasks(rows, session))
    .flatMap(({ session, head }) => (head === null ? [] : [{ session, task: null, head }]));
  const fits = (head: Task) =>
    addressees.includes(addresseeOf(head)) &&
    (kinds?.includes(head.kind) ?? true) &&
    (agent === undefined || !isBarred(agent, head));
  return heads
    .filter(({ head }) => fits(head))
    .toSorted((a, b) => compareInQueue(a.head, b.head))
    .slice(0, limit);
}

function nameOf(rows: Rows, ref: SessionRef): NamedSession | null {
  if ('sessionId' in ref)
    return rows.sessions.some(({ id }) => id === ref.sessionId) ? { sessionId: ref.sessionId, endedLease: null } : null;
  const grant = rows.log.find(({ leaseEffect, fence }) => leaseEffect === 'granted' && fence === ref.fence);
  return grant === undefined ? null : { sessionId: grant.streamId, endedLease: endedLease(rows, grant) };
}

function endedLease({ log }: Rows, grant: Event): EndedLease | null {
  const stream = log.filter(({ streamId }) => streamId === grant.streamId);
  const withEffect = (effect: LeaseEffect) =>
    stream.find(({ fence, leaseEffect }) => fence === grant.fence && leaseEffect === effect);
  const end = withEffect('ended');
  if (end === undefined) return null;
  const successor = stream.find(({ seq, leaseEffect }) => leaseEffect === 'granted' && seq > end.seq) ?? null;
  return { grant, end, successor, refused: withEffect('refused') !== undefined };
}

/** A scheduled task whose time has come is queued. */
function flipped(task: Task, now: number): Task {
  return task.status === 'scheduled' && task.runAt !== null && task.runAt <= now ? { ...task, status: 'queued' } : task;
}

function nextDueAt(tasks: readonly Task[]): number | null {
  const times = tasks.flatMap(({ status, runAt }) => (status === 'scheduled' && runAt !== null ? [runAt] : []));
  return times.length === 0 ? null : Math.min(...times);
}

function free(rows: readonly { readonly number: number }[], count: number): number[] {
  const greatest = Math.max(0, ...rows.map(({ number }) => number));
  return Array.from({ length: count }, (_, at) => greatest + 1 + at);
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return compareCodePoints(a.id, b.id);
}

function byKey(a: Session, b: Session): number {
  return compareCodePoints(a.namespace, b.namespace) || byId(a, b);
}

function byStaleAt(a: HeldSession, b: HeldSession): number {
  return a.staleAt - b.staleAt || byId(a, b);
}

function byFence(a: HeldSession, b: HeldSession): number {
  return a.fence - b.fence;
}
