import {
  authorityTime,
  compareCodePoints,
  compareReturns,
  isHeld,
  isReturning,
  nextHeadOf,
  noSessions,
  noTasks,
  type Clock,
  type Reader,
  type Session,
  type SessionHistory,
  type Task,
} from '@agent-orchestrator/core';
import {
  byId,
  byRunAt,
  byStaleAt,
  headsOf,
  keyOf,
  loadedSession,
  ready,
  sessionsOf,
  tasksOf,
  type MemoryData,
} from './data.ts';
import { leaseReads } from './leases.ts';
import { listReads } from './lists.ts';

export function memoryReader(data: MemoryData, clock: Clock): Reader {
  const [rows, lists] = [rowReads(data), listReads(data)];
  return {
    ...rows,
    ...lists,
    ...leaseReads(data),
    ...overviews(data, clock),
    async histories(namespace, sessionIds, limit) {
      const found: SessionHistory[] = [];
      for (const sessionId of new Set(sessionIds)) {
        const stored = await rows.session(namespace, sessionId);
        const page = { namespace, sessionId, limit };
        if (stored === null) continue;
        found.push({ ...stored, events: await lists.events(page), tasks: await lists.tasks(page) });
      }
      return found;
    },
    async settledEventId() {
      return data.events.at(-1)?.id ?? 0;
    },
    async snapshot(use) {
      const frozen = {
        ...data,
        sessions: new Map(data.sessions),
        tasks: new Map(data.tasks),
        agents: new Map(data.agents),
        dependencies: new Map(data.dependencies),
        dependencyEnds: new Map(data.dependencyEnds),
        events: [...data.events],
      };
      return use(memoryReader(frozen, clock));
    },
    async now() {
      return Math.floor(authorityTime(data.clock, clock.read()));
    },
    /** Differs: a store in memory is neither moved nor backed up. */
    async storeState() {
      return null;
    },
  };
}

/** Single rows. */
function rowReads(data: MemoryData): Pick<Reader, 'session' | 'task' | 'agent' | 'idOfNumber'> {
  return {
    async session(namespace, id) {
      const [found] = loadedSession(data, data.sessions.get(keyOf(namespace, id)));
      return found === undefined ? null : { ...found, next: found.head === null ? null : nextHeadOf(found.head) };
    },
    async task(namespace, id) {
      return data.tasks.get(keyOf(namespace, id)) ?? null;
    },
    async agent(namespace, name) {
      return data.agents.get(keyOf(namespace, name)) ?? null;
    },
    async idOfNumber(namespace, kind, number) {
      const rows: Iterable<Session | Task> = kind === 'task' ? data.tasks.values() : data.sessions.values();
      for (const row of rows) if (row.number === number && row.namespace === namespace) return row.id;
      return null;
    },
  };
}

/** What there is altogether, and what a claim would find. */
function overviews(
  data: MemoryData,
  clock: Clock,
): Pick<Reader, 'counts' | 'countsOfSession' | 'oldestHeads' | 'nextScheduled' | 'claimPreview' | 'namespaces'> {
  return {
    async counts(namespace, max) {
      const sessions = noSessions();
      for (const { status } of sessionsOf(data, namespace)) sessions[status] = Math.min(sessions[status] + 1, max);
      const tasks = noTasks();
      for (const task of data.tasks.values())
        if (task.namespace === namespace) tasks[task.status] = Math.min(tasks[task.status] + 1, max);
      const events = Math.min(data.events.filter((event) => event.namespace === namespace).length, max);
      return { sessions, tasks, events };
    },
    async countsOfSession(namespace, sessionId, max) {
      const counts = noTasks();
      for (const { status } of tasksOf(data, namespace, sessionId).slice(0, max)) counts[status] += 1;
      return counts;
    },
    async oldestHeads(namespace, { max, limit }) {
      const heads = headsOf(data, namespace).slice(0, max);
      const oldest = heads.toSorted((a, b) => a.queuedAt - b.queuedAt || byId(a, b)).slice(0, limit);
      return { lookedAt: heads.length, oldest: oldest.map(({ id, queuedAt }) => ({ taskId: id, queuedAt })) };
    },
    async nextScheduled(namespace, after) {
      const later = scheduledIn(data, namespace).filter(({ runAt }) => runAt !== null && runAt > after);
      return later.toSorted(byRunAt)[0] ?? null;
    },
    async claimPreview(scope) {
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
        scheduled: scheduledIn(data, namespace).filter(isMeant).toSorted(byRunAt).slice(0, scope.scheduledLimit),
        returning: [...data.tasks.values()]
          .filter((task) => isReturning(task) && isMeant(task))
          .toSorted(compareReturns)
          .slice(0, scope.by === 'ready' ? scope.scheduledLimit : 0),
      };
    },
    async namespaces() {
      const named = [...data.sessions.values(), ...data.events].map(({ namespace }) => namespace);
      return [...new Set(named)].toSorted(compareCodePoints);
    },
  };
}

function scheduledIn(data: MemoryData, namespace: string): Task[] {
  return [...data.tasks.values()].filter((task) => task.namespace === namespace && task.status === 'scheduled');
}
