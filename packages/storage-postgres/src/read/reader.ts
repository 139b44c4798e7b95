import type {
  Agent,
  AgentFilter,
  Clock,
  Counts,
  Dependency,
  DependencyEnd,
  DependencyEndFilter,
  DependencyFilter,
  Event,
  EventFilter,
  LeaseFilter,
  LeaseInterval,
  LoadedSession,
  NextHead,
  OldestHeads,
  OldestHeadsAsked,
  ClaimPreview,
  ClaimPreviewScope,
  Page,
  QuestionFilter,
  Reader,
  Session,
  SessionFilter,
  SessionHistory,
  StoredSession,
  StoreState,
  Task,
  TaskFilter,
} from '@agent-orchestrator/core';
import {
  COLUMNS,
  compareInQueue,
  decodeClockState,
  dependencyKeyCursor,
  leaseCursor,
  questionCursor,
} from '@agent-orchestrator/core';
import { dependencyCursor, eventCursor, FIELDS, pageOf, RETURNING, unique } from '@agent-orchestrator/storage-sql';
import type { Answer, Query } from '../connection.ts';
import { COUNTS, countsIn, STREAMS, tasksIn } from './counts.ts';
import {
  dependenciesQuery,
  dependencyEndsQuery,
  eventsQuery,
  LEASE_FIELDS,
  leasesQuery,
  listAgentsQuery,
  listSessionsQuery,
  listTasksQuery,
  questionsQuery,
} from './lists.ts';
import { rowAt, selected } from '../rows.ts';
import { query } from '../server/statement-batch.ts';
import { arrayOf } from '../server/values.ts';
import { STORE_STATE, storeStateOf } from '../copy/store-state.ts';
import { notOwnWork, now, timeOf } from '../statements.ts';

/**
 * Runs single statements on a shared connection, and each snapshot on a connection of its own. Refuses nothing: whether
 * the storage is open is asked once for each call of the reader (`RunningCalls`).
 */
export interface ReadSource {
  read(query: Query): Promise<Answer>;
  snapshot<R>(use: (source: ReadSource) => Promise<R>): Promise<R>;
  settledEventId(): Promise<number>;
}

/**
 * A session with its running task and the head as the claim's index knows it, so that `verify` can compare just this.
 */
const LOADED = `SELECT
    ${selected(COLUMNS.session, 's')}, ${selected(COLUMNS.task, 't')}, ${selected(COLUMNS.task, 'h')},
    s.next_task_id, s.next_priority, s.next_queued_at, s.next_kind, s.next_for
  FROM orchestrator.sessions s
  LEFT JOIN orchestrator.tasks t ON t.namespace = s.namespace AND t.id = s.task_id
  LEFT JOIN orchestrator.tasks h ON h.namespace = s.namespace AND h.id = s.next_task_id`;
const SESSION = `${LOADED} WHERE s.namespace = $1 AND s.id = $2`;

/** Of the sessions whose ids are in $2. */
const SESSIONS = `${LOADED} WHERE s.namespace = $1 AND s.id = ANY ${arrayOf('$2')}`;
/** For each session the first rows, in their order. */
const ofEach = (rows: string, order: string, limit: number): string =>
  `SELECT r.* FROM unnest(${arrayOf('$2')}) WITH ORDINALITY n (id, at) CROSS JOIN LATERAL (
    ${rows} ORDER BY ${order} LIMIT ${limit + 1}) r ORDER BY n.at, r.${order}`;
const eventsOfEach = (limit: number): string =>
  ofEach(
    `SELECT ${selected(COLUMNS.event, 'e')} FROM orchestrator.event_log e
    WHERE e.stream_kind = 'session' AND e.namespace = $1 AND e.stream_id = n.id AND e.seq > 0`,
    'seq',
    limit,
  );
const tasksOfEach = (limit: number): string =>
  ofEach(
    `SELECT ${selected(COLUMNS.task, 't')} FROM orchestrator.tasks t
    WHERE t.namespace = $1 AND t.session_id = n.id AND t.created_at >= 0`,
    'id',
    limit,
  );
/** The conditions that come after `namespace =` are those of the claim's index, word for word (see `readyRanges`). */
const ready = (isKind: string, limit: number): string =>
  `${LOADED} WHERE s.namespace = $1 AND s.next_for = $2${isKind} AND s.status = 'idle' AND s.next_task_id IS NOT NULL
     AND ${notOwnWork('$3')}
   ORDER BY s.next_priority, s.next_queued_at, s.next_task_id LIMIT ${limit}`;
