import {
  isHeld,
  type HeldScope,
  type Loaded,
  type LoadedSession,
  type ReadyFilter,
  type Scope,
  type SessionRef,
  type Task,
} from '@agent-orchestrator/core';

/** What is read for a scope, as data: each storage runs it in its own way, and asks no more what scope it is. */
export interface ScopePlan {
  readonly namespace: string;
  readonly commandId: string | undefined;
  /** Named sessions, which come first. Before, those of their tasks are queued whose time has come. */
  readonly refs: readonly SessionRef[];
  /** So many waiting tasks of theirs come, too. */
  readonly openTasksLimit: number;
  /** What this agent holds. */
  readonly heldBy: string | undefined;
  /** So many sessions that are stale. */
  readonly staleLimit: number;
  /** Further sessions by their ids, each once: those that are there, or those that are held. */
  readonly sessionIds: readonly string[];
  readonly onlyHeld: boolean;
  /** Tasks by id and by dedupe key, and whether their sessions come with them. */
  readonly taskIds: readonly string[];
  readonly dedupeKeys: readonly string[];
  readonly withTheirSessions: boolean;
  /** A page of what is held in all namespaces. */
  readonly heldPage: HeldScope | null;
  /** So many tasks of all namespaces whose delay began after now. */
  readonly delayedLimit: number;
  /** Heads, which come last. Before, those tasks of the namespace are queued whose time has come. */
  readonly ready: ReadyFilter | null;
  /** So many numbers for people. */
  readonly newNumbers: number;
}

const NOTHING: Omit<ScopePlan, 'namespace' | 'commandId'> = {
  refs: [],
  openTasksLimit: 0,
  heldBy: undefined,
  staleLimit: 0,
  sessionIds: [],
  onlyHeld: false,
  taskIds: [],
  dedupeKeys: [],
  withTheirSessions: false,
  heldPage: null,
  delayedLimit: 0,
  ready: null,
  newNumbers: 0,
};

export function planScope(scope: Scope): ScopePlan {
  const { namespace, commandId } = scope;
  const nothing = { ...NOTHING, namespace, commandId };
  switch (scope.by) {
    case 'sessions':
      return {
        ...nothing,
        refs: scope.sessions,
        openTasksLimit: scope.openTasksLimit ?? 0,
        ready: scope.nextReady ?? null,
      };
    case 'ready':
      return { ...nothing, heldBy: scope.heldBy, staleLimit: scope.staleLimit, ready: scope };
    case 'stale':
      return { ...nothing, staleLimit: scope.limit, sessionIds: unique(scope.extraSessionIds ?? []), onlyHeld: true };
    case 'held':
      return { ...nothing, heldPage: scope };
    case 'delayed':
      return { ...nothing, delayedLimit: scope.limit, withTheirSessions: true };
    case 'task':
      return { ...nothing, taskIds: [scope.taskId], withTheirSessions: true };
    case 'new': {
      const { sessionIds, taskIds, dedupeKeys } = scope;
      const newNumbers = new Set([...taskIds, ...sessionIds]).size;
      return { ...nothing, sessionIds: unique(sessionIds), taskIds, dedupeKeys, newNumbers };
    }
  }
}

/** What a storage has found for a plan. */
export interface PlannedRows {
  readonly named: Loaded['named'];
  /** The named sessions, each once. */
  readonly own: readonly LoadedSession[];
  /** What the agent holds, and what is stale: each once. */
  readonly held: readonly LoadedSession[];
  readonly further: readonly LoadedSession[];
  readonly heads: readonly LoadedSession[];
  readonly tasks: readonly Task[];
  /** When the next task is due: of the named sessions, and of the namespace. */
  readonly ownDueAt: () => number | null;
  readonly dueAt: () => number | null;
}

/** What a scope finds, apart from what holds for the whole database. */
export type Found = Pick<Loaded, 'sessions' | 'tasks' | 'named' | 'nextDueAt' | 'receipt'>;

/** What the unit of work is given of it. */
export function foundFor(plan: ScopePlan, rows: PlannedRows): Found {
  const { named, own, held, heads, tasks } = rows;
  const known = new Set(plan.onlyHeld ? held.map(({ session }) => session.id) : []);
  const further = plan.onlyHeld
    ? rows.further.filter(({ session }) => isHeld(session) && !known.has(session.id))
    : rows.further;
  return {
    sessions: [...own, ...held, ...further, ...heads],
    tasks,
    named,
    nextDueAt: nextDueAt(plan, rows),
    receipt: null,
  };
}

/** There is none to wait for while something can be claimed. */
function nextDueAt({ refs, ready }: ScopePlan, { own, heads, ownDueAt, dueAt }: PlannedRows): number | null {
  if (refs.length > 0) return own.every(({ head }) => head === null) ? ownDueAt() : null;
  return ready === null || heads.length > 0 ? null : dueAt();
}

/** The earliest of some times. */
export function earliest(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}

export function unique<Value>(values: readonly Value[]): readonly Value[] {
  return values.length <= 1 ? values : [...new Set(values)];
}
