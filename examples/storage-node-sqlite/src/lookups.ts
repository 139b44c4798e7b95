import {
  LIMITS,
  type Agent,
  type DependencyEnd,
  type Event,
  type Receipt,
  type RelatedTask,
  type Session,
  type Task,
} from '@agent-orchestrator/core';
import { HOLDS_KEY, RETURNING, type DueTask, type ReadyKey, type ScopeLookups } from '@agent-orchestrator/storage-sql';
import type { Database } from './database.ts';
import { setNextHead } from './save.ts';
import {
  BEST_FIRST,
  BY_ID,
  BY_NAME,
  HEAD,
  HELD,
  READY_FOR,
  RETURNS,
  SCHEDULED,
  SCHEDULED_IN_SESSION,
  SELECT,
  WAITING,
} from './statements.ts';

const KEY = 'SELECT number, next_priority, next_queued_at, next_task_id FROM sessions';
const GRANTED = `SELECT session_id FROM event_log WHERE namespace = ? AND fence = ? AND lease_effect = 'granted'`;
const FIRST_DUE = `AND run_at <= ? ORDER BY run_at LIMIT ${LIMITS.flipped_tasks_max}`;
const QUEUE = `UPDATE tasks SET status = 'queued', version = version + 1 WHERE number`;
const IN_STREAM = `stream_kind = 'session' AND namespace = ? AND stream_id = ?`;

const SQL = {
  receipt: `${SELECT.receipt} WHERE namespace = ? AND command_id = ?`,
  session: `${SELECT.session} ${BY_ID}`,
  sessionOfFence: `${SELECT.session} WHERE namespace = ? AND id = (${GRANTED})`,
  sessionOfNumber: `${SELECT.session} WHERE number = ?`,
  task: `${SELECT.task} ${BY_ID}`,
  taskOfDedupeKey: `${SELECT.task} WHERE namespace = ? AND dedupe_key = ? AND ${HOLDS_KEY}`,
  agent: `${SELECT.agent} ${BY_NAME}`,
  relatedTask: `SELECT id, number, session_id AS "sessionId", status, review FROM tasks ${BY_ID}`,
  toTell: `SELECT DISTINCT task_id AS id FROM dependency_ends WHERE namespace = ? ORDER BY task_id LIMIT ?`,
  ends: `${SELECT.dependencyEnd} WHERE namespace = ? AND task_id = ? ORDER BY dependency_id, seq LIMIT ?`,
  awaited: `SELECT dependency_id AS id FROM dependencies WHERE namespace = ? AND task_id = ? AND ended IS NULL`,
  open: `SELECT 1 FROM dependencies d JOIN tasks t ON t.namespace = d.namespace AND t.id = d.dependency_id
    WHERE d.namespace = ? AND d.task_id = ? AND d.dependency_id = ? AND d.ended IS NULL
      AND t.status = ?`,
  dependent: 'SELECT 1 FROM dependencies WHERE namespace = ? AND dependency_id = ? LIMIT 1',
  subtask: 'SELECT 1 FROM tasks WHERE namespace = ? AND parent_id = ? LIMIT 1',
  head: `${SELECT.task} ${HEAD}`,
  waiting: `${SELECT.task} ${WAITING}`,

  ready: `${KEY} WHERE ${READY_FOR} ${BEST_FIRST}`,
  readyOfKind: `${KEY} WHERE ${READY_FOR} AND next_kind = ? ${BEST_FIRST}`,
  stale: `${SELECT.session} WHERE ${HELD} AND stale_at <= ? ORDER BY stale_at, id LIMIT ?`,
  heldBy: `${SELECT.session} WHERE ${HELD} AND agent = ? ORDER BY fence LIMIT ${LIMITS.sweep_page_max}`,
  // Only after a clock jump: it sorts what is held, and does not walk over all sessions.
  heldAfter: `${SELECT.session} INDEXED BY sessions_stale
    WHERE status = 'running' AND (namespace, id) > (?, ?) ORDER BY namespace, id LIMIT ?`,

  // Only after the clock was set back.
  delayed: `${SELECT.task} INDEXED BY tasks_delayed
    WHERE status = 'scheduled' AND delayed_at > ? ORDER BY delayed_at DESC LIMIT ?`,
  delayedReturns: `${SELECT.task} INDEXED BY tasks_returning
    WHERE ${RETURNING} AND handed_off_at > ? ORDER BY handed_off_at DESC LIMIT ?`,

  returnAt: `SELECT min(return_at) AS at FROM tasks WHERE ${RETURNS}`,
  dueReturns: `${SELECT.task} WHERE ${RETURNS} AND return_at <= ? ORDER BY return_at, id LIMIT ?`,

  due: `SELECT min(run_at) AS at FROM tasks WHERE ${SCHEDULED}`,
  dueInSession: `SELECT min(run_at) AS at FROM tasks WHERE ${SCHEDULED_IN_SESSION}`,
  dueTasks: `SELECT number, run_at AS "runAt" FROM tasks WHERE ${SCHEDULED_IN_SESSION} ${FIRST_DUE}`,
  queueDue: `${QUEUE} IN (SELECT number FROM tasks WHERE ${SCHEDULED} ${FIRST_DUE}) RETURNING session_id AS id`,
  queueTask: `${QUEUE} = ?`,

  leaseEvent: `${SELECT.event} WHERE fence = ? AND lease_effect = ?`,
  nextGrant: `${SELECT.event} WHERE ${IN_STREAM} AND seq > ? AND +lease_effect = 'granted' ORDER BY seq LIMIT 1`,
} as const;