const readyOfAny = (limit: number): string => ready(' AND s.next_priority >= 0', limit);
const readyOfKind = (limit: number): string => ready(` AND s.next_kind = $4 AND s.next_kind > ''`, limit);
const held = (limit: number): string =>
  `${LOADED} WHERE s.namespace = $1 AND s.status = 'running' AND s.stale_at >= 0
   ORDER BY s.stale_at, s.id LIMIT ${limit}`;
const scheduled = (limit: number): string =>
  `SELECT ${selected(COLUMNS.task, 't')} FROM orchestrator.tasks t
   WHERE t.namespace = $1 AND t.status = 'scheduled' AND t.run_at >= 0 ORDER BY t.run_at LIMIT ${limit}`;
const NEXT_SCHEDULED = `SELECT ${selected(COLUMNS.task, 't')} FROM orchestrator.tasks t
  WHERE t.namespace = $1 AND t.status = 'scheduled' AND t.run_at >= 0 AND t.run_at > $2 ORDER BY t.run_at LIMIT 1`;
const scheduledInSession = (limit: number): string =>
  `SELECT ${selected(COLUMNS.task, 't')} FROM orchestrator.tasks t
   WHERE t.namespace = $1 AND t.session_id = $2 AND t.session_id > '' AND t.status = 'scheduled'
   ORDER BY t.run_at LIMIT ${limit}`;
const withReturn = (limit: number): string =>
  `SELECT ${selected(COLUMNS.task, 't')} FROM orchestrator.tasks t
   WHERE t.namespace = $1 AND t.${RETURNING} ORDER BY t.return_at, t.id LIMIT ${limit}`;
const CLOCK = `SELECT m.value, ${now('$1')} FROM orchestrator.meta m WHERE m.key = 'clock'`;

/** The texts of the histories of sessions, for the test that looks at their query plans. */
export const HISTORIES = { SESSIONS, eventsOfEach, tasksOfEach } as const;

/** The texts that show what a claim would choose from, for the test that looks at their query plans. */
export const CLAIM_PREVIEW = { readyOfAny, readyOfKind, held, scheduled, scheduledInSession, withReturn } as const;

const TASK = `SELECT ${selected(COLUMNS.task, 't')} FROM orchestrator.tasks t WHERE t.namespace = $1 AND t.id = $2`;
const AGENT = `SELECT ${selected(COLUMNS.agent, 'a')} FROM orchestrator.agents a
  WHERE a.namespace = $1 AND a.name = $2`;
/** One step along the index for each namespace, not over all rows. */
const namespacesOf = (table: string, where = 'true'): string => {
  const first = (after: string): string =>
    `SELECT r.namespace FROM orchestrator.${table} r WHERE ${where}${after} ORDER BY r.namespace LIMIT 1`;
  return `SELECT n.namespace FROM (WITH RECURSIVE found (namespace) AS ((${first('')})
      UNION ALL SELECT (${first(' AND r.namespace > found.namespace')}) FROM found WHERE found.namespace IS NOT NULL)
    SELECT found.namespace FROM found WHERE found.namespace IS NOT NULL) n`;
};
const OF_STREAMS = STREAMS.map((stream) => namespacesOf('event_log', stream));
const NAMESPACES = `${[namespacesOf('sessions'), ...OF_STREAMS].join(' UNION ')} ORDER BY 1`;
const NOW = query(`SELECT ${now('NULL')}`);

const TASK_OF_NUMBER = `SELECT t.id FROM orchestrator.tasks t WHERE t.number = $1 AND t.namespace = $2`;
const SESSION_OF_NUMBER = `SELECT s.id FROM orchestrator.sessions s WHERE s.number = $1 AND s.namespace = $2`;

/** The texts of all reads but events and lists, for the test that looks at their query plans. */
export const READS = {
  SESSION,
  TASK,
  AGENT,
  TASK_OF_NUMBER,
  SESSION_OF_NUMBER,
  NAMESPACES,
  NEXT_SCHEDULED,
  COUNTS: COUNTS.COUNTS,
} as const;

const NEXT_AT = FIELDS.session.length + FIELDS.task.length * 2;
const NEXT_FIELDS = ['taskId', 'priority', 'queuedAt', 'kind', 'addressee'] as const;

export class PostgresReader implements Reader {
  readonly #source: ReadSource;
  readonly #clock: Clock | null;

