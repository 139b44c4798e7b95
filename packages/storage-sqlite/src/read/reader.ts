import type {
  Agent,
  AgentFilter,
  Clock,
  ClockState,
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
  authorityTime,
  compareInQueue,
  decodeClockState,
  decodeStoreState,
  dependencyKeyCursor,
  NO_CLOCK,
  leaseCursor,
  questionCursor,
} from '@agent-orchestrator/core';
import { dependencyCursor, eventCursor, firstThatFit, pageOf, RETURNING } from '@agent-orchestrator/storage-sql';
import { countsIn, countsOfSession, oldestHeads, OTHER_STREAMS } from './counts.ts';
import {
  dependenciesQuery,
  dependencyEndsQuery,
  eventsQuery,
  leasesQuery,
  listAgentsQuery,
  listSessionsQuery,
  listTasksQuery,
  questionsQuery,
} from './lists.ts';
import type { PreparedReads, ReadSource } from './prepared-reads.ts';
import { AGENT_PLACES, KEY_OF_NAMESPACE, NUMBER_OF_SESSION, SESSION_PLACES, selected, TASK_PLACES } from '../rows.ts';
import { SQL } from '../statements.ts';

function first<Row>(rows: readonly Row[]): Row | null {
  return rows[0] ?? null;
}

const SESSION_COLUMNS = selected(SESSION_PLACES);
const TASK_COLUMNS = selected(TASK_PLACES);

const SESSION = `SELECT ${SESSION_COLUMNS} FROM sessions WHERE namespace = ${KEY_OF_NAMESPACE} AND id = ?`;
const TASK = `SELECT ${TASK_COLUMNS} FROM tasks WHERE namespace = ${KEY_OF_NAMESPACE} AND id = ?`;
const AGENT = `SELECT ${selected(AGENT_PLACES)} FROM agents WHERE namespace = ${KEY_OF_NAMESPACE} AND name = ?`;
/** The head as the claim's index knows it, so that `verify` compares just this with the queue. */
const NEXT = `SELECT next_task_id AS "taskId", next_priority AS "priority", next_queued_at AS "queuedAt",
    next_kind AS "kind", next_for AS "addressee"
  FROM sessions WHERE namespace = ${KEY_OF_NAMESPACE} AND id = ? AND next_task_id IS NOT NULL`;
/** Those that hold anything: a session, or events that are in no session's stream. */
const HOLDINGS = [
  'sessions INDEXED BY sessions_key WHERE namespace = n.id',
  ...OTHER_STREAMS.map((stream) => `event_log INDEXED BY event_log_stream WHERE ${stream} AND namespace = n.id`),
].map((holding) => `EXISTS (SELECT 1 FROM ${holding})`);
const NAMESPACES = `SELECT name AS namespace FROM namespaces n WHERE ${HOLDINGS.join(' OR ')} ORDER BY name`;

const SETTLED_EVENT_ID = 'SELECT max(id) AS id FROM event_log';
const TASK_OF_NUMBER = `SELECT id FROM tasks WHERE number = ? AND namespace = ${KEY_OF_NAMESPACE}`;
const SESSION_OF_NUMBER = `SELECT id FROM sessions WHERE number = ? AND namespace = ${KEY_OF_NAMESPACE}`;

const READY = `SELECT ${SESSION_COLUMNS}, next_task_id AS "headId" FROM sessions INDEXED BY sessions_ready
  WHERE namespace = ${KEY_OF_NAMESPACE} AND next_for = +? AND status = 'idle' AND next_task_id IS NOT NULL
  ORDER BY next_priority, next_queued_at, next_task_id LIMIT +?`;
const READY_OF_KIND = `SELECT ${SESSION_COLUMNS}, next_task_id AS "headId"
  FROM sessions INDEXED BY sessions_ready_of_kind
  WHERE namespace = ${KEY_OF_NAMESPACE} AND next_for = +? AND next_kind = +? AND status = 'idle'
    AND next_task_id IS NOT NULL
  ORDER BY next_priority, next_queued_at, next_task_id LIMIT +?`;
const HELD = `SELECT ${SESSION_COLUMNS}, next_task_id AS "headId" FROM sessions INDEXED BY sessions_stale
  WHERE namespace = ${KEY_OF_NAMESPACE} AND status = 'running' ORDER BY stale_at, id LIMIT +?`;
const SCHEDULED = `SELECT ${TASK_COLUMNS} FROM tasks INDEXED BY tasks_due
  WHERE namespace = ${KEY_OF_NAMESPACE} AND status = 'scheduled' ORDER BY run_at LIMIT +?`;
