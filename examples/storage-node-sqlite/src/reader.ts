import {
  authorityTime,
  COLUMNS,
  compareCodePoints,
  dependencyKeyCursor,
  isEnded,
  leaseInterval,
  noSessions,
  noTasks,
  leaseCursor,
  questionCursor,
  SESSION_STATUS_NAMES,
  TASK_STATUS_NAMES,
  type Agent,
  type AgentFilter,
  type ClaimPreview,
  type ClaimPreviewScope,
  type Clock,
  type Counts,
  type Dependency,
  type DependencyEnd,
  type DependencyFilter,
  type Event,
  type EventFilter,
  type LeaseEffect,
  type LeaseFilter,
  type LeaseInterval,
  type OldestHead,
  type OldestHeads,
  type OldestHeadsAsked,
  type NextHead,
  type Page,
  type QuestionFilter,
  type Reader,
  type Session,
  type SessionFilter,
  type SessionHistory,
  type SessionStatus,
  type StoredSession,
  type StoreState,
  type Task,
  type TaskFilter,
  type TaskStatus,
} from '@agent-orchestrator/core';
import {
  agentList,
  completeSession,
  dependencyCursor,
  dependencyEndList,
  dependencyList,
  EMPTY,
  ENDED,
  eventCursor,
  eventList,
  grantList,
  pageOf,
  questionList,
  READY,
  readySessions,
  sessionList,
  STREAM_KINDS,
  taskList,
  type List,
  type ListWords,
} from '@agent-orchestrator/storage-sql';
import type { Database } from './database.ts';
import { lookupsOn } from './lookups.ts';
import { readStoreState } from './store-file.ts';
import {
  BY_ID,
  BY_NAME,
  OF_LEASE,
  OLDEST_HEADS,
  RETURNS,
  SCHEDULED,
  SCHEDULED_IN_SESSION,
  SELECT,
  STATUSES_IN_SESSION,
} from './statements.ts';
import { storedClock } from './unit-of-work.ts';

/** Where reads run: on a connection that all share, or in the transaction of a snapshot. */
export interface ReadSource {
  read<R>(use: (db: Database) => R): Promise<R>;
  snapshot<R>(use: (source: ReadSource) => Promise<R>): Promise<R>;
}

const NEXT_SCHEDULED = `${SELECT.task} WHERE ${SCHEDULED} AND run_at > ? ORDER BY run_at LIMIT 1`;

