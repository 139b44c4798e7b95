/**
 * The tables. Statements of the hot path are text in `statements.ts`; the migrations in `drizzle/` are generated from
 * this file (storage parameters and triggers, which drizzle cannot say, are in migrations of their own).
 */
import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  customType,
  foreignKey,
  index,
  integer,
  pgSchema,
  primaryKey,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import {
  COLUMNS,
  NO_LEASE,
  SESSION_STATUS_NAMES,
  TASK_STATUS_NAMES,
  type EventType,
  type LeaseEffect,
  type SessionStatus,
  type StreamKind,
  type TaskStatus,
} from '@agent-orchestrator/core';
import { ENDED, isOneOf, LEASE_EFFECTS, RUNNING, STREAM_KINDS, WAITING } from './conditions.ts';

/*
 * Differs: Postgres has no INDEXED BY. A statement names its index by a part of the index's condition that holds for
 * every row (`next_priority >= 0`) and that no other statement says: without statistics, as in a database that was
 * empty a minute ago, all indexes that fit look alike to the planner, and it keeps the plan it made.
 */

export const orchestrator = pgSchema('orchestrator');

/**
 * Differs: text is compared by code point, as SQLite and core do; the collation of the database has no say in any
 * order.
 */
const text = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });

/**
 * Milliseconds since 1970, a fence, or a number for people: beyond 32 bits, and within what a JavaScript number holds.
 */
const big = <Name extends string>(name: Name) => bigint(name, { mode: 'number' });

/** What the database can hold in 64 bits and JavaScript cannot in a number would come back as another fence or time. */
const SAFE = 'BETWEEN 0 AND 9007199254740991';
/** A number for people. */
const COUNTED = 'BETWEEN 1 AND 9007199254740991';

/** The numbers of tasks and sessions (`t42`, `s17`), drawn one by one. */
export const numbers = orchestrator.sequence('numbers', { cache: 1 });

/** The columns of a lease; those of them that not every lease sets; and those that each does. */
const LEASE = Object.keys(NO_LEASE).map((field) => COLUMNS.session[field as keyof typeof NO_LEASE]);
const SOMETIMES_HELD = ['instance', 'host', 'boot', 'pid', 'process_start', 'process_group', 'progress'];
const HELD = LEASE.filter((column) => !SOMETIMES_HELD.includes(column));

