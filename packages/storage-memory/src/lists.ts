import {
  askedAddressee,
  compareCodePoints,
  dependencyKeyAfter,
  dependencyKeyCursor,
  holdsDedupeKey,
  isAsking,
  isHandedOff,
  questionAfter,
  questionCursor,
  rolesOf,
  type Agent,
  type Dependency,
  type DependencyEndFilter,
  type DependencyKey,
  type Event,
  type Page,
  type Reader,
  type Session,
  type Task,
} from '@agent-orchestrator/core';
import { byId, sessionsOf, type MemoryData } from './data.ts';

/** Lists in pages. */
export function listReads(
  data: MemoryData,
): Pick<Reader, 'sessions' | 'tasks' | 'questions' | 'agents' | 'dependencies' | 'dependencyEnds' | 'events'> {
  return {
    async sessions({ namespace, status, agent, limit, after, before }) {
      const fits = (session: Session) =>
        (status?.includes(session.status) ?? true) && (agent === undefined || session.agent === agent);
      const found = sessionsOf(data, namespace).filter(fits);
      return pageOf(found.toSorted(byId), { limit, after, before }, idCursor);
    },
    ...dependencyLists(data),
    async tasks({ namespace, sessionId, parentId, status, kind, handedOff, dedupeKey, limit, after, before }) {
      const fits = (task: Task) =>
        task.namespace === namespace &&
        (sessionId === undefined || task.sessionId === sessionId) &&
        (parentId === undefined || task.parentId === parentId) &&
        (status?.includes(task.status) ?? true) &&
        (kind === undefined || task.kind === kind) &&
        (handedOff === undefined || isHandedOff(task)) &&
        (dedupeKey === undefined || (task.dedupeKey === dedupeKey && holdsDedupeKey(task)));
      return pageOf([...data.tasks.values()].filter(fits).toSorted(byId), { limit, after, before }, idCursor);
    },
    async questions({ namespace, addressees, limit, after }) {
      const isOpen = (task: Task) =>
        task.namespace === namespace && isAsking(task) && (addressees?.includes(askedAddressee(task)) ?? true);
      const open = [...data.tasks.values()].filter(isOpen);
      const found = open.toSorted((a, b) => byQuestion(questionCursor(a), questionCursor(b)));
      return pageOf(found, { limit, after, before: undefined }, { of: questionCursor, compare: byQuestion });
    },
    async agents({ namespace, status, role, limit, after }) {
      const fits = (agent: Agent) =>
        agent.namespace === namespace &&
        (status?.includes(agent.status) ?? true) &&
        (role === undefined || rolesOf(agent).includes(role));
      const found = [...data.agents.values()].filter(fits).toSorted((a, b) => compareCodePoints(a.name, b.name));
      return pageOf(found, { limit, after, before: undefined }, { of: ({ name }) => name, compare: compareCodePoints });
    },
    async events({ namespace, sessionId, taskId, ofAgent, types, leaseEffect, agent, limit, after, before, upTo }) {
      const cursor = (event: Event) => (sessionId === undefined && ofAgent === undefined ? event.id : event.seq);
      const fits = (event: Event) =>
        event.namespace === namespace &&
        (sessionId === undefined || event.sessionId === sessionId) &&
        (ofAgent === undefined || (event.streamKind === 'agent' && event.streamId === ofAgent)) &&
        (taskId === undefined || event.taskId === taskId) &&
        (types?.includes(event.type) ?? true) &&
        (leaseEffect === undefined || event.leaseEffect === leaseEffect) &&
        (agent === undefined || event.agent === agent) &&
        (upTo === undefined || event.id <= upTo);
      return pageOf(
        data.events.filter(fits),
        { limit, after, before },
        { of: (event) => String(cursor(event)), compare: (a, b) => Number(a) - Number(b) },
      );
    },
  };
}

/** Dependencies from both ends, and all of them with what has not been told of them. */
function dependencyLists(data: MemoryData): Pick<Reader, 'dependencies' | 'dependencyEnds'> {
  return {
    async dependencies(filter) {
      if ('ofAll' in filter) return byKey(data.dependencies, filter);
      const known = 'taskId' in filter ? ('taskId' as const) : ('dependencyId' as const);
      const other = known === 'taskId' ? 'dependencyId' : 'taskId';
      const id = 'taskId' in filter ? filter.taskId : filter.dependencyId;
      const fits = (one: Dependency) => one.namespace === filter.namespace && one[known] === id;
      const found = [...data.dependencies.values()].filter(fits);
      const { limit, after, before } = filter;
      return pageOf(
        found.toSorted((a, b) => compareCodePoints(a[other], b[other])),
        { limit, after, before },
        { of: (one) => one[other], compare: compareCodePoints },
      );
    },
    async dependencyEnds(filter) {
      return byKey(data.dependencyEnds, filter);
    },
  };
}

/** How the rows of a list are told apart. */
interface Cursor<T> {
  readonly of: (row: T) => string;
  readonly compare: (a: string, b: string) => number;
}

const idCursor: Cursor<{ readonly id: string }> = { of: ({ id }) => id, compare: compareCodePoints };

/** The order of the cursors of questions. */
function byQuestion(a: string, b: string): number {
  const [one, other] = [questionAfter(a), questionAfter(b)];
  return one.askedAt - other.askedAt || compareCodePoints(one.id, other.id);
}

/** The order of the cursors of dependencies and of their ends. */
function byKeys(a: string, b: string): number {
  const [one, other] = [dependencyKeyAfter(a), dependencyKeyAfter(b)];
  return (
    compareCodePoints(String(one[0]), String(other[0])) ||
    compareCodePoints(String(one[1]), String(other[1])) ||
    Number(one[2] ?? 0) - Number(other[2] ?? 0)
  );
}

/** All of the namespace, by their keys. */
function byKey<T extends DependencyKey & { readonly namespace: string }>(
  rows: ReadonlyMap<string, T>,
  { namespace, limit, after }: DependencyEndFilter,
): Page<T> {
  const found = [...rows.values()].filter((row) => row.namespace === namespace);
  const ordered = found.toSorted((a, b) => byKeys(dependencyKeyCursor(a), dependencyKeyCursor(b)));
  return pageOf(ordered, { limit, after, before: undefined }, { of: dependencyKeyCursor, compare: byKeys });
}

interface Range {
  readonly limit: number;
  readonly after: string | undefined;
  readonly before: string | null | undefined;
}

/** @param rows in the order of their cursors */
export function pageOf<T>(rows: readonly T[], { limit, after, before }: Range, { of, compare }: Cursor<T>): Page<T> {
  const found = rows.filter(
    (row) =>
      (after === undefined || compare(of(row), after) > 0) &&
      (before === undefined || before === null || compare(of(row), before) < 0),
  );
  const ordered = before === undefined ? found : found.toReversed();
  const items = ordered.slice(0, limit);
  const last = items.at(-1);
  return { items, next: ordered.length > limit && last !== undefined ? of(last) : null };
}
