import type { Event, Receipt, Session, Task } from '@agent-orchestrator/core';
import {
  FIXED_SESSION_FIELDS,
  LIMITS,
  MOVING_TASK_FIELDS,
  NO_LEASE,
  UNLOGGED_SESSION_FIELDS,
} from '@agent-orchestrator/core';
import { NEXT, WAITING } from './conditions.ts';
import type { Connection } from './connection.ts';
import {
  EVENT_COLUMNS,
  RECEIPT_COLUMNS,
  SESSION_COLUMNS,
  selected,
  TASK_COLUMNS,
  type QueueHeadColumns,
  type ReadyKey,
} from './rows.ts';

/*
 * Every statement of the hot path as text, prepared once for each connection, with positional parameters. Each names
 * the index it runs on where more than one would fit: SQLite plans without knowing how many rows a status has.
 *
 * `+?` instead of `?` wherever there is an ORDER BY or a LIMIT: such a query may change its plan with the values it is
 * given, so SQLite prepares it anew for each one (measured: 17 µs instead of 0.6). An expression has no value to plan
 * by.
 */

const SESSION = selected(SESSION_COLUMNS);
const TASK = selected(TASK_COLUMNS);
const EVENT = selected(EVENT_COLUMNS);
const RECEIPT = selected(RECEIPT_COLUMNS);

const without = (fields: readonly (keyof Session)[], left: readonly string[]): (keyof Session)[] =>
  fields.filter((field) => !left.includes(field));

/** The deadlines and what else heartbeats move: of all indexes, only the one on `stale_at` has to follow. */
const DEADLINES = UNLOGGED_SESSION_FIELDS;
/** The status, the lease, and all else that may change. */
const LEASE = without(Object.keys(SESSION_COLUMNS) as (keyof Session)[], FIXED_SESSION_FIELDS);
/** The end of the chain, the context, and what else events may change while the lease stays as it is. */
const CHAIN = without(LEASE, without(['status', ...(Object.keys(NO_LEASE) as (keyof Session)[])], DEADLINES));

/** The fields of a row that a statement writes, in the order of its parameters. */
export const FIELDS = {
  deadlines: DEADLINES,
  chain: CHAIN,
  lease: LEASE,
  taskChanges: MOVING_TASK_FIELDS,
  session: Object.keys(SESSION_COLUMNS) as (keyof Session)[],
  task: Object.keys(TASK_COLUMNS) as (keyof Task)[],
  event: (Object.keys(EVENT_COLUMNS) as (keyof Event)[]).filter((field) => field !== 'id'),
  receipt: Object.keys(RECEIPT_COLUMNS) as (keyof Receipt)[],
} as const;