export const sessions = orchestrator.table(
  'sessions',
  {
    namespace: text('namespace').notNull(),
    id: text('id').notNull(),
    number: big('number').notNull(),
    status: text('status').$type<SessionStatus>().notNull(),
    agent: text('agent'),
    instance: text('instance'),
    host: text('host'),
    boot: text('boot'),
    pid: integer('pid'),
    processStart: text('process_start'),
    processGroup: integer('process_group'),
    fence: big('fence'),
    tokenHash: text('token_hash'),
    ttlMs: integer('ttl_ms'),
    staleAfterMs: integer('stale_after_ms'),
    leaseExpiresAt: big('lease_expires_at'),
    heartbeatAt: big('heartbeat_at'),
    staleAt: big('stale_at'),
    progress: text('progress'),
    taskId: text('task_id'),
    renewals: integer('renewals').notNull(),
    nearMisses: integer('near_misses').notNull(),
    lastNearMissAt: big('last_near_miss_at'),
    context: text('context'),
    tasksOpen: integer('tasks_open').notNull(),
    seq: integer('seq').notNull(),
    hash: text('hash').notNull(),
    nextTaskId: text('next_task_id'),
    nextPriority: integer('next_priority'),
    nextQueuedAt: big('next_queued_at'),
    nextKind: text('next_kind'),
    nextFor: text('next_for'),
    version: integer('version').notNull(),
    createdAt: big('created_at').notNull(),
    updatedAt: big('updated_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.namespace, t.id] }),
    check('sessions_status', sql.raw(isOneOf('status', SESSION_STATUS_NAMES))),
    check('sessions_number', sql.raw(`number ${COUNTED}`)),
    check(
      'sessions_lease',
      sql.raw(
        `CASE WHEN status = 'running' THEN num_nulls(${HELD.join(', ')}) = 0
         ELSE num_nonnulls(${LEASE.join(', ')}) = 0 END`,
      ),
    ),
    check(
      'sessions_next',
      sql`num_nonnulls(next_task_id, next_priority, next_queued_at, next_kind, next_for) IN (0, 5)`,
    ),
    check('sessions_fence', sql.raw(`fence ${SAFE} AND length(token_hash) = 64`)),
    check('sessions_process_group', sql`process_group >= 0`),
    check('sessions_lease_times', sql.raw(`lease_expires_at ${SAFE} AND heartbeat_at ${SAFE} AND stale_at ${SAFE}`)),
    check('sessions_times', sql.raw(`created_at ${SAFE} AND updated_at ${SAFE}`)),
    check(
      'sessions_counters',
      sql`tasks_open >= 0 AND seq >= 0 AND version > 0 AND renewals >= 0 AND near_misses >= 0`,
    ),
    uniqueIndex('sessions_by_number').on(t.number),
    // The heads that a claim chooses from, best first; by kind too, since a range of one B-tree cannot skip other
    // kinds.
    index('sessions_ready')
      .on(t.namespace, t.nextFor, t.nextPriority, t.nextQueuedAt, t.nextTaskId)
      .where(sql`status = 'idle' AND next_task_id IS NOT NULL AND next_priority >= 0`),
    index('sessions_ready_of_kind')
      .on(t.namespace, t.nextFor, t.nextKind, t.nextPriority, t.nextQueuedAt, t.nextTaskId)
      .where(sql`status = 'idle' AND next_task_id IS NOT NULL AND next_kind > ''`),
    index('sessions_stale')
      .on(t.namespace, t.staleAt, t.id)
      .where(sql`status = 'running' AND stale_at >= 0`),
    index('sessions_held')
      .on(t.namespace, t.agent, t.id)
      .where(sql`status = 'running' AND agent > ''`),
    // For counting only: what is neither running nor has a head.
    index('sessions_closed')
      .on(t.namespace)
      .where(sql`status = 'closed'`),
    index('sessions_empty')
      .on(t.namespace)
      .where(sql`status = 'idle' AND next_task_id IS NULL`),
  ],
);

export const tasks = orchestrator.table(
  'tasks',
  {
    namespace: text('namespace').notNull(),
    id: text('id').notNull(),
    number: big('number').notNull(),
    sessionId: text('session_id').notNull(),
    kind: text('kind').notNull(),
    title: text('title').notNull(),
    payload: text('payload').notNull(),
    priority: integer('priority').notNull(),
    status: text('status').$type<TaskStatus>().notNull(),
    dedupeKey: text('dedupe_key'),
    runAt: big('run_at'),
    queuedAt: big('queued_at').notNull(),
    attempt: integer('attempt').notNull(),
    attemptsMax: integer('attempts_max').notNull(),
    interruptions: integer('interruptions').notNull(),
    interruptionsMax: integer('interruptions_max').notNull(),
    backoffMs: integer('backoff_ms').notNull(),
    assignee: text('assignee'),
    role: text('role'),
    author: text('author'),
    reviewer: text('reviewer'),
    source: text('source'),
    note: text('note'),
    cancelRequestedAt: big('cancel_requested_at'),
    result: text('result'),
    error: text('error'),
    createdAt: big('created_at').notNull(),
    startedAt: big('started_at'),
    finishedAt: big('finished_at'),
    version: integer('version').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.namespace, t.id] }),
    foreignKey({
      name: 'tasks_session',
      columns: [t.namespace, t.sessionId],
      foreignColumns: [sessions.namespace, sessions.id],
    }),
    check('tasks_status', sql.raw(isOneOf('status', TASK_STATUS_NAMES))),
    check('tasks_number', sql.raw(`number ${COUNTED}`)),
    check('tasks_scheduled', sql`status <> 'scheduled' OR run_at IS NOT NULL`),
    check('tasks_addressee', sql`assignee IS NULL OR role IS NULL`),
    check('tasks_priority', sql`priority >= 0`),
    check('tasks_counters', sql`attempt >= 0 AND interruptions >= 0 AND version > 0`),
    check('tasks_limits', sql`attempts_max >= 0 AND interruptions_max >= 0 AND backoff_ms >= 0`),
    check('tasks_queue_times', sql.raw(`queued_at ${SAFE} AND run_at ${SAFE}`)),
    check(
      'tasks_times',
      sql.raw(`created_at ${SAFE} AND started_at ${SAFE} AND finished_at ${SAFE} AND cancel_requested_at ${SAFE}`),
    ),
    uniqueIndex('tasks_by_number').on(t.number),
    uniqueIndex('tasks_dedupe_key')
      .on(t.namespace, t.dedupeKey)
      .where(sql`dedupe_key IS NOT NULL`),
    uniqueIndex('tasks_running').on(t.namespace, t.sessionId).where(sql.raw(RUNNING)),
    index('tasks_of_session')
      .on(t.namespace, t.sessionId, t.id)
      .where(sql`created_at >= 0`),
    // A session's queue; its first entry is the head.
    index('tasks_queued')
      .on(t.namespace, t.sessionId, t.priority, t.queuedAt, t.id)
      .where(sql`status = 'queued' AND priority >= 0`),
    index('tasks_due')
      .on(t.namespace, t.runAt)
      .where(sql`status = 'scheduled' AND run_at >= 0`),
    index('tasks_due_in_session')
      .on(t.namespace, t.sessionId, t.runAt)
      .where(sql`status = 'scheduled' AND session_id > ''`),
    // What closing a session has to cancel, in pages.
    index('tasks_waiting')
      .on(t.namespace, t.sessionId, t.id)
      .where(sql.raw(`${WAITING} AND id > ''`)),
    // Lists and counts of what is over, without walking over what is not.
    index('tasks_ended').on(t.namespace, t.status, t.id).where(sql.raw(ENDED)),
  ],
);