/** What the scopes ask of this storage; `loadScope` of storage-sql does the rest. */
export function lookupsOn(db: Database): ScopeLookups {
  const keys = (sql: string, ...values: readonly (string | number)[]) =>
    db.all<object>(sql, ...values).map((row) => Object.values(row) as unknown as ReadyKey);
  const dueAt = (sql: string, ...values: readonly string[]) =>
    db.get<{ at: number | null }>(sql, ...values)?.at ?? undefined;
  return {
    receipt: (namespace, commandId) => db.get<Receipt>(SQL.receipt, namespace, commandId),
    session: (namespace, id) => db.get<Session>(SQL.session, namespace, id),
    sessionOfFence: (namespace, fence) => db.get<Session>(SQL.sessionOfFence, namespace, namespace, fence),
    sessionOfNumber: (number) => db.get<Session>(SQL.sessionOfNumber, number),
    task: (namespace, id) => db.get<Task>(SQL.task, namespace, id),
    taskOfDedupeKey: (namespace, dedupeKey) => db.get<Task>(SQL.taskOfDedupeKey, namespace, dedupeKey),
    agent: (namespace, name) => db.get<Agent>(SQL.agent, namespace, name),
    relatedTask: (namespace, id) => db.get<RelatedTask>(SQL.relatedTask, namespace, id),
    awaited: (namespace, id) => db.all<{ id: string }>(SQL.awaited, namespace, id).map((one) => one.id),
    isAnyToTell: (namespace) => db.get(SQL.toTell, namespace, 1) !== undefined,
    tasksToTell: (namespace, limit) =>
      db
        .all<{ id: string }>(SQL.toTell, namespace, limit)
        .flatMap(({ id }) => db.get<Task>(SQL.task, namespace, id) ?? []),
    dependencyEnds: ({ namespace, id }, limit) => db.all<DependencyEnd>(SQL.ends, namespace, id, limit),
    isOpen: ({ namespace, taskId, dependencyId, status }) =>
      db.get(SQL.open, namespace, taskId, dependencyId, status) !== undefined,
    isDependedOn: ({ namespace, id }) => db.get(SQL.dependent, namespace, id) !== undefined,
    hasSubtasks: ({ namespace, id }) => db.get(SQL.subtask, namespace, id) !== undefined,
    head: ({ namespace, id }) => db.get<Task>(SQL.head, namespace, id),
    waiting: ({ namespace, id }, limit) => db.all<Task>(SQL.waiting, namespace, id, limit),

    ready: (namespace, addressee, limit) => keys(SQL.ready, namespace, addressee, limit),
    readyOfKind: (namespace, addressee, kind, limit) => keys(SQL.readyOfKind, namespace, addressee, kind, limit),
    stale: (namespace, now, limit) => db.all<Session>(SQL.stale, namespace, now, limit),
    heldBy: (namespace, agent) => db.all<Session>(SQL.heldBy, namespace, agent),
    heldAfter: (after, limit) => db.all<Session>(SQL.heldAfter, after?.namespace ?? '', after?.sessionId ?? '', limit),
    delayed: (now, limit) => db.all<Task>(SQL.delayed, now, limit),
    delayedReturns: (now, limit) => db.all<Task>(SQL.delayedReturns, now, limit),

    returnAt: (namespace) => dueAt(SQL.returnAt, namespace),
    dueReturns: (namespace, now, limit) => db.all<Task>(SQL.dueReturns, namespace, now, limit),

    due: (namespace) => dueAt(SQL.due, namespace),
    dueInSession: ({ namespace, id }) => dueAt(SQL.dueInSession, namespace, id),
    queueDue(namespace, now) {
      const sessions = db.all<{ id: string }>(SQL.queueDue, namespace, now).map(({ id }) => id);
      for (const id of new Set(sessions)) setNextHead(db, namespace, id);
    },
    dueTasks: ({ namespace, id }, now) => db.all<DueTask>(SQL.dueTasks, namespace, id, now),
    queueTasks({ namespace, id }, numbers) {
      for (const number of numbers) db.run(SQL.queueTask, number);
      setNextHead(db, namespace, id);
    },

    leaseEvent: (fence, effect) => db.get<Event>(SQL.leaseEvent, fence, effect),
    isRefused: (fence) => db.get(SQL.leaseEvent, fence, 'refused') !== undefined,
    nextGrant: ({ namespace, id }, seq) => db.get<Event>(SQL.nextGrant, namespace, id, seq),
  };
}