  constructor(source: ReadSource, clock: Clock | null) {
    this.#source = source;
    this.#clock = clock;
  }

  async session(namespace: string, id: string): Promise<StoredSession | null> {
    const [row] = await this.#source.read(query(SESSION, namespace, id));
    return row === undefined ? null : storedAt(row);
  }

  /** Differs: three statements, however many sessions there are; each of them sees what is committed when it begins. */
  async histories(namespace: string, sessionIds: readonly string[], limit: number): Promise<readonly SessionHistory[]> {
    const ids = unique(sessionIds);
    const [sessions, events, tasks] = await Promise.all([
      this.#source.read(query(SESSIONS, namespace, ids)),
      this.#source.read(query(eventsOfEach(limit), namespace, ids)),
      this.#source.read(query(tasksOfEach(limit), namespace, ids)),
    ]);
    const eventsOf = Map.groupBy(
      events.map((row) => rowAt<Event>(FIELDS.event, row)),
      ({ streamId }) => streamId,
    );
    const tasksOf = Map.groupBy(
      tasks.map((row) => rowAt<Task>(FIELDS.task, row)),
      ({ sessionId }) => sessionId,
    );
    return sessions.map(storedAt).map((stored) => ({
      ...stored,
      events: pageOf(eventsOf.get(stored.session.id) ?? [], limit, ({ seq }) => String(seq)),
      tasks: pageOf(tasksOf.get(stored.session.id) ?? [], limit, ({ id }) => id),
    }));
  }

  async task(namespace: string, id: string): Promise<Task | null> {
    const [row] = await this.#source.read(query(TASK, namespace, id));
    return row === undefined ? null : rowAt<Task>(FIELDS.task, row);
  }

  async agent(namespace: string, name: string): Promise<Agent | null> {
    const [row] = await this.#source.read(query(AGENT, namespace, name));
    return row === undefined ? null : rowAt<Agent>(FIELDS.agent, row);
  }

  agents(filter: AgentFilter): Promise<Page<Agent>> {
    return this.#page(FIELDS.agent, listAgentsQuery(filter), filter, ({ name }) => name);
  }

  sessions(filter: SessionFilter): Promise<Page<Session>> {
    return this.#page(FIELDS.session, listSessionsQuery(filter), filter, ({ id }) => id);
  }

  tasks(filter: TaskFilter): Promise<Page<Task>> {
    return this.#page(FIELDS.task, listTasksQuery(filter), filter, ({ id }) => id);
  }

  questions(filter: QuestionFilter): Promise<Page<Task>> {
    return this.#page<Task>(FIELDS.task, questionsQuery(filter), filter, questionCursor);
  }

  events(filter: EventFilter): Promise<Page<Event>> {
    return this.#page(FIELDS.event, eventsQuery(filter), filter, eventCursor(filter));
  }

  leases(filter: LeaseFilter): Promise<Page<LeaseInterval>> {
    return this.#page<LeaseInterval>(LEASE_FIELDS, leasesQuery(filter), filter, leaseCursor);
  }

  dependencies(filter: DependencyFilter): Promise<Page<Dependency>> {
    return this.#page(FIELDS.dependency, dependenciesQuery(filter), filter, dependencyCursor(filter));
  }

  dependencyEnds(filter: DependencyEndFilter): Promise<Page<DependencyEnd>> {
    return this.#page<DependencyEnd>(FIELDS.dependencyEnd, dependencyEndsQuery(filter), filter, dependencyKeyCursor);
  }

  async counts(namespace: string, max: number): Promise<Counts> {
    const [row] = await this.#source.read(query(COUNTS.COUNTS, namespace, max));
    return countsIn(row);
  }

  async countsOfSession(namespace: string, sessionId: string, max: number): Promise<Counts['tasks']> {
    const [row] = await this.#source.read(query(COUNTS.tasksOfSession(max), namespace, sessionId));
    return tasksIn(row);
  }

  async oldestHeads(namespace: string, asked: OldestHeadsAsked): Promise<OldestHeads> {
    const rows = await this.#source.read(query(COUNTS.oldestHeads(asked), namespace));
    const oldest = rows.map(([taskId, queuedAt]) => ({ taskId: taskId as string, queuedAt: queuedAt as number }));
    return { lookedAt: (rows[0]?.[2] ?? 0) as number, oldest };
  }

  async nextScheduled(namespace: string, after: number): Promise<Task | null> {
    const [row] = await this.#source.read(query(NEXT_SCHEDULED, namespace, after));
    return row === undefined ? null : rowAt<Task>(FIELDS.task, row);
  }

