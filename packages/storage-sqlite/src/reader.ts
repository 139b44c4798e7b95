import type {
  Clock,
  Counts,
  Event,
  EventFilter,
  LoadedSession,
  NextHead,
  ClaimPreview,
  ClaimPreviewScope,
  Page,
  Reader,
  Session,
  SessionFilter,
  StoreState,
  Task,
  TaskFilter,
} from '@agent-orchestrator/core';
import {
  compareInQueue,
  decodeClockState,
  noSessions,
  noTasks,
  SESSION_STATUS_NAMES,
  TASK_STATUS_NAMES,
  TASK_STATUSES,
  type SessionStatus,
  type TaskStatus,
} from '@agent-orchestrator/core';
import { ENDED, RUNNING, STREAM_KINDS, WAITING } from './conditions.ts';
import type { Connection } from './connection.ts';
import { EVENT_COLUMNS, SESSION_COLUMNS, selected, TASK_COLUMNS } from './rows.ts';
import { readStoreState } from './store-state.ts';

/** Runs single reads on a shared connection, and each snapshot on a connection of its own. */
export interface ReadSource {
  read<R>(use: (on: PreparedReads) => R): Promise<R>;
  snapshot<R>(use: (source: ReadSource) => Promise<R>): Promise<R>;
}

/** Each text is prepared once for each connection; there are few, and none holds a value. */
export class PreparedReads {
  readonly db: Connection;
  readonly #statements = new Map<string, { all(...values: unknown[]): unknown[] }>();

  constructor(db: Connection) {
    this.db = db;
  }

  all<Row>(sql: string, ...values: unknown[]): Row[] {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.db.prepare(sql)));
    return statement.all(...values) as Row[];
  }
}

function first<Row>(rows: readonly Row[]): Row | null {
  return rows[0] ?? null;
}

const SESSION = `SELECT ${selected(SESSION_COLUMNS)} FROM sessions WHERE namespace = ? AND id = ?`;
const TASK = `SELECT ${selected(TASK_COLUMNS)} FROM tasks WHERE namespace = ? AND id = ?`;
/** The head as the claim's index knows it, so that `verify` compares just this with the queue. */
const NEXT = `SELECT next_task_id AS "taskId", next_priority AS "priority", next_queued_at AS "queuedAt",
    next_kind AS "kind", next_for AS "addressee"
  FROM sessions WHERE namespace = ? AND id = ? AND next_task_id IS NOT NULL`;
/** One step along the index for each namespace, not over all rows. */
function namespacesOf(table: string, where = 'true'): string {
  return `SELECT namespace FROM (WITH RECURSIVE found(namespace) AS (SELECT min(namespace) FROM ${table} WHERE ${where}
    UNION ALL SELECT (SELECT min(namespace) FROM ${table} WHERE ${where} AND namespace > found.namespace)
    FROM found WHERE found.namespace IS NOT NULL)
    SELECT namespace FROM found WHERE namespace IS NOT NULL)`;
}

const STREAMS = STREAM_KINDS.map((kind) => `stream_kind = '${kind}'`);
const NAMESPACED = [namespacesOf('sessions'), ...STREAMS.map((stream) => namespacesOf('event_log', stream))];
const NAMESPACES = `${NAMESPACED.join(' UNION ')} ORDER BY 1`;

/** Rows that an index holds under a condition. */
type IndexPart = readonly [index: string, condition: string];

/** How many rows of a namespace the parts hold, up to the maximum. */
function counted(table: string, parts: readonly IndexPart[]): string {
  const counts = parts.map(
    ([index, condition]) => `(SELECT count(*) FROM (SELECT 1 FROM ${table} INDEXED BY ${index}
      WHERE namespace = :namespace AND ${condition} LIMIT :max))`,
  );
  return `min(:max, ${counts.join(' + ')})`;
}