/** Append-only: triggers refuse every other change (see the second migration). */
export const eventLog = orchestrator.table(
  'event_log',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity({ name: 'event_log_id_seq', cache: 1 }),
    streamKind: text('stream_kind').$type<StreamKind>().notNull(),
    namespace: text('namespace').notNull(),
    streamId: text('stream_id').notNull(),
    seq: integer('seq').notNull(),
    type: text('type').$type<EventType>().notNull(),
    leaseEffect: text('lease_effect').$type<LeaseEffect>(),
    sessionId: text('session_id'),
    taskId: text('task_id'),
    agent: text('agent'),
    instance: text('instance'),
    fence: big('fence'),
    commandId: text('command_id'),
    payload: text('payload').notNull(),
    at: big('at').notNull(),
    prevHash: text('prev_hash').notNull(),
    hash: text('hash').notNull(),
  },
  (t) => [
    foreignKey({
      name: 'event_log_session',
      columns: [t.namespace, t.sessionId],
      foreignColumns: [sessions.namespace, sessions.id],
    }),
    check('event_log_stream', sql.raw(isOneOf('stream_kind', STREAM_KINDS))),
    check(
      'event_log_session_stream',
      sql`stream_kind <> 'session' OR (session_id IS NOT NULL AND session_id = stream_id)`,
    ),
    check(
      'event_log_lease_effect',
      sql.raw(`${isOneOf('lease_effect', LEASE_EFFECTS)} AND (lease_effect IS NULL OR fence IS NOT NULL)`),
    ),
    check('event_log_numbers', sql.raw(`seq > 0 AND fence ${SAFE} AND at ${SAFE}`)),
    check('event_log_hashes', sql`length(prev_hash) = 64 AND length(hash) = 64`),
    uniqueIndex('event_log_seq').on(t.streamKind, t.namespace, t.streamId, t.seq),
    // One event grants a fence, one ends its lease, and one refuses its token, in the whole database.
    uniqueIndex('event_log_lease')
      .on(t.fence, t.leaseEffect)
      .where(sql`lease_effect IS NOT NULL AND fence >= 0`),
    // Which lease came next in a session.
    index('event_log_grant')
      .on(t.namespace, t.sessionId, t.fence)
      .where(sql`lease_effect = 'granted' AND session_id > ''`),
    index('event_log_task')
      .on(t.namespace, t.taskId, t.id)
      .where(sql`task_id IS NOT NULL`),
  ],
);

export const receipts = orchestrator.table(
  'receipts',
  {
    namespace: text('namespace').notNull(),
    commandId: text('command_id').notNull(),
    requestHash: text('request_hash').notNull(),
    reply: text('reply').notNull(),
    at: big('at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.namespace, t.commandId] }),
    check('receipts_at', sql.raw(`at ${SAFE}`)),
    index('receipts_over').on(t.at),
  ],
);

/** Grows after a commit, for watchers that look from time to time: a heartbeat leaves no event that would tell. */
export const changes = orchestrator.sequence('changes');

/**
 * What belongs to the database and not to a namespace: `clock`, the greatest time seen; `schema`, how many migrations
 * were applied; `state`, the store state unless it is open.
 */
export const meta = orchestrator.table('meta', {
  key: text('key').primaryKey().notNull(),
  value: text('value').notNull(),
});
