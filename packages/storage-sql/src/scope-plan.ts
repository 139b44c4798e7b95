import {
  isHeld,
  type Agent,
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
  /** Tasks by id and by the dedupe key that they hold, and whether their sessions come with them. */
  readonly taskIds: readonly string[];
  readonly dedupeKeys: readonly string[];
  readonly withTheirSessions: boolean;
  /** Whether the tasks that hold the keys of those tasks come, too, without their sessions. */
  readonly keyHolders: boolean;
  /** Tasks whose sessions are locked before their status is read; and whether what they wait for comes, too. */
  readonly related: readonly string[];
  readonly withAwaited: boolean;
  /** A page of what is held in all namespaces. */
  readonly heldPage: HeldScope | null;
  /** So many tasks of all namespaces whose delay began after now, and so many that were handed off after it. */
  readonly delayedLimit: number;
  /** So many tasks of the namespace that are due to go back to their senders. */
  readonly dueLimit: number;
  /** Whether the unit of work is told if there are any. */
  readonly asksForDue: boolean;
  /** Heads, which come last. Before, those tasks of the namespace are queued whose time has come. */
  readonly ready: ReadyFilter | null;
  /** So many numbers for people. */
  readonly newNumbers: number;
  /** Entries of the registry by name, each once: to be read, or one to be changed. */
  readonly agents: readonly string[];
  readonly changesAgent: boolean;
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
  keyHolders: false,
  related: [],
  withAwaited: false,
  heldPage: null,
  delayedLimit: 0,
  dueLimit: 0,
  asksForDue: false,
  ready: null,
  newNumbers: 0,
  agents: [],
  changesAgent: false,
};

export function planScope(scope: Scope): ScopePlan {
  const { namespace, commandId, agents = NOTHING.agents } = scope;
  const nothing = { ...NOTHING, namespace, commandId, agents };
  switch (scope.by) {
    case 'sessions':
      return {
        ...nothing,
        refs: scope.sessions,
        openTasksLimit: scope.openTasksLimit ?? 0,
        asksForDue: scope.nextReady !== undefined || scope.sessions.some((ref) => 'sessionId' in ref),
        taskIds: unique(scope.extraTaskIds ?? []),
        withTheirSessions: true,
        ready: scope.nextReady ?? null,
        newNumbers: newNumbersOf(scope),
        related: unique(scope.related ?? []),
        withAwaited: true,
      };
    case 'ready':
      return { ...nothing, heldBy: scope.heldBy, staleLimit: scope.staleLimit, asksForDue: true, ready: scope };
    case 'stale':
      return {
        ...nothing,
        staleLimit: scope.limit,
        asksForDue: true,
        sessionIds: unique(scope.extraSessionIds ?? []),
        onlyHeld: true,
      };
    case 'held':
      return { ...nothing, heldPage: scope };
    case 'delayed':
      return { ...nothing, delayedLimit: scope.limit, withTheirSessions: true };
    case 'due':
      return { ...nothing, dueLimit: scope.limit, withTheirSessions: true };
    case 'task':
      return {
        ...nothing,
        taskIds: unique([scope.taskId, ...(scope.extraTaskIds ?? [])]),
        withTheirSessions: true,
        keyHolders: scope.keyHolder ?? false,
      };
    case 'new': {
      const { sessionIds, taskIds, dedupeKeys, related = [] } = scope;
      const newNumbers = newNumbersOf(scope);
      return { ...nothing, sessionIds: unique(sessionIds), taskIds, dedupeKeys, related, newNumbers };
    }
    case 'agent':
      return { ...nothing, agents: [scope.name], changesAgent: true };
  }
}

/** How many numbers for people a scope asks for. */
export function newNumbersOf(scope: Scope): number {
  if (scope.by === 'sessions') return scope.newRows ?? 0;
  return scope.by === 'new' ? new Set([...scope.taskIds, ...scope.sessionIds]).size : 0;
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
  /** Tasks that hold the dedupe keys of those: they come last. */
  readonly keyHolders?: readonly Task[];
  /** Of the entries of the registry, those that exist. */
  readonly agents: readonly Agent[];
  /** When the next task is due: of the named sessions, and of the namespace. */
  readonly ownDueAt: () => number | null;
  readonly dueAt: () => number | null;
  /** Whether the first task of the namespace that goes back to its sender is due to; asked only if the plan asks. */
  readonly isDue: () => boolean;
}

/** What a scope finds, apart from what holds for the whole database. */
export type Found = Pick<Loaded, 'sessions' | 'tasks' | 'agents' | 'named' | 'nextDueAt' | 'isDue' | 'receipt'> &
  Pick<Loaded, 'related' | 'awaited' | 'dependedOn' | 'withSubtasks' | 'dependencyEnds'>;

/** What the unit of work is given of it. */
export function foundFor(plan: ScopePlan, rows: PlannedRows): Found {
  const { named, own, held, heads, tasks, keyHolders = [], agents } = rows;
  const first = [...own, ...held];
  const allowed = plan.onlyHeld ? rows.further.filter(({ session }) => isHeld(session)) : rows.further;
  const further = without(allowed, first);
  return {
    sessions: [...first, ...further, ...without(heads, further)],
    tasks: keyHolders.length === 0 ? tasks : [...tasks, ...keyHolders],
    agents,
    named,
    nextDueAt: nextDueAt(plan, rows),
    isDue: plan.asksForDue && rows.isDue(),
    receipt: null,
  };
}

/** Those that are not among others. Most scopes load one kind of them, and compare nothing. */
function without(rows: readonly LoadedSession[], others: readonly LoadedSession[]): readonly LoadedSession[] {
  if (rows.length === 0 || others.length === 0) return rows;
  const known = new Set(others.map(({ session }) => session.id));
  return rows.filter(({ session }) => !known.has(session.id));
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