/** The indexes that contain the sessions of each status. */
const SESSION_PARTS: Readonly<Record<SessionStatus, readonly IndexPart[]>> = {
  idle: [
    ['sessions_ready', `status = 'idle' AND next_task_id IS NOT NULL`],
    ['sessions_empty', `status = 'idle' AND next_task_id IS NULL`],
  ],
  running: [['sessions_held', `status = 'running'`]],
  closed: [['sessions_closed', `status = 'closed'`]],
};

/** The statuses that have an index of their own; the others are in the index of their phase. */
const OWN_INDEX: Readonly<Partial<Record<TaskStatus, string>>> = { scheduled: 'tasks_due', queued: 'tasks_queued' };
const PHASE_INDEX: Readonly<Record<(typeof TASK_STATUSES)[TaskStatus]['phase'], IndexPart>> = {
  waiting: ['tasks_waiting', WAITING],
  running: ['tasks_running', RUNNING],
  ended: ['tasks_ended', ENDED],
};

function taskPart(status: TaskStatus): IndexPart {
  const only = `status = '${status}'`;
  const own = OWN_INDEX[status];
  if (own !== undefined) return [own, only];
  const [index, condition] = PHASE_INDEX[TASK_STATUSES[status].phase];
  // The index's own condition, word for word: SQLite does not infer it from one of its words.
  return [index, condition === only ? only : `${only} AND ${condition}`];
}

const sessionCount = (status: SessionStatus) => `${counted('sessions', SESSION_PARTS[status])} AS ${status}`;
const taskCount = (status: TaskStatus) => `${counted('tasks', [taskPart(status)])} AS ${status}`;
const SESSION_COUNTS = `SELECT ${SESSION_STATUS_NAMES.map(sessionCount).join(', ')}`;
const TASK_COUNTS = `SELECT ${TASK_STATUS_NAMES.map(taskCount).join(', ')}`;
const EVENTS: readonly IndexPart[] = STREAMS.map((stream) => ['event_log_seq', stream]);
const EVENT_COUNT = `SELECT ${counted('event_log', EVENTS)} AS events`;

const SETTLED_EVENT_ID = 'SELECT max(id) AS id FROM event_log';
const TASK_OF_NUMBER = `SELECT id FROM tasks INDEXED BY tasks_by_number WHERE number = ? AND namespace = ?`;
const SESSION_OF_NUMBER = `SELECT id FROM sessions INDEXED BY sessions_by_number WHERE number = ? AND namespace = ?`;

const READY = `SELECT ${selected(SESSION_COLUMNS)}, next_task_id AS "headId" FROM sessions INDEXED BY sessions_ready
  WHERE namespace = ? AND next_for = ? AND status = 'idle' AND next_task_id IS NOT NULL
  ORDER BY next_priority, next_queued_at, next_task_id LIMIT ?`;
const READY_OF_KIND = `SELECT ${selected(SESSION_COLUMNS)}, next_task_id AS "headId"
  FROM sessions INDEXED BY sessions_ready_of_kind
  WHERE namespace = ? AND next_for = ? AND next_kind = ? AND status = 'idle' AND next_task_id IS NOT NULL
  ORDER BY next_priority, next_queued_at, next_task_id LIMIT ?`;
const HELD = `SELECT ${selected(SESSION_COLUMNS)}, next_task_id AS "headId" FROM sessions INDEXED BY sessions_stale
  WHERE namespace = ? AND status = 'running' ORDER BY stale_at, id LIMIT ?`;
const SCHEDULED = `SELECT ${selected(TASK_COLUMNS)} FROM tasks INDEXED BY tasks_due
  WHERE namespace = ? AND status = 'scheduled' ORDER BY run_at LIMIT ?`;
const SCHEDULED_IN_SESSION = `SELECT ${selected(TASK_COLUMNS)} FROM tasks INDEXED BY tasks_due_in_session
  WHERE namespace = ? AND session_id = ? AND status = 'scheduled' ORDER BY run_at LIMIT ?`;
const CLOCK = `SELECT value FROM meta WHERE key = 'clock'`;

