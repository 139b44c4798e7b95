import {
  LIMITS,
  type Agent,
  type DependencyEnd,
  type Event,
  type QueueHead,
  type Receipt,
  type RelatedTask,
  type Session,
  type Task,
} from '@agent-orchestrator/core';
import {
  ASIDE,
  FIELDS,
  HOLDS_KEY,
  NEXT_COLUMNS,
  RETURNING,
  SESSION_UPDATES,
  type DueTask,
  type ReadyKey,
  type SessionUpdateName,
} from '@agent-orchestrator/storage-sql';
import type { Connection } from './connection.ts';
import { OnDemand } from './on-demand.ts';
import {
  AGENT_PLACES,
  asIs,
  DEPENDENCY_END_PLACES,
  DEPENDENCY_PLACES,
  EVENT_PLACES,
  insertInto,
  KEY_OF_NAMESPACE,
  placesOf,
  RECEIPT_PLACES,
  selected,
  SESSION_PLACES,
  setTo,
  TASK_PLACES,
  uuidOf,
  type Place,
} from './rows.ts';
import type { RareRows } from './work/rare-rows.ts';
import { RowUpdates, type Write } from './work/row-updates.ts';

/*
 * Every statement of the hot path as text, prepared at most once for each connection, with positional parameters. Each
 * names the index it runs on where more than one would fit: SQLite plans without knowing how many rows a status has.
 *
 * `+?` instead of `?` wherever there is an ORDER BY or a LIMIT: such a query may change its plan with the values it is
 * given, so SQLite prepares it anew for each one (measured: 17 µs instead of 0.6). An expression has no value to plan
 * by.
 */

const SESSION = selected(SESSION_PLACES);
const TASK = selected(TASK_PLACES);
const AGENT = selected(AGENT_PLACES);
const EVENT = selected(EVENT_PLACES);
const RECEIPT = selected(RECEIPT_PLACES);

/** The fields of a new event that are stored, in the order of the parameters. */
export const NEW_EVENT = FIELDS.event.filter((field) => field !== 'id' && EVENT_PLACES[field].column !== null);

const NEXT_PLACES = NEXT_COLUMNS.map(asIs);

type SessionField = (typeof FIELDS.lease)[number];
type TaskField = (typeof FIELDS.taskChanges)[number];

/** What an update does with the head of a session's queue, as `SESSION_UPDATES` says it. */
export type HeadUpdate = (typeof SESSION_UPDATES)[SessionUpdateName]['head'];

/** The head that was looked up comes as a value. */
export function updateSessionOf(fields: readonly SessionField[], head: HeadUpdate): string {
  const next =
    head === 'kept' ? [] : NEXT_PLACES.map((place) => (head === 'none' ? { ...place, write: 'NULL' } : place));
  return update('sessions', [...placesOf(SESSION_PLACES, fields), ...next]);
}

export function updateTaskOf(fields: readonly TaskField[]): string {
  return update('tasks', placesOf(TASK_PLACES, fields));
}

/** The row must still have the version that was loaded. */
function update(table: 'sessions' | 'tasks', places: readonly Place[]): string {
  const version = { column: 'version', read: 'version', write: 'version + 1' };
  return `UPDATE ${table} SET ${setTo([...places, version])} WHERE number = ? AND version = ?`;
}

/** The tasks of a session, of which the namespace and the number are given; and those with one status. */
const OF_SESSION = `namespace = ${KEY_OF_NAMESPACE} AND session = +?`;
const inSession = (status: 'queued' | 'scheduled'): string => `${OF_SESSION} AND status = '${status}'`;

/** The dependencies of other tasks on one, of which the namespace and the id are given. */
const ON_TASK = `FROM dependencies INDEXED BY dependencies_of_dependents
  WHERE namespace = ${KEY_OF_NAMESPACE} AND dependency_id = +?`;

