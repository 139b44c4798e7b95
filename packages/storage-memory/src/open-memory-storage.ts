/**
 * The storage port in one file, without a database: the example for authors of a storage, the model that the random
 * tests compare the others with, and a store for users' own tests. It looks everything up by walking over the rows, so
 * that a reader sees what is meant; a real storage does the same with indexes.
 */
import {
  addresseeOf,
  compareCodePoints,
  compareInQueue,
  isHeld,
  isWaiting,
  LIMITS,
  namedByReceipt,
  nextHeadOf,
  noSessions,
  noTasks,
  OrchestratorError,
  type Change,
  type Clock,
  type ClockState,
  type WriteSet,
  type EndedLease,
  type LeaseEffect,
  type Event,
  type Loaded,
  type LoadedSession,
  type NamedSession,
  type NewEvent,
  type NewScope,
  type Page,
  type Reader,
  type ReadyFilter,
  type Receipt,
  type Scope,
  type Session,
  type SessionRef,
  type SessionsScope,
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
    events: [],
    receipts: new Map(),
    listeners,
    lastEventId: 0,
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
    async transact<R>(scope: Scope, decide: (loaded: Loaded) => WriteSet<R>): Promise<R> {
      assertOpen();
      const writeSet = decide(load(data, clock, scope));
      if (save(data, writeSet)) for (const changed of data.listeners) queueMicrotask(changed);
      return writeSet.reply;
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
    case 'held': {
      const { after } = scope;
      const held = [...data.sessions.values()]
        .filter(isHeld)
        .toSorted((a, b) => compareCodePoints(a.namespace, b.namespace) || byId(a, b));
      const rest =
        after === null
          ? held
          : held.filter(
              (session) =>
                (compareCodePoints(session.namespace, after.namespace) ||
                  compareCodePoints(session.id, after.sessionId)) > 0,
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
        numbers: freeNumbers(data, scope),
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

/** Idle sessions whose head fits, best first, but for those that are named. */
function ready(
  data: MemoryData,
  namespace: string,
  { addressees, kinds, limit }: ReadyFilter,
  except: readonly string[] = [],
): LoadedSession[] {
  const idle = sessionsOf(data, namespace).filter(({ id, status }) => status === 'idle' && !except.includes(id));
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

/** @returns whether anything changed */
function save(data: MemoryData, writeSet: WriteSet<unknown>): boolean {
  const { sessions, tasks, events, receipt, forgetReceiptsAt, clock } = writeSet;
  for (const change of [...sessions, ...tasks]) assertUnchanged(data, change);
  assertUnique(data.events, events);
  for (const { after } of sessions) data.sessions.set(keyOf(after.namespace, after.id), after);
  for (const { after } of tasks) data.tasks.set(keyOf(after.namespace, after.id), after);
  for (const event of events) data.events.push({ ...event, id: (data.lastEventId += 1) });
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

/** What the unique indexes of a database refuse. */
function assertUnique(written: readonly Event[], events: readonly NewEvent[]): void {
  if (events.length === 0) return;
  const taken = new Set(written.flatMap(uniqueKeys));
  for (const key of events.flatMap(uniqueKeys)) {
    if (taken.has(key)) throw new OrchestratorError('INTERNAL', 'An event with this number, or of this lease, exists.');
    taken.add(key);
  }
}

/** An event's number within its stream, and what it does to a lease: each exists once. */
function uniqueKeys({ streamKind, namespace, streamId, seq, fence, leaseEffect }: NewEvent): string[] {
  const number = `${streamKind}\n${namespace}\n${streamId}\n${seq}`;
  return leaseEffect === null ? [number] : [number, `${fence} ${leaseEffect}`];
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
      const found = sessionsOf(data, namespace).filter(
        (session) => fits(session) && compareCodePoints(session.id, after) > 0,
      );
      return pageOf(found.toSorted(byId), limit, ({ id }) => id);
    },
    async tasks({ namespace, sessionId, status, kind, limit, after = '' }) {
      assertOpen();
      const fits = (task: Task) =>
        task.namespace === namespace &&
        (sessionId === undefined || task.sessionId === sessionId) &&
        (status?.includes(task.status) ?? true) &&
        (kind === undefined || task.kind === kind);
      const found = [...data.tasks.values()].filter((task) => fits(task) && compareCodePoints(task.id, after) > 0);
      return pageOf(found.toSorted(byId), limit, ({ id }) => id);
    },
    async events({ namespace, sessionId, taskId, types, leaseEffect, limit, after = '0', upTo }) {
      assertOpen();
      const cursor = (event: Event) => (sessionId === undefined ? event.id : event.seq);
      const fits = (event: Event) =>
        event.namespace === namespace &&
        (sessionId === undefined || event.sessionId === sessionId) &&
        (taskId === undefined || event.taskId === taskId) &&
        (types?.includes(event.type) ?? true) &&
        (leaseEffect === undefined || event.leaseEffect === leaseEffect) &&
        (upTo === undefined || event.id <= upTo);
      const found = data.events.filter((event) => fits(event) && cursor(event) > Number(after));
      return pageOf(found, limit, (event) => String(cursor(event)));
    },
    async counts(namespace, max) {
      assertOpen();
      const sessions = noSessions();
      for (const { status } of sessionsOf(data, namespace)) sessions[status] = Math.min(sessions[status] + 1, max);
      const tasks = noTasks();
      for (const task of data.tasks.values())
        if (task.namespace === namespace) tasks[task.status] = Math.min(tasks[task.status] + 1, max);
      const events = Math.min(data.events.filter((event) => event.namespace === namespace).length, max);
      return { sessions, tasks, events };
    },
    async claimPreview(scope) {
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
      return data.events.at(-1)?.id ?? 0;
    },
    async idOfNumber(namespace, kind, number) {
      assertOpen();
      const rows: Iterable<Session | Task> = kind === 'task' ? data.tasks.values() : data.sessions.values();
      for (const row of rows) if (row.number === number && row.namespace === namespace) return row.id;
      return null;
    },
    async namespaces() {
      assertOpen();
      const named = [...data.sessions.values(), ...data.events].map(({ namespace }) => namespace);
      return [...new Set(named)].toSorted(compareCodePoints);
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
    async storeState() {
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

function byStaleAt(a: { staleAt: number; id: string }, b: { staleAt: number; id: string }): number {
  return a.staleAt - b.staleAt || byId(a, b);
}

function byRunAt(a: Task, b: Task): number {
  return (a.runAt ?? 0) - (b.runAt ?? 0);
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return compareCodePoints(a.id, b.id);
}

function keyOf(namespace: string, id: string): string {
  return `${namespace}\n${id}`;
}
