/**
 * The storage port in one file, without a database: the example for whoever writes a storage, the model that the random
 * tests compare the others with, and a store for users' own tests. It looks everything up by walking over the rows, so that
 * a reader sees what is meant; a real storage does the same with indexes.
 */
import {
  addresseeOf,
  compareInQueue,
  isHeld,
  LIMITS,
  namedByReceipt,
  nextHeadOf,
  OrchestratorError,
  type Change,
  type Clock,
  type ClockState,
  type Decision,
  type EndedLease,
  type Event,
  type Loaded,
  type LoadedSession,
  type Page,
  type Reader,
  type ReadyFilter,
  type Receipt,
  type Scope,
  type Session,
  type Storage,
  type Task,
} from '@agent-orchestrator/core';

export interface MemoryStorageOptions {
  /** The clocks; the process's own by default. */
  readonly clock?: Clock;
  /** Data to share with another handle: the peer of a test. */
  readonly data?: MemoryData;
}

/** All rows, by key. Rows are never changed, only replaced. */
export interface MemoryData {
  readonly sessions: Map<string, Session>;
  readonly tasks: Map<string, Task>;
  readonly events: Event[];
  readonly receipts: Map<string, Receipt>;
  readonly listeners: Set<() => void>;
  clock: ClockState;
  migrated: boolean;
}

export function createMemoryData(): MemoryData {
  const listeners = new Set<() => void>();
  return {
    sessions: new Map(),
    tasks: new Map(),
    events: [],
    receipts: new Map(),
    listeners,
    clock: { last: null, jump: null },
    migrated: false,
  };
}

/** A storage that lives and dies with the process. */
export function openMemoryStorage({
  clock = processClock,
  data = createMemoryData(),
}: MemoryStorageOptions = {}): Storage {
  const watching = new Set<() => void>();
  let closed = false;
  const assertOpen = () => {
    if (closed) throw new OrchestratorError('STORE_CLOSED');
  };
  return {
    capabilities: {
      shared: false,
      multiProcess: false,
      durable: false,
      wakeUp: 'push',
      sleepGrace: true,
      timePrecisionMs: 1,
    },

    async migrate() {
      assertOpen();
      const created = !data.migrated;
      data.migrated = true;
      return { created, applied: [] };
    },

    // Nothing here waits, so no other call can come between loading and saving: that is the lock.
    async transact<R>(scope: Scope, decide: (loaded: Loaded) => Decision<R>): Promise<R> {
      assertOpen();
      const decision = decide(load(data, clock, scope));
      if (save(data, decision)) for (const changed of data.listeners) queueMicrotask(changed);
      return decision.reply;
    },

    read: memoryReader(data, clock, assertOpen),

    async watch(onChange) {
      assertOpen();
      const listener = () => {
        if (watching.has(listener)) onChange();
      };
      data.listeners.add(listener);
      watching.add(listener);
      return async () => {
        data.listeners.delete(listener);
        watching.delete(listener);
      };
    },

    async close() {
      closed = true;
      for (const listener of watching) data.listeners.delete(listener);
      watching.clear();
    },
  };
}

const processClock: Clock = {
  read: () => ({ wall: Date.now(), steady: performance.now(), uptime: performance.now(), boot: 'process' }),
};

function load(data: MemoryData, clock: Clock, scope: Scope): Loaded {
  const reading = clock.read();
  const now = Math.floor(reading.wall);
  const receipt =
    scope.commandId === undefined ? undefined : data.receipts.get(keyOf(scope.namespace, scope.commandId));
  const rows = receipt === undefined ? loadScope(data, scope, now) : loadNamed(data, receipt);
  return {
    now,
    clock: { ...data.clock, reading },
    greatestToken: data.events.reduce(
      (greatest, event) => (event.leaseMark === 1 ? Math.max(greatest, event.token ?? 0) : greatest),
      0,
    ),
    nextDueAt: null,
    receipt: receipt ?? null,
    endedLease:
      scope.by === 'session' && scope.token !== undefined
        ? endedLease(data, scope.namespace, scope.sessionId, scope.token)
        : null,
    ...rows,
  };
}

type Rows = Pick<Loaded, 'sessions' | 'tasks'> & { readonly nextDueAt?: number | null };

function loadNamed(data: MemoryData, receipt: Receipt): Rows {
  const { sessions, tasks } = namedByReceipt(receipt);
  return {
    sessions: sessions.flatMap((id) => loadedSession(data, data.sessions.get(keyOf(receipt.namespace, id)))),
    tasks: tasks.flatMap((id) => data.tasks.get(keyOf(receipt.namespace, id)) ?? []),
  };
}