const NEXT_SCHEDULED = `SELECT ${TASK_COLUMNS} FROM tasks INDEXED BY tasks_due
  WHERE namespace = ${KEY_OF_NAMESPACE} AND status = 'scheduled' AND run_at > +? ORDER BY run_at LIMIT 1`;
const SCHEDULED_IN_SESSION = `SELECT ${TASK_COLUMNS} FROM tasks INDEXED BY tasks_due_in_session
  WHERE namespace = ${KEY_OF_NAMESPACE} AND session = ${NUMBER_OF_SESSION} AND status = 'scheduled'
  ORDER BY run_at LIMIT +?`;
const WITH_RETURN = `SELECT ${TASK_COLUMNS} FROM tasks INDEXED BY tasks_returning
  WHERE namespace = ${KEY_OF_NAMESPACE} AND ${RETURNING} ORDER BY return_at, id LIMIT +?`;
const CLOCK = `SELECT value FROM meta WHERE key = 'clock'`;

/** The texts that show what a claim would choose from, for the test that looks at their query plans. */
export const CLAIM_PREVIEW = {
  READY,
  READY_OF_KIND,
  HELD,
  SCHEDULED,
  NEXT_SCHEDULED,
  SCHEDULED_IN_SESSION,
  WITH_RETURN,
  CLOCK,
} as const;

/** The texts of all reads but events, for the test that looks at their query plans. */
export const READS = {
  SESSION,
  TASK,
  AGENT,
  NEXT,
  TASK_OF_NUMBER,
  SESSION_OF_NUMBER,
  NAMESPACES,
} as const;

function clockStateOf(on: PreparedReads): ClockState {
  const clock = first(on.all<{ value: string }>(CLOCK));
  return clock === null ? NO_CLOCK : decodeClockState(clock.value);
}

export class SqliteReader implements Reader {
  readonly #source: ReadSource;
  readonly #clock: Clock;