  async claimPreview(scope: ClaimPreviewScope): Promise<ClaimPreview> {
    const { namespace, scheduledLimit } = scope;
    const loaded = async (one: Query) => (await this.#source.read(one)).map(loadedAt);
    const found =
      scope.by === 'ready'
        ? {
            sessions: await this.#ready(scope),
            held: await loaded(query(held(scope.heldLimit), namespace)),
            scheduled: await this.#source.read(query(scheduled(scheduledLimit), namespace)),
            returning: await this.#source.read(query(withReturn(scheduledLimit), namespace)),
          }
        : {
            sessions: await loaded(query(SESSION, namespace, scope.sessionId)),
            held: [],
            scheduled: await this.#source.read(query(scheduledInSession(scheduledLimit), namespace, scope.sessionId)),
            returning: [],
          };
    const [clock] = await this.#source.read(query(CLOCK, timeOf(this.#clock)));
    const wall = this.#clock?.read().wall ?? (clock?.[1] as number);
    return {
      ...found,
      scheduled: found.scheduled.map((row) => rowAt<Task>(FIELDS.task, row)),
      returning: found.returning.map((row) => rowAt<Task>(FIELDS.task, row)),
      clock: {
        ...decodeClockState(clock?.[0] as string),
        reading: { wall, steady: wall, uptime: wall, boot: null },
      },
    };
  }

  settledEventId(): Promise<number> {
    return this.#source.settledEventId();
  }

  async idOfNumber(namespace: string, kind: 'task' | 'session', number: number): Promise<string | null> {
    const text = kind === 'task' ? TASK_OF_NUMBER : SESSION_OF_NUMBER;
    const [row] = await this.#source.read(query(text, number, namespace));
    return (row?.[0] as string | undefined) ?? null;
  }

  async namespaces(): Promise<readonly string[]> {
    const found = await this.#source.read(query(NAMESPACES));
    return found.map(([namespace]) => namespace as string);
  }

  snapshot<R>(use: (reader: Reader) => Promise<R>): Promise<R> {
    return this.#source.snapshot((source) => use(new PostgresReader(source, this.#clock)));
  }

  async now(): Promise<number> {
    const [row] = await this.#source.read(NOW);
    return timeOf(this.#clock) ?? (row?.[0] as number);
  }

  async storeState(): Promise<StoreState | null> {
    const [row] = await this.#source.read(STORE_STATE);
    return storeStateOf(row);
  }

  async #page<Row>(
    fields: readonly (keyof Row & string)[],
    asked: Query,
    { limit }: { readonly limit: number },
    cursorOf: (row: Row) => string,
  ): Promise<Page<Row>> {
    const found = await this.#source.read(asked);
    return pageOf(
      found.map((row) => rowAt<Row>(fields, row)),
      limit,
      cursorOf,
    );
  }

  /** One look-up per addressee and kind, merged. */
  async #ready(scope: Extract<ClaimPreviewScope, { by: 'ready' }>): Promise<LoadedSession[]> {
    const { namespace, addressees, agent = '', kinds, limit } = scope;
    const lookups = unique(addressees).flatMap((addressee) =>
      kinds === undefined
        ? [query(readyOfAny(limit), namespace, addressee, agent)]
        : unique(kinds).map((kind) => query(readyOfKind(limit), namespace, addressee, agent, kind)),
    );
    const found: LoadedSession[] = [];
    for (const lookup of lookups) found.push(...(await this.#source.read(lookup)).map(loadedAt));
    return found
      .flatMap(({ head, ...rest }) => (head === null ? [] : [{ ...rest, head }]))
      .toSorted((a, b) => compareInQueue(a.head, b.head))
      .slice(0, limit);
  }
}

/** A row of `LOADED`. */
function loadedAt(row: Answer[number]): LoadedSession {
  const taskAt = (start: number) => (row[start] === null ? null : rowAt<Task>(FIELDS.task, row, start));
  return {
    session: rowAt<Session>(FIELDS.session, row),
    task: taskAt(FIELDS.session.length),
    head: taskAt(FIELDS.session.length + FIELDS.task.length),
  };
}

/** The same, with the head as the claim's index knows it. */
function storedAt(row: Answer[number]): StoredSession {
  return { ...loadedAt(row), next: row[NEXT_AT] === null ? null : rowAt<NextHead>(NEXT_FIELDS, row, NEXT_AT) };
}
