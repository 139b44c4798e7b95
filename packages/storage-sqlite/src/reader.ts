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
import { compareInQueue, decodeClockState } from '@agent-orchestrator/core';
import type { Connection } from './connection.ts';
import { EVENT_COLUMNS, SESSION_COLUMNS, selected, TASK_COLUMNS } from './rows.ts';
import { readStoreState } from './store-state.ts';

/** Runs a read on some connection, and what is to see one state on a connection of its own. */
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
const NEXT = `SELECT next_task_id AS "taskId", next_priority AS "priority", next_queued_at AS "queuedAt", next_kind AS "kind", next_for AS "addressee"
  FROM sessions WHERE namespace = ? AND id = ? AND next_task_id IS NOT NULL`;
/** From one namespace to the next by its index, not over all sessions. */
/** One step along the index for each namespace. */
function namespacesOf(table: string): string {
  return `SELECT namespace FROM (WITH RECURSIVE found(namespace) AS (SELECT min(namespace) FROM ${table}
    UNION ALL SELECT (SELECT min(namespace) FROM ${table} WHERE namespace > found.namespace) FROM found WHERE found.namespace IS NOT NULL)
    SELECT namespace FROM found WHERE namespace IS NOT NULL)`;
}

const NAMESPACES = `${namespacesOf('sessions')} UNION ${namespacesOf('event_log')} ORDER BY 1`;

const counted = (table: string, index: string, where: string): string =>
  `(SELECT count(*) FROM (SELECT 1 FROM ${table} INDEXED BY ${index} WHERE namespace = :namespace AND ${where} LIMIT :max))`;

const SESSION_COUNTS = `SELECT
  min(:max, ${counted('sessions', 'sessions_ready', `status = 'idle' AND next_task_id IS NOT NULL`)} + ${counted('sessions', 'sessions_empty', `status = 'idle' AND next_task_id IS NULL`)}) AS idle,
  ${counted('sessions', 'sessions_held', `status = 'running'`)} AS running,
  ${counted('sessions', 'sessions_closed', `status = 'closed'`)} AS closed`;

/** The index's own condition, word for word: SQLite does not infer it from one of the three. */
const ENDED = `status IN ('succeeded', 'failed', 'cancelled')`;
const TASK_COUNTS = `SELECT
  ${counted('tasks', 'tasks_due', `status = 'scheduled'`)} AS scheduled,
  ${counted('tasks', 'tasks_queued', `status = 'queued'`)} AS queued,
  ${counted('tasks', 'tasks_running', `status = 'running'`)} AS running,
  ${['succeeded', 'failed', 'cancelled'].map((status) => `${counted('tasks', 'tasks_ended', `status = '${status}' AND ${ENDED}`)} AS ${status}`).join(',\n  ')}`;

const EVENT_COUNT = `SELECT ${counted('event_log', 'event_log_seq', 'true')} AS events`;

const READY = `SELECT ${selected(SESSION_COLUMNS)}, next_task_id AS "headId" FROM sessions INDEXED BY sessions_ready
  WHERE namespace = ? AND next_for = ? AND status = 'idle' AND next_task_id IS NOT NULL
  ORDER BY next_priority, next_queued_at, next_task_id LIMIT ?`;
const READY_OF_KIND = `SELECT ${selected(SESSION_COLUMNS)}, next_task_id AS "headId" FROM sessions INDEXED BY sessions_ready_of_kind
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
export const OUTLOOK = { READY, READY_OF_KIND, HELD, SCHEDULED, SCHEDULED_IN_SESSION, CLOCK } as const;

/** The texts of all reads but events, for the test that looks at their query plans. */
export const READS = { SESSION, TASK, NEXT, NAMESPACES, SESSION_COUNTS, TASK_COUNTS, EVENT_COUNT } as const;

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
      sessions: first(on.all<Counts['sessions']>(SESSION_COUNTS, { namespace, max })) ?? {
        idle: 0,
        running: 0,
        closed: 0,
      },
      tasks: first(on.all<Counts['tasks']>(TASK_COUNTS, { namespace, max })) ?? {
        scheduled: 0,
        queued: 0,
        running: 0,
        succeeded: 0,
        failed: 0,
        cancelled: 0,
      },
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
    return this.#source.read(
      (on) => first(on.all<{ id: number | null }>('SELECT max(id) AS id FROM event_log'))?.id ?? 0,
    );
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
  const rows = addressees.flatMap((addressee) =>
    kinds === undefined
      ? on.all<IndexedSession>(READY, namespace, addressee, limit)
      : kinds.flatMap((kind) => on.all<IndexedSession>(READY_OF_KIND, namespace, addressee, kind, limit)),
  );
  return rows
    .map((row) => withTasks(on, row))
    .flatMap(({ head, ...rest }) => (head === null ? [] : [{ ...rest, head }]))
    .toSorted((a, b) => compareInQueue(a.head, b.head))
    .slice(0, limit);
}

/** The text depends only on which filters are set. One row more than asked tells whether there is a next page. */
export function eventsQuery({ namespace, sessionId, taskId, types, leaseEffect, limit, after = '0' }: EventFilter): {
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
  if (sessionId !== undefined) where.push(['session_id = ?', sessionId]);
  if (taskId !== undefined) where.push(['task_id = ?', taskId]);
  if (types !== undefined) where.push(['type IN (SELECT value FROM json_each(?))', JSON.stringify(types)]);
  if (leaseEffect !== undefined) where.push(['lease_effect = ?', leaseEffect]);
  const sql = `SELECT ${selected(EVENT_COLUMNS)} FROM event_log ${index} WHERE ${where.map(([condition]) => condition).join(' AND ')} ORDER BY ${cursor} LIMIT ?`;
  return { sql, values: [...where.map(([, value]) => value), limit + 1] };
}

/** Of one row more than asked, if there are so many. */
function pageOf<Row>(found: readonly Row[], limit: number, cursorOf: (row: Row) => string): Page<Row> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? cursorOf(last) : null };
}
