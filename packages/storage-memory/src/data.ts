import {
  addresseeOf,
  compareCodePoints,
  compareInQueue,
  isBarred,
  type Agent,
  type ClockState,
  type Dependency,
  type DependencyEnd,
  type Event,
  type LoadedSession,
  type ReadyFilter,
  type Receipt,
  type Session,
  type Task,
} from '@agent-orchestrator/core';

/** All rows, by key. Rows are never changed, only replaced. */
export interface MemoryData {
  readonly sessions: Map<string, Session>;
  readonly tasks: Map<string, Task>;
  readonly agents: Map<string, Agent>;
  readonly dependencies: Map<string, Dependency>;
  readonly dependencyEnds: Map<string, DependencyEnd>;
  readonly events: Event[];
  readonly receipts: Map<string, Receipt>;
  readonly listeners: Set<() => void>;
  /** The greatest event id that was given. */
  lastEventId: number;
  clock: ClockState;
  migrated: boolean;
}

export function createMemoryData(): MemoryData {
  const listeners = new Set<() => void>();
  return {
    sessions: new Map(),
    tasks: new Map(),
    agents: new Map(),
    dependencies: new Map(),
    dependencyEnds: new Map(),
    events: [],
    receipts: new Map(),
    listeners,
    lastEventId: 0,
    clock: { last: null, jump: null },
    migrated: false,
  };
}

export function sessionsOf(data: MemoryData, namespace: string): Session[] {
  return [...data.sessions.values()].filter((session) => session.namespace === namespace);
}

export function tasksOf(data: MemoryData, namespace: string, sessionId: string): Task[] {
  return [...data.tasks.values()].filter((task) => task.namespace === namespace && task.sessionId === sessionId);
}

export function byStaleAt(a: { staleAt: number; id: string }, b: { staleAt: number; id: string }): number {
  return a.staleAt - b.staleAt || byId(a, b);
}

export function byRunAt(a: Task, b: Task): number {
  return (a.runAt ?? 0) - (b.runAt ?? 0);
}

export function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return compareCodePoints(a.id, b.id);
}

export function keyOf(namespace: string, id: string): string {
  return `${namespace}\n${id}`;
}

export function dependencyKey({
  namespace,
  taskId,
  dependencyId,
}: Pick<Dependency, 'namespace' | 'taskId' | 'dependencyId'>): string {
  return `${namespace}\n${taskId}\n${dependencyId}`;
}

export function dependencyEndKey(end: DependencyEnd): string {
  return `${dependencyKey(end)}\n${end.seq}`;
}

/** The ids of those tasks on which others depend. */
export function dependedOn(data: MemoryData, tasks: readonly (Task | null)[]): string[] {
  const named = new Set([...data.dependencies.values()].map((one) => keyOf(one.namespace, one.dependencyId)));
  return tasks.flatMap((task) => (task !== null && named.has(keyOf(task.namespace, task.id)) ? task.id : []));
}

/** The ids of those tasks that have sub-tasks. */
export function withSubtasks(data: MemoryData, tasks: readonly (Task | null)[]): string[] {
  const parents = new Set(
    [...data.tasks.values()].flatMap(({ namespace, parentId }) =>
      parentId === null ? [] : keyOf(namespace, parentId),
    ),
  );
  return tasks.flatMap((task) => (task !== null && parents.has(keyOf(task.namespace, task.id)) ? task.id : []));
}

export function loadedSession(data: MemoryData, session: Session | undefined): LoadedSession[] {
  if (session === undefined) return [];
  const task = session.taskId === null ? undefined : data.tasks.get(keyOf(session.namespace, session.taskId));
  return [{ session, task: task ?? null, head: headOf(data, session) }];
}

function headOf(data: MemoryData, session: Session): Task | null {
  const queued = tasksOf(data, session.namespace, session.id).filter(({ status }) => status === 'queued');
  return queued.toSorted(compareInQueue)[0] ?? null;
}

/** The heads of the sessions that are not held. */
export function headsOf(data: MemoryData, namespace: string): Task[] {
  const idle = sessionsOf(data, namespace).filter(({ status }) => status === 'idle');
  return idle.flatMap((session) => headOf(data, session) ?? []);
}

/** Idle sessions whose head fits, best first, except the named ones. */
export function ready(
  data: MemoryData,
  namespace: string,
  { addressees, agent, kinds, limit }: ReadyFilter,
  except: readonly string[] = [],
): LoadedSession[] {
  const idle = sessionsOf(data, namespace).filter(({ id, status }) => status === 'idle' && !except.includes(id));
  const heads = idle.flatMap((session) => {
    const head = headOf(data, session);
    return head === null ? [] : [{ session, task: null, head }];
  });
  const fitting = heads.filter(
    ({ head }) =>
      addressees.includes(addresseeOf(head)) &&
      (kinds === undefined || kinds.includes(head.kind)) &&
      (agent === undefined || !isBarred(agent, head)),
  );
  return fitting.toSorted((a, b) => compareInQueue(a.head, b.head)).slice(0, limit);
}