function loadScope(data: MemoryData, scope: Scope, now: number): Rows {
  switch (scope.by) {
    case 'session': {
      const isNear = (task: Task) => task.namespace === scope.namespace;
      flipDue(data, (task) => isNear(task) && task.sessionId === scope.sessionId, now);
      if (scope.then !== undefined) flipDue(data, isNear, now);
      const named = loadedSession(data, data.sessions.get(keyOf(scope.namespace, scope.sessionId)));
      const others =
        scope.then === undefined
          ? []
          : ready(data, scope.namespace, scope.then).filter(({ session }) => session.id !== scope.sessionId);
      const waiting = tasksOf(data, scope.namespace, scope.sessionId).filter(isWaiting).toSorted(byId);
      const head = named[0]?.head ?? null;
      return {
        sessions: [...named, ...others],
        tasks: waiting.slice(0, scope.waiting ?? 0),
        nextDueAt: head === null ? nextDueAt(waiting) : null,
      };
    }
    case 'ready': {
      flipDue(data, (task) => task.namespace === scope.namespace, now);
      const held = sessionsOf(data, scope.namespace).filter(isHeld);
      const own = held
        .filter(({ agent }) => agent === scope.heldBy)
        .toSorted((a, b) => a.token - b.token)
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
      const also = held.filter((session) => scope.also?.includes(session.id) && !chosen.includes(session));
      return { sessions: [...chosen, ...also].flatMap((session) => loadedSession(data, session)), tasks: [] };
    }
    case 'held': {
      const { after } = scope;
      const held = [...data.sessions.values()]
        .filter(isHeld)
        .toSorted((a, b) => compare(a.namespace, b.namespace) || byId(a, b));
      const rest =
        after === null
          ? held
          : held.filter(
              (session) => (compare(session.namespace, after.namespace) || compare(session.id, after.sessionId)) > 0,
            );
      return { sessions: rest.slice(0, scope.limit).flatMap((session) => loadedSession(data, session)), tasks: [] };
    }
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
      };
    }
  }
}

function loadedSession(data: MemoryData, session: Session | undefined): LoadedSession[] {
  if (session === undefined) return [];
  const task = session.taskId === null ? undefined : data.tasks.get(keyOf(session.namespace, session.taskId));
  return [{ session, task: task ?? null, head: headOf(data, session) }];
}

function headOf(data: MemoryData, session: Session): Task | null {
  const queued = tasksOf(data, session.namespace, session.id).filter(({ status }) => status === 'queued');
  return queued.toSorted(compareInQueue)[0] ?? null;
}