const columnsOf = <Field extends string>(
  columns: Readonly<Record<Field, string>>,
  fields: readonly Field[],
): string[] => fields.map((field) => columns[field]);
const assigned = (columns: readonly string[]): string => columns.map((column) => `${column} = ?`).join(', ');
const insertInto = (table: string, columns: readonly string[]): string =>
  `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;

const updateSession = (fields: readonly (keyof Session)[], further: readonly string[] = []): string =>
  `UPDATE sessions SET ${assigned([...columnsOf(SESSION_COLUMNS, fields), ...further])}
    WHERE namespace = ? AND id = ? AND version = ?`;

/** The text of every statement; exported for the test that looks at their query plans. */
export const SQL = {
  dataVersion: 'PRAGMA data_version',
  schemaVersion: 'PRAGMA user_version',

  session: `SELECT ${SESSION} FROM sessions WHERE namespace = ? AND id = ?`,
  sessionOfRow: `SELECT ${SESSION} FROM sessions WHERE rowid = ?`,
  task: `SELECT ${TASK} FROM tasks WHERE namespace = ? AND id = ?`,
  taskOfDedupeKey: `SELECT ${TASK} FROM tasks WHERE namespace = ? AND dedupe_key = ?`,
  head: `SELECT ${TASK} FROM tasks INDEXED BY tasks_queued
    WHERE namespace = +? AND session_id = +? AND status = 'queued' ORDER BY priority, queued_at, id LIMIT 1`,
  waiting: `SELECT ${TASK} FROM tasks INDEXED BY tasks_waiting
    WHERE namespace = +? AND session_id = +? AND ${WAITING} ORDER BY id LIMIT +?`,

  ready: `SELECT rowid, next_priority, next_queued_at, next_task_id FROM sessions INDEXED BY sessions_ready
    WHERE namespace = +? AND next_for = +? AND status = 'idle' AND next_task_id IS NOT NULL
    ORDER BY next_priority, next_queued_at, next_task_id LIMIT +?`,
  readyOfKind: `SELECT rowid, next_priority, next_queued_at, next_task_id
    FROM sessions INDEXED BY sessions_ready_of_kind
    WHERE namespace = +? AND next_for = +? AND next_kind = +? AND status = 'idle' AND next_task_id IS NOT NULL
    ORDER BY next_priority, next_queued_at, next_task_id LIMIT +?`,
  stale: `SELECT ${SESSION} FROM sessions INDEXED BY sessions_stale
    WHERE namespace = +? AND status = 'running' AND stale_at <= +? ORDER BY stale_at, id LIMIT +?`,
  heldBy: `SELECT ${SESSION} FROM sessions INDEXED BY sessions_held
    WHERE namespace = +? AND status = 'running' AND agent = +? ORDER BY fence LIMIT ${LIMITS.sweep_page_max}`,
  // Only after a clock jump: it sorts the keys of all that is held, which spares every claim and release another index.
  heldAfter: `SELECT namespace, id FROM sessions INDEXED BY sessions_held
    WHERE status = 'running' AND (namespace, id) > (+?, +?) ORDER BY namespace, id LIMIT +?`,

  due: `SELECT run_at FROM tasks INDEXED BY tasks_due WHERE namespace = +? AND status = 'scheduled'
    ORDER BY run_at LIMIT 1`,
  dueInSession: `SELECT run_at FROM tasks INDEXED BY tasks_due_in_session
    WHERE namespace = +? AND session_id = +? AND status = 'scheduled' ORDER BY run_at LIMIT 1`,
  queueDue: `UPDATE tasks SET status = 'queued', version = version + 1 WHERE rowid IN
    (SELECT rowid FROM tasks INDEXED BY tasks_due
    WHERE namespace = +? AND status = 'scheduled' AND run_at <= +? ORDER BY run_at
    LIMIT ${LIMITS.flipped_tasks_max}) RETURNING session_id`,
  dueTasksInSession: `SELECT rowid AS "row", run_at AS "runAt", session_id AS "sessionId"
    FROM tasks INDEXED BY tasks_due_in_session
    WHERE namespace = +? AND session_id = +? AND status = 'scheduled' AND run_at <= +? ORDER BY run_at
    LIMIT ${LIMITS.flipped_tasks_max}`,
  queueTask: `UPDATE tasks SET status = 'queued', version = version + 1 WHERE rowid = ?`,

  nextHead: `SELECT id, priority, queued_at AS "queuedAt", kind, assignee, role FROM tasks INDEXED BY tasks_queued
    WHERE namespace = +? AND session_id = +? AND status = 'queued' ORDER BY priority, queued_at, id LIMIT 1`,
  setNext: `UPDATE sessions SET ${assigned(NEXT)} WHERE namespace = ? AND id = ?`,

  sessionOfFence: `SELECT session_id FROM event_log INDEXED BY event_log_lease
    WHERE fence = ? AND lease_effect = 'granted' AND namespace = ?`,
  leaseGrant: `SELECT ${EVENT} FROM event_log INDEXED BY event_log_lease WHERE fence = ? AND lease_effect = 'granted'`,
  leaseEnd: `SELECT ${EVENT} FROM event_log INDEXED BY event_log_lease WHERE fence = ? AND lease_effect = 'ended'`,
  leaseRefusal: `SELECT 1 FROM event_log INDEXED BY event_log_lease WHERE fence = ? AND lease_effect = 'refused'`,
  leaseSuccessor: `SELECT ${EVENT} FROM event_log INDEXED BY event_log_grant
    WHERE namespace = +? AND session_id = +? AND fence > +? AND lease_effect = 'granted' ORDER BY fence LIMIT 1`,
  greatestFence: `SELECT max(fence) FROM event_log INDEXED BY event_log_lease WHERE lease_effect = 'granted'`,
  greatestTaskNumber: `SELECT max(number) FROM tasks INDEXED BY tasks_by_number`,
  greatestSessionNumber: `SELECT max(number) FROM sessions INDEXED BY sessions_by_number`,

  receipt: `SELECT ${RECEIPT} FROM receipts WHERE namespace = ? AND command_id = ?`,
  oldestReceipt: `SELECT min(at) FROM receipts`,
  forgetReceipts: `DELETE FROM receipts WHERE (namespace, command_id) IN (SELECT namespace, command_id
    FROM receipts WHERE at <= +? ORDER BY at LIMIT ${LIMITS.receipts_forgotten_max})`,

  storeState: `SELECT value FROM meta WHERE key = 'state'`,
  clock: `SELECT value FROM meta WHERE key = 'clock'`,
  saveClock: `INSERT INTO meta (key, value) VALUES ('clock', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,

  insertSession: insertInto('sessions', [...columnsOf(SESSION_COLUMNS, FIELDS.session), ...NEXT]),
  setSessionDeadlines: updateSession(DEADLINES),
  setSessionChain: updateSession(CHAIN),
  setSessionChainAndNext: updateSession(CHAIN, NEXT),
  setSessionLease: updateSession(LEASE),
  setSessionLeaseAndNext: updateSession(LEASE, NEXT),
  insertTask: insertInto('tasks', columnsOf(TASK_COLUMNS, FIELDS.task)),
  updateTask: `UPDATE tasks SET ${assigned(columnsOf(TASK_COLUMNS, MOVING_TASK_FIELDS))}
    WHERE namespace = ? AND id = ? AND version = ?`,
  /** In a store that came from elsewhere, until its first event: the id after which the log continues. */
  eventIdBefore: `SELECT CAST(value AS INTEGER) FROM meta
    WHERE key = 'last_event_id' AND CAST(value AS INTEGER) > coalesce((SELECT max(id) FROM event_log), 0)`,
  /** The id, or null for the next one; then the fields. */
  insertEvent: insertInto('event_log', ['id', ...columnsOf(EVENT_COLUMNS, FIELDS.event)]),
  insertReceipt: insertInto('receipts', columnsOf(RECEIPT_COLUMNS, FIELDS.receipt)),
} as const satisfies Record<string, string>;