/** The texts that show what a claim would choose from, for the test that looks at their query plans. */
export const CLAIM_PREVIEW = { READY, READY_OF_KIND, HELD, SCHEDULED, SCHEDULED_IN_SESSION, CLOCK } as const;

/** The texts of all reads but events, for the test that looks at their query plans. */
export const READS = {
  SESSION,
  TASK,
  NEXT,
  TASK_OF_NUMBER,
  SESSION_OF_NUMBER,
  NAMESPACES,
  SESSION_COUNTS,
  TASK_COUNTS,
  EVENT_COUNT,
} as const;

export class SqliteReader implements Reader {
  readonly #source: ReadSource;
  readonly #clock: Clock;

  constructor(source: ReadSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  session(namespace: string, id: string): ReturnType<Reader['session']> {
    return this.#source.read((on) => loadedSession(on, namespace, id));
  }

  task(namespace: string, id: string): Promise<Task | null> {
    return this.#source.read((on) => first(on.all<Task>(TASK, namespace, id)));
  }

  async sessions(filter: SessionFilter): Promise<Page<Session>> {
    const { listSessions } = await import('./lists.ts');
    const found = await this.#source.read(({ db }) => listSessions(db, filter));
    return pageOf(found, filter.limit, ({ id }) => id);
  }

  async tasks(filter: TaskFilter): Promise<Page<Task>> {
    const { listTasks } = await import('./lists.ts');
    const found = await this.#source.read(({ db }) => listTasks(db, filter));
    return pageOf(found, filter.limit, ({ id }) => id);
  }

  async events(filter: EventFilter): Promise<Page<Event>> {
    const { sql, values } = eventsQuery(filter);
    const found = await this.#source.read((on) => on.all<Event>(sql, ...values));
    return pageOf(found, filter.limit, (event) => String(filter.sessionId === undefined ? event.id : event.seq));
  }

  counts(namespace: string, max: number): Promise<Counts> {
    return this.#source.read((on) => ({
      sessions: first(on.all<Counts['sessions']>(SESSION_COUNTS, { namespace, max })) ?? noSessions(),
      tasks: first(on.all<Counts['tasks']>(TASK_COUNTS, { namespace, max })) ?? noTasks(),
      events: first(on.all<Pick<Counts, 'events'>>(EVENT_COUNT, { namespace, max }))?.events ?? 0,
    }));
  }

  claimPreview(scope: ClaimPreviewScope): Promise<ClaimPreview> {
    const { namespace, scheduledLimit } = scope;
    return this.#source.read((on) => {
      const clock = first(on.all<{ value: string }>(CLOCK));
      const remembered = clock === null ? { last: null, jump: null } : decodeClockState(clock.value);
      const found =
        scope.by === 'ready'
          ? {
              sessions: readySessions(on, scope),
              held: on.all<IndexedSession>(HELD, namespace, scope.heldLimit).map((row) => withTasks(on, row)),
              scheduled: on.all<Task>(SCHEDULED, namespace, scheduledLimit),
            }
          : {
              sessions: [loadedSession(on, namespace, scope.sessionId)].filter((one) => one !== null),
              held: [],
              scheduled: on.all<Task>(SCHEDULED_IN_SESSION, namespace, scope.sessionId, scheduledLimit),
            };
      return { clock: { ...remembered, reading: this.#clock.read() }, ...found };
    });
  }

  /** Differs: one writer at a time, so ids become visible in their order and the greatest visible one is settled. */
  settledEventId(): Promise<number> {
    return this.#source.read((on) => first(on.all<{ id: number | null }>(SETTLED_EVENT_ID))?.id ?? 0);
  }

  idOfNumber(namespace: string, kind: 'task' | 'session', number: number): Promise<string | null> {
    const sql = kind === 'task' ? TASK_OF_NUMBER : SESSION_OF_NUMBER;
    return this.#source.read((on) => first(on.all<{ id: string }>(sql, number, namespace))?.id ?? null);
  }

  namespaces(): Promise<readonly string[]> {
    return this.#source.read((on) => on.all<{ namespace: string }>(NAMESPACES).map(({ namespace }) => namespace));
  }

  snapshot<R>(use: (reader: Reader) => Promise<R>): Promise<R> {
    return this.#source.snapshot((source) => use(new SqliteReader(source, this.#clock)));
  }

  now(): Promise<number> {
    return this.#source.read(() => Math.floor(this.#clock.read().wall));
  }

  storeState(): Promise<StoreState | null> {
    return this.#source.read((on) => readStoreState(on.db));
  }
}

