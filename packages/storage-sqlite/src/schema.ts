/**
 * The tables. Statements of the hot path are text in `statements.ts`; the migrations in `drizzle/` are generated from
 * this file (STRICT, WITHOUT ROWID and triggers, which drizzle cannot express, are added to the generated text by
 * hand).
 */
import { sql } from 'drizzle-orm';
import { check, foreignKey, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import {
  COLUMNS,
  NO_LEASE,
  SESSION_STATUS_NAMES,
  TASK_STATUS_NAMES,
  type EventType,
  type LeaseEffect,
  type StreamKind,
} from '@agent-orchestrator/core';
import { ENDED, isOneOf, LEASE_EFFECTS, NEXT, RUNNING, STREAM_KINDS, WAITING } from './conditions.ts';

/** SQLite has 64-bit integers. One beyond JavaScript's safe integers would come back as another fence or time. */
const SAFE = 'BETWEEN 0 AND 9007199254740991';
/** A number for people. */
const COUNTED = 'BETWEEN 1 AND 9007199254740991';

/** The columns of a lease, and those that are never null in a lease. */
const LEASE_COLUMNS = (Object.keys(NO_LEASE) as (keyof typeof NO_LEASE)[]).map((field) => COLUMNS.session[field]);
const HELD_COLUMNS = [
  'agent',
  'fence',
  'token_hash',
  'ttl_ms',
  'stale_after_ms',
  'lease_expires_at',
  'heartbeat_at',
  'stale_at',
  'task_id',
] as const satisfies typeof LEASE_COLUMNS;

const allSet = (columns: readonly string[]): string => columns.map((column) => `${column} IS NOT NULL`).join(' AND ');
const noneSet = (columns: readonly string[]): string => `coalesce(${columns.join(', ')}) IS NULL`;

export const sessions = sqliteTable(
  'sessions',
  {
    namespace: text('namespace').notNull(),
    id: text('id').notNull(),
    number: integer('number').notNull(),
    status: text('status', { enum: SESSION_STATUS_NAMES }).notNull(),
    agent: text('agent'),
    instance: text('instance'),
    host: text('host'),
    boot: text('boot'),
    pid: integer('pid'),
    processStart: text('process_start'),
    processGroup: integer('process_group'),
    fence: integer('fence'),
    tokenHash: text('token_hash'),
    ttlMs: integer('ttl_ms'),
    staleAfterMs: integer('stale_after_ms'),
    leaseExpiresAt: integer('lease_expires_at'),
    heartbeatAt: integer('heartbeat_at'),
    staleAt: integer('stale_at'),
    progress: text('progress'),
    taskId: text('task_id'),
    renewals: integer('renewals').notNull(),
    nearMisses: integer('near_misses').notNull(),
    lastNearMissAt: integer('last_near_miss_at'),
    context: text('context'),
    tasksOpen: integer('tasks_open').notNull(),
    seq: integer('seq').notNull(),
    hash: text('hash').notNull(),
    nextTaskId: text('next_task_id'),
    nextPriority: integer('next_priority'),
    nextQueuedAt: integer('next_queued_at'),
    nextKind: text('next_kind'),
    nextFor: text('next_for'),
    version: integer('version').notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.namespace, t.id] }),
    check('sessions_status', sql.raw(isOneOf('status', SESSION_STATUS_NAMES))),
    check('sessions_number', sql.raw(`number ${COUNTED}`)),
    check(
      'sessions_lease',
      sql.raw(`CASE WHEN status = 'running' THEN ${allSet(HELD_COLUMNS)} ELSE ${noneSet(LEASE_COLUMNS)} END`),
    ),
    check('sessions_next', sql.raw(`CASE WHEN next_task_id IS NULL THEN ${noneSet(NEXT)} ELSE ${allSet(NEXT)} END`)),
    check('sessions_fence', sql.raw(`fence ${SAFE} AND length(token_hash) = 64`)),
    check('sessions_process_group', sql.raw(`process_group ${SAFE}`)),
    check('sessions_lease_times', sql.raw(`lease_expires_at ${SAFE} AND heartbeat_at ${SAFE} AND stale_at ${SAFE}`)),
    check('sessions_times', sql.raw(`created_at ${SAFE} AND updated_at ${SAFE}`)),
    check(
      'sessions_counters',
      sql.raw(`tasks_open ${SAFE} AND seq ${SAFE} AND version ${SAFE} AND renewals ${SAFE} AND near_misses ${SAFE}`),
    ),
    check('sessions_context', sql`json_valid(context)`),
    uniqueIndex('sessions_by_number').on(t.number),
    // The heads that a claim chooses from, best first; by kind too, since a range of one B-tree cannot skip other
    // kinds.
    index('sessions_ready')
      .on(t.namespace, t.nextFor, t.nextPriority, t.nextQueuedAt, t.nextTaskId)
      .where(sql`status = 'idle' AND next_task_id IS NOT NULL`),
    index('sessions_ready_of_kind')
      .on(t.namespace, t.nextFor, t.nextKind, t.nextPriority, t.nextQueuedAt, t.nextTaskId)
      .where(sql`status = 'idle' AND next_task_id IS NOT NULL`),
    index('sessions_stale')
      .on(t.namespace, t.staleAt, t.id)
      .where(sql`status = 'running'`),
    index('sessions_held')
      .on(t.namespace, t.agent, t.id)
      .where(sql`status = 'running'`),
    // For counting only: what is neither running nor has a head.
    index('sessions_closed')
      .on(t.namespace)
      .where(sql`status = 'closed'`),
    index('sessions_empty')
      .on(t.namespace)
      .where(sql`status = 'idle' AND next_task_id IS NULL`),
  ],
);