/** Idle sessions whose head fits, best first. */
function ready(data: MemoryData, namespace: string, { addressees, kinds, limit }: ReadyFilter): LoadedSession[] {
  const idle = sessionsOf(data, namespace).filter(({ status }) => status === 'idle');
  const heads = idle.flatMap((session) => {
    const head = headOf(data, session);
    return head === null ? [] : [{ session, task: null, head }];
  });
  const fitting = heads.filter(
    ({ head }) => addressees.includes(addresseeOf(head)) && (kinds === undefined || kinds.includes(head.kind)),
  );
  return fitting.toSorted((a, b) => compareInQueue(a.head, b.head)).slice(0, limit);
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

function endedLease(data: MemoryData, namespace: string, sessionId: string, token: number): EndedLease | null {
  const events = data.events.filter((event) => event.namespace === namespace && event.sessionId === sessionId);
  const marked = (mark: number) => events.find((event) => event.token === token && event.leaseMark === mark);
  const closing = marked(2);
  if (closing === undefined) return null;
  const successor = events.find((event) => event.leaseMark === 1 && event.seq > closing.seq);
  return { closing, successor: successor ?? null, refused: marked(3) !== undefined };
}

/** @returns whether anything changed */
function save(data: MemoryData, decision: Decision<unknown>): boolean {
  const { sessions, tasks, events, receipt, forgetReceiptsAt, clock } = decision;
  for (const change of [...sessions, ...tasks]) assertUnchanged(data, change);
  for (const { after } of sessions) data.sessions.set(keyOf(after.namespace, after.id), after);
  for (const { after } of tasks) data.tasks.set(keyOf(after.namespace, after.id), after);
  for (const event of events) data.events.push({ ...event, id: data.events.length + 1 });
  if (receipt !== null) {
    const over = [...data.receipts]
      .filter(([, { at }]) => at <= forgetReceiptsAt)
      .slice(0, LIMITS.receipts_forgotten_max);
    for (const [key] of over) data.receipts.delete(key);
    data.receipts.set(keyOf(receipt.namespace, receipt.commandId), receipt);
  }
  if (clock !== null) data.clock = clock;
  return sessions.length > 0 || tasks.length > 0 || events.length > 0;
}

/** The guard that a storage without a lock would rely on; here it only shows mistakes. */
function assertUnchanged(data: MemoryData, { before, after }: Change<Session | Task>): void {
  const rows: ReadonlyMap<string, Session | Task> = 'sessionId' in after ? data.tasks : data.sessions;
  if (rows.get(keyOf(after.namespace, after.id))?.version !== before?.version)
    throw new OrchestratorError('INTERNAL', `The row ${after.id} changed between loading and saving.`);
}

function memoryReader(data: MemoryData, clock: Clock, assertOpen: () => void): Reader {
  return {
    async session(namespace, id) {
      assertOpen();
      const [found] = loadedSession(data, data.sessions.get(keyOf(namespace, id)));
      return found === undefined ? null : { ...found, next: found.head === null ? null : nextHeadOf(found.head) };
    },
    async task(namespace, id) {
      assertOpen();
      return data.tasks.get(keyOf(namespace, id)) ?? null;
    },
    async sessions({ namespace, status, agent, limit, after = '' }) {
      assertOpen();
      const fits = (session: Session) =>
        (status?.includes(session.status) ?? true) && (agent === undefined || session.agent === agent);
      const found = sessionsOf(data, namespace).filter((session) => fits(session) && compare(session.id, after) > 0);
      return pageOf(found.toSorted(byId), limit, ({ id }) => id);
    },
    async tasks({ namespace, sessionId, status, kind, limit, after = '' }) {
      assertOpen();
      const fits = (task: Task) =>
        task.namespace === namespace &&
        (sessionId === undefined || task.sessionId === sessionId) &&
        (status?.includes(task.status) ?? true) &&
        (kind === undefined || task.kind === kind);
      const found = [...data.tasks.values()].filter((task) => fits(task) && compare(task.id, after) > 0);
      return pageOf(found.toSorted(byId), limit, ({ id }) => id);
    },
    async events({ namespace, sessionId, taskId, types, leaseMark, limit, after = '0' }) {
      assertOpen();
      const cursor = (event: Event) => (sessionId === undefined ? event.id : event.seq);
      const fits = (event: Event) =>
        event.namespace === namespace &&
        (sessionId === undefined || event.sessionId === sessionId) &&
        (taskId === undefined || event.taskId === taskId) &&
        (types?.includes(event.type) ?? true) &&
        (leaseMark === undefined || event.leaseMark === leaseMark);
      const found = data.events.filter((event) => fits(event) && cursor(event) > Number(after));
      return pageOf(found, limit, (event) => String(cursor(event)));
    },
    async counts(namespace, max) {
      assertOpen();
      const sessions = { idle: 0, running: 0, closed: 0 };
      for (const { status } of sessionsOf(data, namespace)) sessions[status] = Math.min(sessions[status] + 1, max);
      const tasks = { scheduled: 0, queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 };
      for (const task of data.tasks.values())
        if (task.namespace === namespace) tasks[task.status] = Math.min(tasks[task.status] + 1, max);
      const events = Math.min(data.events.filter((event) => event.namespace === namespace).length, max);
      return { sessions, tasks, events };
    },
    async outlook(scope) {
      assertOpen();
      const { namespace } = scope;
      const held = scope.by === 'ready' ? sessionsOf(data, namespace).filter(isHeld).toSorted(byStaleAt) : [];
      const isMeant = (task: Task) =>
        task.namespace === namespace && (scope.by === 'ready' || task.sessionId === scope.sessionId);
      return {
        clock: { ...data.clock, reading: clock.read() },
        sessions:
          scope.by === 'ready'
            ? ready(data, namespace, scope)
            : loadedSession(data, data.sessions.get(keyOf(namespace, scope.sessionId))),
        held: held
          .slice(0, scope.by === 'ready' ? scope.heldLimit : 0)
          .flatMap((session) => loadedSession(data, session)),
        scheduled: [...data.tasks.values()]
          .filter((task) => task.status === 'scheduled' && isMeant(task))
          .toSorted(byRunAt)
          .slice(0, scope.scheduledLimit),
      };
    },
    async settledEventId() {
      assertOpen();
      return data.events.length;
    },
    async namespaces() {
      assertOpen();
      const named = [...data.sessions.values(), ...data.events].map(({ namespace }) => namespace);
      return [...new Set(named)].toSorted();
    },
    async snapshot(use) {
      assertOpen();
      const frozen = {
        ...data,
        sessions: new Map(data.sessions),
        tasks: new Map(data.tasks),
        events: [...data.events],
      };
      return use(memoryReader(frozen, clock, assertOpen));
    },
    async now() {
      assertOpen();
      return Math.floor(clock.read().wall);
    },
    /** Differs: it neither moves nor is it backed up. */
    async mark() {
      assertOpen();
      return null;
    },
  };
}

function pageOf<T>(rows: readonly T[], limit: number, cursor: (row: T) => string): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? cursor(last) : null };
}

function sessionsOf(data: MemoryData, namespace: string): Session[] {
  return [...data.sessions.values()].filter((session) => session.namespace === namespace);
}

function tasksOf(data: MemoryData, namespace: string, sessionId: string): Task[] {
  return [...data.tasks.values()].filter((task) => task.namespace === namespace && task.sessionId === sessionId);
}

function isWaiting({ status }: Task): boolean {
  return status === 'queued' || status === 'scheduled';
}

function byStaleAt(a: { staleAt: number; id: string }, b: { staleAt: number; id: string }): number {
  return a.staleAt - b.staleAt || byId(a, b);
}

function byRunAt(a: Task, b: Task): number {
  return (a.runAt ?? 0) - (b.runAt ?? 0);
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return compare(a.id, b.id);
}

/** By code points, as databases compare bytes: locale has no say in the order of a queue. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function keyOf(namespace: string, id: string): string {
  return `${namespace}\n${id}`;
}