  constructor(source: ReadSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  session(namespace: string, id: string): Promise<StoredSession | null> {
    return this.#source.read((on) => loadedSession(on, namespace, id));
  }

  /** Differs: each session is a read of its own, so that others get their turn between them. */
  async histories(namespace: string, sessionIds: readonly string[], limit: number): Promise<readonly SessionHistory[]> {
    const found: SessionHistory[] = [];
    for (const sessionId of new Set(sessionIds)) {
      const history = await this.#source.read((on) => historyOf(on, { namespace, sessionId, limit }));
      if (history !== null) found.push(history);
    }
    return found;
  }

  task(namespace: string, id: string): Promise<Task | null> {
    return this.#source.read((on) => first(on.all<Task>(TASK, namespace, id)));
  }

  agent(namespace: string, name: string): Promise<Agent | null> {
    return this.#source.read((on) => first(on.all<Agent>(AGENT, namespace, name)));
  }

  agents(filter: AgentFilter): Promise<Page<Agent>> {
    return this.#source.read((on) => agentPage(on, filter));
  }

  sessions(filter: SessionFilter): Promise<Page<Session>> {
    return this.#source.read((on) => sessionPage(on, filter));
  }

  tasks(filter: TaskFilter): Promise<Page<Task>> {
    return this.#source.read((on) => taskPage(on, filter));
  }

  questions(filter: QuestionFilter): Promise<Page<Task>> {
    return this.#source.read((on) => {
      const { sql, values } = questionsQuery(filter);
      return pageOf(on.all<Task>(sql, ...values), filter.limit, questionCursor);
    });
  }

  events(filter: EventFilter): Promise<Page<Event>> {
    return this.#source.read((on) => eventPage(on, filter));
  }

  leases(filter: LeaseFilter): Promise<Page<LeaseInterval>> {
    const { sql, values } = leasesQuery(filter);
    return this.#source.read((on) => pageOf(on.all<LeaseInterval>(sql, ...values), filter.limit, leaseCursor));
  }

  dependencies(filter: DependencyFilter): Promise<Page<Dependency>> {
    const { sql, values } = dependenciesQuery(filter);
    return this.#source.read((on) => dependencyPage(on.all<Dependency>(sql, ...values), filter));
  }

  dependencyEnds(filter: DependencyEndFilter): Promise<Page<DependencyEnd>> {
    const { sql, values } = dependencyEndsQuery(filter);
    return this.#source.read((on) => pageOf(on.all<DependencyEnd>(sql, ...values), filter.limit, dependencyKeyCursor));
  }

  counts(namespace: string, max: number): Promise<Counts> {
    return this.#source.read((on) => countsIn(on, namespace, max));
  }

  countsOfSession(namespace: string, sessionId: string, max: number): Promise<Counts['tasks']> {
    return this.#source.read((on) => countsOfSession(on, namespace, sessionId, max));
  }

  oldestHeads(namespace: string, asked: OldestHeadsAsked): Promise<OldestHeads> {
    return this.#source.read((on) => oldestHeads(on, namespace, asked));
  }

  nextScheduled(namespace: string, after: number): Promise<Task | null> {
    return this.#source.read((on) => first(on.all<Task>(NEXT_SCHEDULED, namespace, after)));
  }

  claimPreview(scope: ClaimPreviewScope): Promise<ClaimPreview> {
    const { namespace, scheduledLimit } = scope;
    return this.#source.read((on) => {
      const found =
        scope.by === 'ready'
          ? {
              sessions: readySessions(on, scope),
              held: on.all<IndexedSession>(HELD, namespace, scope.heldLimit).map((row) => withTasks(on, row)),
              scheduled: on.all<Task>(SCHEDULED, namespace, scheduledLimit),
              returning: on.all<Task>(WITH_RETURN, namespace, scheduledLimit),
            }
          : {
              sessions: [loadedSession(on, namespace, scope.sessionId)].filter((one) => one !== null),
              held: [],
              scheduled: on.all<Task>(SCHEDULED_IN_SESSION, namespace, namespace, scope.sessionId, scheduledLimit),
              returning: [],
            };
      return { clock: { ...clockStateOf(on), reading: this.#clock.read() }, ...found };
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
    return this.#source.read((on) => Math.floor(authorityTime(clockStateOf(on), this.#clock.read())));
  }

  storeState(): Promise<StoreState | null> {
    return this.#source.read((on) => decodeStoreState(first(on.all<{ value: string }>(SQL.storeState))?.value ?? null));
  }
}

function dependencyPage(found: readonly Dependency[], filter: DependencyFilter): Page<Dependency> {
  return pageOf(found, filter.limit, dependencyCursor(filter));
}

function sessionPage(on: PreparedReads, filter: SessionFilter): Page<Session> {
  const { sql, values } = listSessionsQuery(filter);
  return pageOf(on.all<Session>(sql, ...values), filter.limit, ({ id }) => id);
}

function taskPage(on: PreparedReads, filter: TaskFilter): Page<Task> {
  const { sql, values } = listTasksQuery(filter);
  return pageOf(on.all<Task>(sql, ...values), filter.limit, ({ id }) => id);
}

function agentPage(on: PreparedReads, filter: AgentFilter): Page<Agent> {
  const { sql, values } = listAgentsQuery(filter);
  return pageOf(on.all<Agent>(sql, ...values), filter.limit, ({ name }) => name);
}

function eventPage(on: PreparedReads, filter: EventFilter): Page<Event> {
  const { sql, values } = eventsQuery(filter);
  return pageOf(on.all<Event>(sql, ...values), filter.limit, eventCursor(filter));
}

/** A row with the id of its head, as the claim's index knows it. */
type IndexedSession = Session & { readonly headId: string | null };

function loadedSession(on: PreparedReads, namespace: string, id: string): StoredSession | null {
  const session = first(on.all<Session>(SESSION, namespace, id));
  if (session === null) return null;
  const next = first(on.all<NextHead>(NEXT, namespace, id));
  return { ...withTasks(on, { ...session, headId: next?.taskId ?? null }), session, next };
}

function historyOf(
  on: PreparedReads,
  page: { readonly namespace: string; readonly sessionId: string; readonly limit: number },
): SessionHistory | null {
  const stored = loadedSession(on, page.namespace, page.sessionId);
  return stored === null ? null : { ...stored, events: eventPage(on, page), tasks: taskPage(on, page) };
}

function withTasks(on: PreparedReads, { headId, ...session }: IndexedSession): LoadedSession {
  const taskOf = (id: string | null) => (id === null ? null : first(on.all<Task>(TASK, session.namespace, id)));
  return { session, task: taskOf(session.taskId), head: taskOf(headId) };
}

/** One look-up per addressee and kind, merged. */
function readySessions(on: PreparedReads, scope: Extract<ClaimPreviewScope, { by: 'ready' }>): LoadedSession[] {
  const { namespace, addressees, kinds } = scope;
  return firstThatFit(scope, (limit) => {
    const rows = [...new Set(addressees)].flatMap((addressee) =>
      kinds === undefined
        ? on.all<IndexedSession>(READY, namespace, addressee, limit)
        : [...new Set(kinds)].flatMap((kind) =>
            on.all<IndexedSession>(READY_OF_KIND, namespace, addressee, kind, limit),
          ),
    );
    return rows
      .map((row) => withTasks(on, row))
      .flatMap(({ head, ...rest }) => (head === null ? [] : [{ ...rest, head }]))
      .toSorted((a, b) => compareInQueue(a.head, b.head))
      .slice(0, limit);
  });
}