/** The lists in the words of this storage. */
const WORDS: ListWords = {
  value: '?',
  ofNamespace: (namespace) => ['namespace = ?', namespace],
  tasksOfSession: (_namespace, sessionId) => ['session_id = ?', sessionId],
  eventsOfSession: (_namespace, sessionId) => ['stream_id = ?', sessionId],
  eventsOfTask: (_namespace, taskId) => ['task_id = ?', taskId],
  grantsOfSession: (_namespace, sessionId) => ['session_id = ?', sessionId],
  grantOrder: 'fence',
  // They have an index of their own.
  alongSession: null,
  oneOf: (column, words) => [`+${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(words)],
  contains: (column, text) => [`instr(${column}, ?) > 0`, text],
  unindexed: (column) => `+${column}`,
};

function listed<Row>(db: Database, select: string, { where, order, limit }: List): Row[] {
  const conditions = where.map(([condition]) => condition).join(' AND ');
  // No condition of this storage has a list as its value.
  const values = where.flatMap(([, ...found]) => found as (string | number)[]);
  return db.all<Row>(`${select} WHERE ${conditions} ORDER BY ${order} LIMIT ?`, ...values, limit);
}

const NEXT = Object.entries(COLUMNS.nextHead)
  .map(([field, column]) => `${column} AS "${field}"`)
  .join(', ');
/** The streams of sessions are in the namespaces of their sessions. */
const OTHER_STREAMS = STREAM_KINDS.filter((kind) => kind !== 'session').map(
  (kind) => `event_log WHERE stream_kind = '${kind}' AND`,
);
/** From one namespace to the next, without the rows between them. */
const NAMESPACES = ['sessions WHERE', ...OTHER_STREAMS].map(
  (from) => `WITH RECURSIVE found (name) AS (SELECT (SELECT min(namespace) FROM ${from} namespace > '')
    UNION ALL SELECT (SELECT min(namespace) FROM ${from} namespace > name) FROM found WHERE name IS NOT NULL)
  SELECT name FROM found WHERE name IS NOT NULL`,
);

export function readerOn(source: ReadSource, clock: Clock): Reader {
  const read = <R>(use: (db: Database) => R): Promise<R> => source.read(use);
  return {
    session: (namespace, id) => read((db) => storedSession(db, namespace, id)),
    task: (namespace, id) => read((db) => taskOf(db, namespace, id)),
    agent: (namespace, name) => read((db) => db.get<Agent>(`${SELECT.agent} ${BY_NAME}`, namespace, name) ?? null),
    agents: (filter) => read((db) => agentPage(db, filter)),
    sessions: (filter) => read((db) => sessionPage(db, filter)),
    tasks: (filter) => read((db) => taskPage(db, filter)),
    questions: (filter) => read((db) => questionPage(db, filter)),
    events: (filter) => read((db) => eventPage(db, filter)),
    dependencies: (filter) => read((db) => dependencyPage(db, filter)),
    dependencyEnds: (filter) =>
      read((db) => {
        const found = listed<DependencyEnd>(db, SELECT.dependencyEnd, dependencyEndList(WORDS, filter));
        return pageOf(found, filter.limit, dependencyKeyCursor);
      }),
    leases: (filter) => read((db) => leasePage(db, filter)),
    async histories(namespace, sessionIds, limit) {
      const found: SessionHistory[] = [];
      // Each is a read of its own, so that others get their turn between them.
      for (const sessionId of new Set(sessionIds)) {
        const history = await read((db) => historyOf(db, { namespace, sessionId, limit }));
        if (history !== null) found.push(history);
      }
      return found;
    },
    counts: (namespace, max) => read((db) => countsOf(db, namespace, max)),
    countsOfSession: (namespace, sessionId, max) => read((db) => countsOfSession(db, namespace, sessionId, max)),
    oldestHeads: (namespace, asked) => read((db) => oldestHeads(db, namespace, asked)),
    nextScheduled: (namespace, after) => read((db) => db.get<Task>(NEXT_SCHEDULED, namespace, after) ?? null),
    claimPreview: (scope) => read((db) => claimPreview(db, scope, clock)),
    // One process writes at a time, so ids are seen in their order, and the greatest one is settled.
    settledEventId: () => read((db) => db.get<{ id: number | null }>('SELECT max(id) AS id FROM event_log')?.id ?? 0),
    idOfNumber: (namespace, kind, number) =>
      read(
        (db) =>
          db.get<{ id: string }>(`SELECT id FROM ${kind}s WHERE number = ? AND namespace = ?`, number, namespace)?.id ??
          null,
      ),
    namespaces: () =>
      read((db) => {
        const names = NAMESPACES.flatMap((sql) => db.all<{ name: string }>(sql).map(({ name }) => name));
        return [...new Set(names)].toSorted(compareCodePoints);
      }),
    snapshot: (use) => source.snapshot((inside) => use(readerOn(inside, clock))),
    now: () => read((db) => Math.floor(authorityTime(storedClock(db), clock.read()))),
    storeState: (): Promise<StoreState | null> => read(readStoreState),
  };
}

function taskOf(db: Database, namespace: string, id: string | null): Task | null {
  return id === null ? null : (db.get<Task>(`${SELECT.task} ${BY_ID}`, namespace, id) ?? null);
}

/** With the head that its row names: a read makes no scheduled task queued. */
function withTasks(db: Database, session: Session): StoredSession {
  const { namespace, id, taskId } = session;
  const next = db.get<NextHead>(`SELECT ${NEXT} FROM sessions ${BY_ID} AND next_task_id IS NOT NULL`, namespace, id);
  return {
    session,
    task: taskOf(db, namespace, taskId),
    head: taskOf(db, namespace, next?.taskId ?? null),
    next: next ?? null,
  };
}

function storedSession(db: Database, namespace: string, id: string): StoredSession | null {
  const session = db.get<Session>(`${SELECT.session} ${BY_ID}`, namespace, id);
  return session === undefined ? null : withTasks(db, session);
}

function historyOf(
  db: Database,
  page: { readonly namespace: string; readonly sessionId: string; readonly limit: number },
): SessionHistory | null {
  const stored = storedSession(db, page.namespace, page.sessionId);
  return stored === null ? null : { ...stored, events: eventPage(db, page), tasks: taskPage(db, page) };
}

function sessionPage(db: Database, filter: SessionFilter): Page<Session> {
  return pageOf(listed<Session>(db, SELECT.session, sessionList(WORDS, filter)), filter.limit, ({ id }) => id);
}

function taskPage(db: Database, filter: TaskFilter): Page<Task> {
  return pageOf(listed<Task>(db, SELECT.task, taskList(WORDS, filter)), filter.limit, ({ id }) => id);
}

function questionPage(db: Database, filter: QuestionFilter): Page<Task> {
  return pageOf(listed<Task>(db, SELECT.task, questionList(WORDS, filter)), filter.limit, questionCursor);
}

function agentPage(db: Database, filter: AgentFilter): Page<Agent> {
  return pageOf(listed<Agent>(db, SELECT.agent, agentList(WORDS, filter)), filter.limit, ({ name }) => name);
}

function dependencyPage(db: Database, filter: DependencyFilter): Page<Dependency> {
  const found = listed<Dependency>(db, SELECT.dependency, dependencyList(WORDS, filter));
  return pageOf(found, filter.limit, dependencyCursor(filter));
}

function eventPage(db: Database, filter: EventFilter): Page<Event> {
  return pageOf(listed<Event>(db, SELECT.event, eventList(WORDS, filter)), filter.limit, eventCursor(filter));
}

/** Grants are events; so are the end of a lease and the refusal of a late write, which are found by its fence. */
function leasePage(db: Database, filter: LeaseFilter): Page<LeaseInterval> {
  const later = (grant: Event, effect: LeaseEffect) =>
    db.get<Event>(`${SELECT.event} ${OF_LEASE}`, grant.fence, effect, filter.upTo);
  // Of a namespace, they come in the order of this index: the one by session would have them all sorted.
  const select = filter.sessionId === undefined ? `${SELECT.event} INDEXED BY event_log_lease` : SELECT.event;
  const grants = listed<Event>(db, select, grantList(WORDS, filter));
  const found = grants.map((grant) => leaseInterval(grant, later(grant, 'ended'), later(grant, 'refused')));
  return pageOf(found, filter.limit, leaseCursor);
}

function oldestHeads(db: Database, namespace: string, { max, limit }: OldestHeadsAsked): OldestHeads {
  const rows = db.all<OldestHead & Pick<OldestHeads, 'lookedAt'>>(OLDEST_HEADS, namespace, max, limit);
  return { lookedAt: rows[0]?.lookedAt ?? 0, oldest: rows.map(({ taskId, queuedAt }) => ({ taskId, queuedAt })) };
}

function countsOfSession(db: Database, namespace: string, sessionId: string, max: number): Counts['tasks'] {
  const counts = noTasks();
  const rows = db.all<{ status: TaskStatus }>(STATUSES_IN_SESSION, namespace, sessionId, max);
  for (const { status } of rows) counts[status] += 1;
  return counts;
}

/** Conditions whose rows together are those of a status, each as its index says it. */
const ofSession = (status: SessionStatus): readonly string[] =>
  status === 'idle' ? [READY, EMPTY] : [`status = '${status}'`];
const ofTask = (status: TaskStatus): string => `status = '${status}'${isEnded(status) ? ` AND ${ENDED}` : ''}`;

function countsOf(db: Database, namespace: string, max: number): Counts {
  const count = (table: string, conditions: readonly string[]): number => {
    const parts = conditions.map((condition) => `SELECT 1 FROM ${table} WHERE namespace = ?1 AND ${condition}`);
    const sql = `SELECT count(*) AS n FROM (${parts.join(' UNION ALL ')} LIMIT ?2)`;
    return db.get<{ n: number }>(sql, namespace, max)?.n ?? 0;
  };
  const [sessions, tasks] = [noSessions(), noTasks()];
  for (const status of SESSION_STATUS_NAMES) sessions[status] = count('sessions', ofSession(status));
  for (const status of TASK_STATUS_NAMES) tasks[status] = count('tasks', [ofTask(status)]);
  const streams = STREAM_KINDS.map((kind) => `stream_kind = '${kind}'`);
  return { sessions, tasks, events: count('event_log', streams) };
}

/** From the same look-ups as a claim. They queue nothing here, because no task is asked whether it is due. */
function claimPreview(db: Database, scope: ClaimPreviewScope, clock: Clock): ClaimPreview {
  const { namespace, scheduledLimit: limit } = scope;
  const on = lookupsOn(db);
  const now = { ...storedClock(db), reading: clock.read() };
  if (scope.by === 'session') {
    const session = on.session(namespace, scope.sessionId);
    const scheduled = `${SELECT.task} WHERE ${SCHEDULED_IN_SESSION} ORDER BY run_at LIMIT ?`;
    return {
      clock: now,
      sessions: session === undefined ? [] : [completeSession(on, session)],
      held: [],
      scheduled: db.all<Task>(scheduled, namespace, scope.sessionId, limit),
      returning: [],
    };
  }
  const returning = `${SELECT.task} WHERE ${RETURNS} ORDER BY return_at, id LIMIT ?`;
  const held = on.stale(namespace, Number.MAX_SAFE_INTEGER, scope.heldLimit);
  return {
    clock: now,
    sessions: readySessions(on, namespace, scope),
    held: held.map((session) => completeSession(on, session)),
    scheduled: db.all<Task>(`${SELECT.task} WHERE ${SCHEDULED} ORDER BY run_at LIMIT ?`, namespace, limit),
    returning: db.all<Task>(returning, namespace, limit),
  };
}