export const tasks = sqliteTable(
  'tasks',
  {
    namespace: text('namespace').notNull(),
    id: text('id').notNull(),
    number: integer('number').notNull(),
    sessionId: text('session_id').notNull(),
    kind: text('kind').notNull(),
    title: text('title').notNull(),
    payload: text('payload').notNull(),
    priority: integer('priority').notNull(),
    status: text('status', { enum: TASK_STATUS_NAMES }).notNull(),
    dedupeKey: text('dedupe_key'),
    runAt: integer('run_at'),
    queuedAt: integer('queued_at').notNull(),
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
    cancelRequestedAt: integer('cancel_requested_at'),
    result: text('result'),
    error: text('error'),
    createdAt: integer('created_at').notNull(),
    startedAt: integer('started_at'),
    finishedAt: integer('finished_at'),
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
    check('tasks_priority', sql.raw(`priority ${SAFE}`)),
    check('tasks_counters', sql.raw(`attempt ${SAFE} AND interruptions ${SAFE} AND version ${SAFE}`)),
    check('tasks_limits', sql.raw(`attempts_max ${SAFE} AND interruptions_max ${SAFE} AND backoff_ms ${SAFE}`)),
    check('tasks_queue_times', sql.raw(`queued_at ${SAFE} AND run_at ${SAFE}`)),
    check(
      'tasks_times',
      sql.raw(`created_at ${SAFE} AND started_at ${SAFE} AND finished_at ${SAFE} AND cancel_requested_at ${SAFE}`),
    ),
    check('tasks_payload', sql`json_valid(payload)`),
    check('tasks_result', sql`json_valid(result) AND json_valid(error)`),
    uniqueIndex('tasks_by_number').on(t.number),
    uniqueIndex('tasks_dedupe_key')
      .on(t.namespace, t.dedupeKey)
      .where(sql`dedupe_key IS NOT NULL`),
    uniqueIndex('tasks_running').on(t.namespace, t.sessionId).where(sql.raw(RUNNING)),
    index('tasks_of_session').on(t.namespace, t.sessionId, t.id),
    // A session's queue; its first entry is the head.
    index('tasks_queued')
      .on(t.namespace, t.sessionId, t.priority, t.queuedAt, t.id)
      .where(sql`status = 'queued'`),
    index('tasks_due')
      .on(t.namespace, t.runAt)
      .where(sql`status = 'scheduled'`),
    index('tasks_due_in_session')
      .on(t.namespace, t.sessionId, t.runAt)
      .where(sql`status = 'scheduled'`),
    // The tasks that closing a session cancels, in pages.
    index('tasks_waiting').on(t.namespace, t.sessionId, t.id).where(sql.raw(WAITING)),
    // Lists and counts of ended tasks, without reading the others.
    index('tasks_ended').on(t.namespace, t.status, t.id).where(sql.raw(ENDED)),
  ],
);

/** Append-only: triggers refuse every other change (see the second migration). */
export const eventLog = sqliteTable(
  'event_log',
  {
    id: integer('id').primaryKey(),
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
    fence: integer('fence'),
    commandId: text('command_id'),
    payload: text('payload').notNull(),
    at: integer('at').notNull(),
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
    check('event_log_numbers', sql.raw(`seq ${SAFE} AND seq > 0 AND fence ${SAFE} AND at ${SAFE}`)),
    check('event_log_payload', sql`json_valid(payload)`),
    check('event_log_hashes', sql`length(prev_hash) = 64 AND length(hash) = 64`),
    uniqueIndex('event_log_seq').on(t.streamKind, t.namespace, t.streamId, t.seq),
    // One event grants a fence, one ends its lease, and one refuses its token, in the whole database.
    uniqueIndex('event_log_lease')
      .on(t.fence, t.leaseEffect)
      .where(sql`lease_effect IS NOT NULL`),
    // The next grant in a session.
    index('event_log_grant')
      .on(t.namespace, t.sessionId, t.fence)
      .where(sql`lease_effect = 'granted'`),
    index('event_log_task')
      .on(t.namespace, t.taskId, t.id)
      .where(sql`task_id IS NOT NULL`),
  ],
);

export const receipts = sqliteTable(
  'receipts',
  {
    namespace: text('namespace').notNull(),
    commandId: text('command_id').notNull(),
    requestHash: text('request_hash').notNull(),
    reply: text('reply').notNull(),
    at: integer('at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.namespace, t.commandId] }),
    check('receipts_reply', sql`json_valid(reply)`),
    check('receipts_at', sql.raw(`at ${SAFE}`)),
    index('receipts_over').on(t.at),
  ],
);

/**
 * Values of the database, not of a namespace: `clock`, the last clock readings; `state`, the store state
 * unless it is open; `last_event_id`, the id after which the log of a filled store continues.
 */
export const meta = sqliteTable(
  'meta',
  { key: text('key').primaryKey().notNull(), value: text('value').notNull() },
  () => [check('meta_value', sql`json_valid(value)`)],
);