export type Statements = ReturnType<typeof prepareStatements>;

/** A scheduled task whose time has come, and its session. */
interface DueTask {
  readonly row: number;
  readonly runAt: number;
  readonly sessionId: string;
}

interface Query<Row> {
  get(...values: unknown[]): Row | undefined;
  all(...values: unknown[]): Row[];
}

interface Write {
  run(...values: unknown[]): { readonly changes: number };
}

/** Prepares them all; the tables must be there. */
export function prepareStatements(db: Connection) {
  const rows = <Row>(sql: string): Query<Row> => db.prepare<unknown[], Row>(sql);
  const value = <Value>(sql: string): Query<Value> => db.prepare<unknown[], Value>(sql).pluck();
  const keys = (sql: string): Query<ReadyKey> => db.prepare<unknown[], ReadyKey>(sql).raw();
  const write = (sql: string): Write => db.prepare(sql);
  return {
    begin: write('BEGIN IMMEDIATE'),
    beginRead: write('BEGIN DEFERRED'),
    commit: write('COMMIT'),
    rollback: write('ROLLBACK'),
    savepoint: write('SAVEPOINT undo'),
    rollbackTo: write('ROLLBACK TO undo'),
    release: write('RELEASE undo'),
    dataVersion: value<number>(SQL.dataVersion),
    schemaVersion: value<number>(SQL.schemaVersion),

    session: rows<Session>(SQL.session),
    sessionOfRow: rows<Session>(SQL.sessionOfRow),
    task: rows<Task>(SQL.task),
    taskOfDedupeKey: rows<Task>(SQL.taskOfDedupeKey),
    head: rows<Task>(SQL.head),
    waiting: rows<Task>(SQL.waiting),

    ready: keys(SQL.ready),
    readyOfKind: keys(SQL.readyOfKind),
    stale: rows<Session>(SQL.stale),
    heldBy: rows<Session>(SQL.heldBy),
    heldAfter: rows<Pick<Session, 'namespace' | 'id'>>(SQL.heldAfter),

    due: value<number>(SQL.due),
    dueInSession: value<number>(SQL.dueInSession),
    queueDue: value<string>(SQL.queueDue),
    dueTasksInSession: rows<DueTask>(SQL.dueTasksInSession),
    queueTask: write(SQL.queueTask),

    nextHead: rows<QueueHeadColumns>(SQL.nextHead),
    setNext: write(SQL.setNext),

    sessionOfFence: value<string>(SQL.sessionOfFence),
    leaseGrant: rows<Event>(SQL.leaseGrant),
    leaseEnd: rows<Event>(SQL.leaseEnd),
    leaseRefusal: value<1>(SQL.leaseRefusal),
    leaseSuccessor: rows<Event>(SQL.leaseSuccessor),
    greatestFence: value<number | null>(SQL.greatestFence),
    greatestTaskNumber: value<number | null>(SQL.greatestTaskNumber),
    greatestSessionNumber: value<number | null>(SQL.greatestSessionNumber),

    receipt: rows<Receipt>(SQL.receipt),
    oldestReceipt: value<number | null>(SQL.oldestReceipt),
    forgetReceipts: write(SQL.forgetReceipts),

    storeState: value<string>(SQL.storeState),
    clock: value<string>(SQL.clock),
    saveClock: write(SQL.saveClock),

    insertSession: write(SQL.insertSession),
    setSessionDeadlines: write(SQL.setSessionDeadlines),
    setSessionChain: write(SQL.setSessionChain),
    setSessionChainAndNext: write(SQL.setSessionChainAndNext),
    setSessionLease: write(SQL.setSessionLease),
    setSessionLeaseAndNext: write(SQL.setSessionLeaseAndNext),
    insertTask: write(SQL.insertTask),
    updateTask: write(SQL.updateTask),
    eventIdBefore: value<number>(SQL.eventIdBefore),
    insertEvent: write(SQL.insertEvent),
    insertReceipt: write(SQL.insertReceipt),
  };
}
