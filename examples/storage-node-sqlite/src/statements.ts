import { COLUMNS } from '@agent-orchestrator/core';
import {
  FIELDS,
  NEXT_COLUMNS,
  PENDING,
  READY,
  RETURNING,
  SESSION_UPDATES,
  type SessionUpdateName,
} from '@agent-orchestrator/storage-sql';

/*
 * The texts of the statements. A row comes back under the names of the API's fields, so nothing is decoded.
 */

function select(columns: Readonly<Record<string, string>>, table: string): string {
  const cells = Object.entries(columns).map(([field, column]) => `${column} AS "${field}"`);
  return `SELECT ${cells.join(', ')} FROM ${table}`;
}

export const SELECT = {
  session: select(COLUMNS.session, 'sessions'),
  task: select(COLUMNS.task, 'tasks'),
  agent: select(COLUMNS.agent, 'agents'),
  event: select(COLUMNS.event, 'event_log'),
  receipt: select(COLUMNS.receipt, 'receipts'),
  dependency: select(COLUMNS.dependency, 'dependencies'),
  dependencyEnd: select(COLUMNS.dependencyEnd, 'dependency_ends'),
} as const;

/** Statements by the key of a row. */
export const BY_ID = 'WHERE namespace = ? AND id = ?';
export const BY_NAME = 'WHERE namespace = ? AND name = ?';
const OF_SESSION = 'namespace = ? AND session_id = ?';
export const READY_FOR = `namespace = ? AND next_for = ? AND ${READY}`;
export const BEST_FIRST = 'ORDER BY next_priority, next_queued_at, next_task_id LIMIT ?';
export const HELD = `namespace = ? AND status = 'running'`;
export const SCHEDULED = `namespace = ? AND status = 'scheduled'`;
export const SCHEDULED_IN_SESSION = `${OF_SESSION} AND status = 'scheduled'`;
export const RETURNS = `namespace = ? AND ${RETURNING}`;
/** The head of a session's queue (see `compareInQueue`). */
export const HEAD = `WHERE ${OF_SESSION} AND status = 'queued' ORDER BY priority, queued_at, id LIMIT 1`;
/** What else happened to a lease, up to an event. */
export const OF_LEASE = 'WHERE fence = ? AND lease_effect = ? AND lease_effect IS NOT NULL AND id <= ?';
export const STATUSES_IN_SESSION = `SELECT status FROM tasks WHERE ${OF_SESSION} LIMIT ?`;
/** The sort is of as many rows as are looked at. */
export const OLDEST_HEADS = `SELECT "taskId", "queuedAt", count(*) OVER () AS "lookedAt" FROM (
    SELECT next_task_id AS "taskId", next_queued_at AS "queuedAt" FROM sessions
    WHERE namespace = ? AND ${READY} LIMIT ?)
  ORDER BY "queuedAt", "taskId" LIMIT ?`;
export const WAITING = `WHERE ${OF_SESSION} AND ${PENDING} ORDER BY id LIMIT ?`;

/** The row must still have the version that was loaded. */
const GUARDED = 'version = version + 1 WHERE number = ? AND version = ?';

const assigned = (columns: readonly string[]): string => columns.map((column) => `${column} = ?`).join(', ');

export function insertInto(table: string, columns: readonly string[]): string {
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
}

/** The fields of a new event: the column gives the id. */
export const NEW_EVENT = FIELDS.event.filter((field) => field !== 'id');

export const WRITES = {
  insertSession: insertInto('sessions', [...FIELDS.session.map((field) => COLUMNS.session[field]), ...NEXT_COLUMNS]),
  insertTask: insertInto(
    'tasks',
    FIELDS.task.map((field) => COLUMNS.task[field]),
  ),
  insertAgent: insertInto(
    'agents',
    FIELDS.agent.map((field) => COLUMNS.agent[field]),
  ),
  insertEvent: insertInto(
    'event_log',
    NEW_EVENT.map((field) => COLUMNS.event[field]),
  ),
  insertReceipt: insertInto(
    'receipts',
    FIELDS.receipt.map((field) => COLUMNS.receipt[field]),
  ),
  /** A holder can wait once more for a task that its own depended on before. */
  insertDependency: `${insertInto(
    'dependencies',
    FIELDS.dependency.map((field) => COLUMNS.dependency[field]),
  )} ON CONFLICT (namespace, task_id, dependency_id)
    DO UPDATE SET on_dependency_failure = excluded.on_dependency_failure, ended = excluded.ended`,
  fulfilDependency: `UPDATE dependencies SET ended = ?
    WHERE namespace = ? AND task_id = ? AND dependency_id = ? AND ended IS NULL`,
  insertDependencyEnds: `INSERT INTO dependency_ends (namespace, task_id, dependency_id, seq, status)
    SELECT namespace, task_id, dependency_id, ?, ? FROM dependencies WHERE namespace = ? AND dependency_id = ?
      AND ended IS NULL AND on_dependency_failure IN (SELECT value FROM json_each(?))`,
  deleteDependencyEnd: `DELETE FROM dependency_ends
    WHERE namespace = ? AND task_id = ? AND dependency_id = ? AND seq = ?`,
  updateTask: `UPDATE tasks SET ${assigned(FIELDS.taskChanges.map((field) => COLUMNS.task[field]))}, ${GUARDED}`,
  updateAgent: `UPDATE agents SET ${assigned(FIELDS.agentChanges.map((field) => COLUMNS.agent[field]))},
    version = version + 1 ${BY_NAME} AND version = ?`,
  setNext: `UPDATE sessions SET ${assigned(NEXT_COLUMNS)} ${BY_ID}`,
  setMeta: 'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
} as const;

/** The head comes as values, looked up or null, unless it stays. */
export function updateSession(name: SessionUpdateName): string {
  const { fields, head } = SESSION_UPDATES[name];
  const columns = [...fields.map((field) => COLUMNS.session[field]), ...(head === 'kept' ? [] : NEXT_COLUMNS)];
  return `UPDATE sessions SET ${assigned(columns)}, ${GUARDED}`;
}