/** The text of every statement; exported for the test that looks at their query plans. */
export const SQL = {
  dataVersion: 'PRAGMA data_version',
  schemaVersion: 'PRAGMA user_version',
  synchronous: 'PRAGMA synchronous',
  pageSize: 'PRAGMA page_size',
  /** How long the log is, without a checkpoint. */
  logPages: 'PRAGMA wal_checkpoint(NOOP)',
  checkpoint: 'PRAGMA wal_checkpoint(PASSIVE)',

  session: `SELECT ${SESSION} FROM sessions WHERE namespace = ${KEY_OF_NAMESPACE} AND id = ?`,
  sessionOfNumber: `SELECT ${SESSION} FROM sessions WHERE number = ?`,
  sessionNumber: `SELECT number FROM sessions WHERE namespace = ${KEY_OF_NAMESPACE} AND id = ?`,
  task: `SELECT ${TASK} FROM tasks WHERE namespace = ${KEY_OF_NAMESPACE} AND id = ?`,
  taskNumber: `SELECT number FROM tasks WHERE namespace = ${KEY_OF_NAMESPACE} AND id = ?`,
  taskOfDedupeKey: `SELECT ${TASK} FROM tasks
    WHERE namespace = ${KEY_OF_NAMESPACE} AND dedupe_key = ? AND ${HOLDS_KEY}`,
  agent: `SELECT ${AGENT} FROM agents WHERE namespace = ${KEY_OF_NAMESPACE} AND name = ?`,
  relatedTask: `SELECT id, number, ${TASK_PLACES.sessionId.read} AS "sessionId", status, review FROM tasks
    WHERE namespace = ${KEY_OF_NAMESPACE} AND id = ?`,
  awaited: `SELECT dependency_id FROM dependencies WHERE namespace = ${KEY_OF_NAMESPACE} AND task_id = +?
    AND ended IS NULL`,
  isAnyToTell: `SELECT 1 FROM dependency_ends WHERE namespace = ${KEY_OF_NAMESPACE} LIMIT 1`,
  tasksToTell: `SELECT DISTINCT task_id FROM dependency_ends WHERE namespace = ${KEY_OF_NAMESPACE}
    ORDER BY task_id LIMIT +?`,
  dependencyEnds: `SELECT ${selected(DEPENDENCY_END_PLACES)} FROM dependency_ends
    WHERE namespace = ${KEY_OF_NAMESPACE} AND task_id = +? ORDER BY dependency_id, seq LIMIT +?`,
  isOpen: `SELECT 1 FROM dependencies d JOIN tasks t ON t.namespace = d.namespace AND t.id = d.dependency_id
    WHERE d.namespace = ${KEY_OF_NAMESPACE} AND d.task_id = ? AND d.dependency_id = ? AND d.ended IS NULL
      AND t.status = ?`,
  isDependedOn: `SELECT 1 ${ON_TASK} LIMIT 1`,
  hasSubtasks: `SELECT 1 FROM tasks INDEXED BY tasks_of_parent
    WHERE namespace = ${KEY_OF_NAMESPACE} AND parent_id IS NOT NULL AND parent_id = +? LIMIT 1`,
  head: `SELECT ${TASK} FROM tasks INDEXED BY tasks_queued WHERE ${inSession('queued')}
    ORDER BY priority, queued_at, id LIMIT 1`,
  // Only to close a session with its tasks: it sorts the ids of all that wait there, which spares every claim an index.
  waiting: `SELECT ${TASK} FROM tasks WHERE number IN (
      SELECT number FROM (
        SELECT number, id FROM tasks INDEXED BY tasks_queued WHERE ${inSession('queued')}
        UNION ALL
        SELECT number, id FROM tasks INDEXED BY tasks_due_in_session WHERE ${inSession('scheduled')}
        UNION ALL
        SELECT number, id FROM tasks INDEXED BY tasks_aside WHERE ${OF_SESSION} AND ${ASIDE})
      ORDER BY id LIMIT +?)
    ORDER BY id`,

  ready: `SELECT number, next_priority, next_queued_at, next_task_id FROM sessions INDEXED BY sessions_ready
    WHERE namespace = ${KEY_OF_NAMESPACE} AND next_for = +? AND status = 'idle' AND next_task_id IS NOT NULL
    ORDER BY next_priority, next_queued_at, next_task_id LIMIT +?`,
  readyOfKind: `SELECT number, next_priority, next_queued_at, next_task_id
    FROM sessions INDEXED BY sessions_ready_of_kind
    WHERE namespace = ${KEY_OF_NAMESPACE} AND next_for = +? AND next_kind = +? AND status = 'idle'
      AND next_task_id IS NOT NULL
    ORDER BY next_priority, next_queued_at, next_task_id LIMIT +?`,
  stale: `SELECT ${SESSION} FROM sessions INDEXED BY sessions_stale
    WHERE namespace = ${KEY_OF_NAMESPACE} AND status = 'running' AND stale_at <= +? ORDER BY stale_at, id LIMIT +?`,
  staleAt: `SELECT stale_at FROM sessions INDEXED BY sessions_stale
    WHERE namespace = ${KEY_OF_NAMESPACE} AND status = 'running' ORDER BY stale_at LIMIT 1`,
  // Walks over what is held in the namespace, which spares every claim and release another index.
  heldBy: `SELECT ${SESSION} FROM sessions INDEXED BY sessions_stale
    WHERE namespace = ${KEY_OF_NAMESPACE} AND status = 'running' AND agent = +?
    ORDER BY fence LIMIT ${LIMITS.sweep_page_max}`,
  // Only after a clock jump: it sorts the keys of all that is held, for the same reason.
  heldAfter: `SELECT n.name AS namespace, s.id FROM sessions s INDEXED BY sessions_stale
    CROSS JOIN namespaces n ON n.id = s.namespace
    WHERE s.status = 'running' AND (n.name, s.id) > (+?, +?) ORDER BY n.name, s.id LIMIT +?`,
  // The time; only after a clock jump.
  delayed: `SELECT n.name AS namespace, t.id FROM tasks t INDEXED BY tasks_delayed
    CROSS JOIN namespaces n ON n.id = t.namespace
    WHERE t.status = 'scheduled' AND t.delayed_at > +? ORDER BY t.delayed_at DESC LIMIT +?`,
  // The time; only after a clock jump: it walks over all that returns.
  delayedReturns: `SELECT n.name AS namespace, t.id FROM tasks t INDEXED BY tasks_returning
    CROSS JOIN namespaces n ON n.id = t.namespace
    WHERE t.${RETURNING} AND t.handed_off_at > +? ORDER BY t.handed_off_at DESC LIMIT +?`,
  returnAt: `SELECT return_at FROM tasks INDEXED BY tasks_returning
    WHERE namespace = ${KEY_OF_NAMESPACE} AND ${RETURNING} ORDER BY return_at LIMIT 1`,
  dueReturns: `SELECT ${TASK} FROM tasks INDEXED BY tasks_returning
    WHERE namespace = ${KEY_OF_NAMESPACE} AND ${RETURNING} AND return_at <= +? ORDER BY return_at, id LIMIT +?`,

  due: `SELECT run_at FROM tasks INDEXED BY tasks_due WHERE namespace = ${KEY_OF_NAMESPACE} AND status = 'scheduled'
    ORDER BY run_at LIMIT 1`,
  dueInSession: `SELECT run_at FROM tasks INDEXED BY tasks_due_in_session WHERE ${inSession('scheduled')}
    ORDER BY run_at LIMIT 1`,
  queueDue: `UPDATE tasks SET status = 'queued', version = version + 1 WHERE number IN
    (SELECT number FROM tasks INDEXED BY tasks_due
    WHERE namespace = ${KEY_OF_NAMESPACE} AND status = 'scheduled' AND run_at <= +? ORDER BY run_at
    LIMIT ${LIMITS.flipped_tasks_max}) RETURNING session`,
  dueTasksInSession: `SELECT number, run_at AS "runAt" FROM tasks INDEXED BY tasks_due_in_session
    WHERE ${inSession('scheduled')} AND run_at <= +? ORDER BY run_at LIMIT ${LIMITS.flipped_tasks_max}`,
  queueTask: `UPDATE tasks SET status = 'queued', version = version + 1 WHERE number = ?`,

  nextHead: `SELECT id, priority, queued_at AS "queuedAt", kind, assignee, role FROM tasks INDEXED BY tasks_queued
    WHERE ${inSession('queued')} ORDER BY priority, queued_at, id LIMIT 1`,
  setNext: `UPDATE sessions SET ${setTo(NEXT_PLACES)} WHERE number = ?`,

  sessionOfFence: `SELECT ${SESSION} FROM sessions WHERE namespace = ${KEY_OF_NAMESPACE} AND number =
    (SELECT session FROM event_log INDEXED BY event_log_lease WHERE fence = ? AND lease_effect = 'granted')`,
  leaseGrant: `SELECT ${EVENT} FROM event_log INDEXED BY event_log_lease WHERE fence = ? AND lease_effect = 'granted'`,
  leaseEnd: `SELECT ${EVENT} FROM event_log INDEXED BY event_log_lease WHERE fence = ? AND lease_effect = 'ended'`,
  leaseRefusal: `SELECT 1 FROM event_log INDEXED BY event_log_lease WHERE fence = ? AND lease_effect = 'refused'`,
  // From the end of the lease, along its session's events.
  leaseSuccessor: `SELECT ${EVENT} FROM event_log INDEXED BY event_log_seq
    WHERE stream_kind = 'session' AND namespace = ${KEY_OF_NAMESPACE} AND session = +? AND seq > +?
      AND lease_effect = 'granted' ORDER BY seq LIMIT 1`,
  greatestFence: `SELECT max(fence) FROM event_log INDEXED BY event_log_lease WHERE lease_effect = 'granted'`,
  greatestTaskNumber: `SELECT max(number) FROM tasks`,
  greatestSessionNumber: `SELECT max(number) FROM sessions`,

  receipt: `SELECT ${RECEIPT} FROM receipts
    WHERE namespace = ${KEY_OF_NAMESPACE} AND command_id = ${RECEIPT_PLACES.commandId.write}`,
  newestReceipt: `SELECT ${uuidOf('max(command_id)')} FROM receipts WHERE namespace = ${KEY_OF_NAMESPACE}`,
  oldestReceipt: `SELECT min(oldest) FROM (
    SELECT (SELECT min(command_id) FROM receipts WHERE namespace = n.id) AS oldest FROM namespaces n)`,
  forgetReceipts: `DELETE FROM receipts WHERE (namespace, command_id) IN (SELECT r.namespace, r.command_id
    FROM namespaces n CROSS JOIN receipts r ON r.namespace = n.id
    WHERE r.command_id < +? LIMIT ${LIMITS.receipts_forgotten_max})`,

  storeState: `SELECT value FROM meta WHERE key = 'state'`,
  clock: `SELECT value FROM meta WHERE key = 'clock'`,
  saveClock: `INSERT INTO meta (key, value) VALUES ('clock', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,

  addNamespace: 'INSERT INTO namespaces (name) VALUES (?) ON CONFLICT (name) DO NOTHING',
  insertSession: insertInto('sessions', [...placesOf(SESSION_PLACES, FIELDS.session), ...NEXT_PLACES]),
  insertTask: insertInto('tasks', placesOf(TASK_PLACES, FIELDS.task)),
  /** A holder can wait once more for a task that its own depended on before. */
  insertDependency: `${insertInto('dependencies', placesOf(DEPENDENCY_PLACES, FIELDS.dependency))}
    ON CONFLICT (namespace, task_id, dependency_id)
    DO UPDATE SET on_dependency_failure = excluded.on_dependency_failure, ended = excluded.ended`,
  fulfilDependency: `UPDATE dependencies SET ended = ?
    WHERE namespace = ${KEY_OF_NAMESPACE} AND task_id = ? AND dependency_id = ? AND ended IS NULL`,
  /** Number of the event, status, namespace, task that ended, policies as JSON. */
  insertDependencyEnds: `INSERT INTO dependency_ends (namespace, task_id, dependency_id, seq, status)
    SELECT namespace, task_id, dependency_id, ?, ? ${ON_TASK}
      AND ended IS NULL AND on_dependency_failure IN (SELECT value FROM json_each(?))`,
  deleteDependencyEnd: `DELETE FROM dependency_ends
    WHERE namespace = ${KEY_OF_NAMESPACE} AND task_id = ? AND dependency_id = ? AND seq = ?`,
  insertAgent: insertInto('agents', placesOf(AGENT_PLACES, FIELDS.agent)),
  updateAgent: `UPDATE agents SET ${setTo(placesOf(AGENT_PLACES, FIELDS.agentChanges))}, version = version + 1
    WHERE namespace = ${KEY_OF_NAMESPACE} AND name = ? AND version = ?`,
  /** In a store that came from elsewhere, until its first event: the id after which the log continues. */
  eventIdBefore: `SELECT CAST(value AS INTEGER) FROM meta
    WHERE key = 'last_event_id' AND CAST(value AS INTEGER) > coalesce((SELECT max(id) FROM event_log), 0)`,
  /** The id, or null for the next one; then the fields. */
  insertEvent: insertInto('event_log', placesOf(EVENT_PLACES, ['id', ...NEW_EVENT])),
  insertReceipt: insertInto('receipts', placesOf(RECEIPT_PLACES, FIELDS.receipt)),
} as const satisfies Record<string, string>;

/** Whether there are rows of a kind in any namespace; exported for the same test. */
export const HAS = {
  agents: 'SELECT EXISTS (SELECT 1 FROM agents)',
  dependencies: 'SELECT EXISTS (SELECT 1 FROM dependencies)',
  dependencyEnds: 'SELECT EXISTS (SELECT 1 FROM dependency_ends)',
  subtasks: 'SELECT EXISTS (SELECT 1 FROM tasks INDEXED BY tasks_of_parent WHERE parent_id IS NOT NULL)',
  scheduled: `SELECT EXISTS (SELECT 1 FROM tasks INDEXED BY tasks_due WHERE status = 'scheduled')`,
  returning: `SELECT EXISTS (SELECT 1 FROM tasks INDEXED BY tasks_returning WHERE ${RETURNING})`,
} as const satisfies Record<RareRows, string>;

export type Statements = ReturnType<typeof prepareStatements>;

/** The pages in the log, and those of them that are in the file as well. */
interface LogPages {
  readonly log: number;
  readonly checkpointed: number;
}

/** The forms in which statements answer: rows as objects, rows as arrays, one value of a row, nothing. */
function onDemand(db: Connection) {
  return {
    rows: <Row>(sql: string) => new OnDemand(() => db.prepare<unknown[], Row>(sql)),
    keys: <Row>(sql: string) => new OnDemand(() => db.prepare<unknown[], Row>(sql).raw()),
    value: <Value>(sql: string) => new OnDemand(() => db.prepare<unknown[], Value>(sql).pluck()),
    write: (sql: string): Write => new OnDemand(() => db.prepare(sql)),
  };
}

/** The statements of a connection. The tables must be there when one is used. */
export function prepareStatements(db: Connection) {
  return { ...prepareTransactions(db), ...prepareQueries(db), ...prepareChanges(db) };
}

function prepareTransactions(db: Connection) {
  const { value, write, rows } = onDemand(db);
  return {
    begin: write('BEGIN IMMEDIATE'),
    beginRead: write('BEGIN DEFERRED'),
    commit: write('COMMIT'),
    savepoint: write('SAVEPOINT undo'),
    // At once: when they are needed there may be no memory left to prepare them.
    rollback: db.prepare('ROLLBACK') as Write,
    rollbackTo: db.prepare('ROLLBACK TO undo') as Write,
    release: db.prepare('RELEASE undo') as Write,
    storeState: value<string>(SQL.storeState),
    clock: value<string>(SQL.clock),
    saveClock: write(SQL.saveClock),
    dataVersion: value<number>(SQL.dataVersion),
    schemaVersion: value<number>(SQL.schemaVersion),
    synchronous: value<number>(SQL.synchronous),
    pageSize: value<number>(SQL.pageSize),
    logPages: rows<LogPages>(SQL.logPages),
    checkpoint: rows<LogPages>(SQL.checkpoint),
  };
}

function prepareQueries(db: Connection) {
  const { rows, value, keys, write } = onDemand(db);
  return {
    session: rows<Session>(SQL.session),
    sessionOfNumber: rows<Session>(SQL.sessionOfNumber),
    sessionNumber: value<number>(SQL.sessionNumber),
    task: rows<Task>(SQL.task),
    taskNumber: value<number>(SQL.taskNumber),
    taskOfDedupeKey: rows<Task>(SQL.taskOfDedupeKey),
    agent: rows<Agent>(SQL.agent),
    has: {
      agents: value<0 | 1>(HAS.agents),
      dependencies: value<0 | 1>(HAS.dependencies),
      dependencyEnds: value<0 | 1>(HAS.dependencyEnds),
      subtasks: value<0 | 1>(HAS.subtasks),
      scheduled: value<0 | 1>(HAS.scheduled),
      returning: value<0 | 1>(HAS.returning),
    },
    relatedTask: rows<RelatedTask>(SQL.relatedTask),
    awaited: value<string>(SQL.awaited),
    isAnyToTell: value<1>(SQL.isAnyToTell),
    tasksToTell: value<string>(SQL.tasksToTell),
    dependencyEnds: rows<DependencyEnd>(SQL.dependencyEnds),
    isOpen: value<1>(SQL.isOpen),
    isDependedOn: value<1>(SQL.isDependedOn),
    hasSubtasks: value<1>(SQL.hasSubtasks),
    head: rows<Task>(SQL.head),
    waiting: rows<Task>(SQL.waiting),

    ready: keys<ReadyKey>(SQL.ready),
    readyOfKind: keys<ReadyKey>(SQL.readyOfKind),
    stale: rows<Session>(SQL.stale),
    staleAt: value<number>(SQL.staleAt),
    heldBy: rows<Session>(SQL.heldBy),
    delayed: rows<Pick<Task, 'namespace' | 'id'>>(SQL.delayed),
    delayedReturns: rows<Pick<Task, 'namespace' | 'id'>>(SQL.delayedReturns),
    returnAt: value<number>(SQL.returnAt),
    dueReturns: rows<Task>(SQL.dueReturns),
    heldAfter: rows<Pick<Session, 'namespace' | 'id'>>(SQL.heldAfter),

    due: value<number>(SQL.due),
    dueInSession: value<number>(SQL.dueInSession),
    queueDue: value<number>(SQL.queueDue),
    dueTasksInSession: rows<DueTask>(SQL.dueTasksInSession),
    queueTask: write(SQL.queueTask),

    nextHead: rows<QueueHead>(SQL.nextHead),
    setNext: write(SQL.setNext),

    sessionOfFence: rows<Session>(SQL.sessionOfFence),
    leaseGrant: rows<Event>(SQL.leaseGrant),
    leaseEnd: rows<Event>(SQL.leaseEnd),
    leaseRefusal: value<1>(SQL.leaseRefusal),
    leaseSuccessor: rows<Event>(SQL.leaseSuccessor),
    greatestFence: value<number | null>(SQL.greatestFence),
    greatestTaskNumber: value<number | null>(SQL.greatestTaskNumber),
    greatestSessionNumber: value<number | null>(SQL.greatestSessionNumber),

    receipt: rows<Receipt>(SQL.receipt),
    newestReceipt: value<string | null>(SQL.newestReceipt),
    oldestReceipt: value<Buffer | null>(SQL.oldestReceipt),
    forgetReceipts: write(SQL.forgetReceipts),
  };
}

function prepareChanges(db: Connection) {
  const { value, write } = onDemand(db);
  const updateSession = (head: HeadUpdate) =>
    new RowUpdates<Session, SessionField>(FIELDS.lease, (fields) => write(updateSessionOf(fields, head)));
  return {
    addNamespace: write(SQL.addNamespace),
    insertSession: write(SQL.insertSession),
    updateSession: {
      kept: updateSession('kept'),
      none: updateSession('none'),
      looked_up: updateSession('looked_up'),
    },
    insertTask: write(SQL.insertTask),
    insertDependency: write(SQL.insertDependency),
    fulfilDependency: write(SQL.fulfilDependency),
    insertDependencyEnds: write(SQL.insertDependencyEnds),
    deleteDependencyEnd: write(SQL.deleteDependencyEnd),
    updateTask: new RowUpdates<Task, TaskField>(FIELDS.taskChanges, (fields) => write(updateTaskOf(fields))),
    insertAgent: write(SQL.insertAgent),
    updateAgent: write(SQL.updateAgent),
    eventIdBefore: value<number>(SQL.eventIdBefore),
    insertEvent: write(SQL.insertEvent),
    insertReceipt: write(SQL.insertReceipt),
  };
}