/** A row with the id of its head, as the claim's index knows it. */
type IndexedSession = Session & { readonly headId: string | null };

function loadedSession(
  on: PreparedReads,
  namespace: string,
  id: string,
): (LoadedSession & { readonly next: NextHead | null }) | null {
  const session = first(on.all<Session>(SESSION, namespace, id));
  if (session === null) return null;
  const next = first(on.all<NextHead>(NEXT, namespace, id));
  return { ...withTasks(on, { ...session, headId: next?.taskId ?? null }), session, next };
}

function withTasks(on: PreparedReads, { headId, ...session }: IndexedSession): LoadedSession {
  const taskOf = (id: string | null) => (id === null ? null : first(on.all<Task>(TASK, session.namespace, id)));
  return { session, task: taskOf(session.taskId), head: taskOf(headId) };
}

/** One look-up per addressee and kind, merged. */
function readySessions(
  on: PreparedReads,
  { namespace, addressees, kinds, limit }: Extract<ClaimPreviewScope, { by: 'ready' }>,
): LoadedSession[] {
  const rows = [...new Set(addressees)].flatMap((addressee) =>
    kinds === undefined
      ? on.all<IndexedSession>(READY, namespace, addressee, limit)
      : [...new Set(kinds)].flatMap((kind) => on.all<IndexedSession>(READY_OF_KIND, namespace, addressee, kind, limit)),
  );
  return rows
    .map((row) => withTasks(on, row))
    .flatMap(({ head, ...rest }) => (head === null ? [] : [{ ...rest, head }]))
    .toSorted((a, b) => compareInQueue(a.head, b.head))
    .slice(0, limit);
}

/** The text depends only on which filters are set. One row more than asked tells whether there is a next page. */
export function eventsQuery({
  namespace,
  sessionId,
  taskId,
  types,
  leaseEffect,
  limit,
  after = '0',
  upTo,
}: EventFilter): {
  readonly sql: string;
  readonly values: readonly unknown[];
} {
  const cursor = sessionId === undefined ? 'id' : 'seq';
  const index =
    sessionId !== undefined
      ? 'INDEXED BY event_log_seq'
      : taskId !== undefined
        ? 'INDEXED BY event_log_task'
        : 'NOT INDEXED';
  const where: [condition: string, value: unknown][] = [
    ['namespace = ?', namespace],
    [`${cursor} > ?`, Number(after)],
  ];
  if (sessionId !== undefined) where.push([`stream_kind = 'session' AND stream_id = ?`, sessionId]);
  if (taskId !== undefined) where.push(['task_id = ?', taskId]);
  if (types !== undefined) where.push(['type IN (SELECT value FROM json_each(?))', JSON.stringify(types)]);
  if (leaseEffect !== undefined) where.push(['lease_effect = ?', leaseEffect]);
  if (upTo !== undefined) where.push(['id <= ?', upTo]);
  const sql = `SELECT ${selected(EVENT_COLUMNS)} FROM event_log ${index}
    WHERE ${where.map(([condition]) => condition).join(' AND ')} ORDER BY ${cursor} LIMIT ?`;
  return { sql, values: [...where.map(([, value]) => value), limit + 1] };
}

/** Makes a page from the rows: one row more than asked means that there is a next page. */
function pageOf<Row>(found: readonly Row[], limit: number, cursorOf: (row: Row) => string): Page<Row> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? cursorOf(last) : null };
}
