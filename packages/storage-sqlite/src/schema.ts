/**
 * The tables. The statements are text in `statements.ts` and `reader.ts`; the migrations in `drizzle/` are generated
 * from this file (STRICT, WITHOUT ROWID, triggers and the views of `views.ts`, none of which drizzle says, are added to
 * the generated text by hand).
 *
 * A commit costs as much as the pages that it changes, so rows and indexes are small: rows name each other by the
 * numbers of tasks and sessions, which are their keys, and a namespace is a number too; hashes and command ids are
 * bytes; what can be found out is not stored (the hash before an event is that of the event before it). `rows.ts` tells
 * how a field of the API is written and read.
 */
import { sql } from 'drizzle-orm';
import {
  blob,
  check,
  foreignKey,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
} from 'drizzle-orm/sqlite-core';
import {
  COLUMNS,
  NO_LEASE,
  SESSION_STATUS_NAMES,
  TASK_STATUS_NAMES,
  type EventType,
  type LeaseEffect,
  type StreamKind,
} from '@agent-orchestrator/core';
import { ENDED, isOneOf, LEASE_EFFECTS, NEXT, RUNNING, STREAM_KINDS } from './conditions.ts';

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

/** Bytes; the mode says only how drizzle would read them. */
const bytes = (name: string) => blob(name, { mode: 'buffer' });
/** A SHA-256. */
const HASH_BYTES = 32;
/** A UUID. */
const UUID_BYTES = 16;

/** The projects that share the database, each with the number that its rows name. */
export const namespaces = sqliteTable('namespaces', {
  id: integer('id').primaryKey().notNull(),
  name: text('name').notNull().unique('namespaces_name'),
});

export const sessions = sqliteTable(
  'sessions',
  {
    number: integer('number').primaryKey().notNull(),
    namespace: integer('namespace')
      .notNull()
      .references(() => namespaces.id),
    id: text('id').notNull(),
    status: text('status', { enum: SESSION_STATUS_NAMES }).notNull(),
    agent: text('agent'),
    instance: text('instance'),
    host: text('host'),
    boot: text('boot'),
    pid: integer('pid'),
    processStart: text('process_start'),
    processGroup: integer('process_group'),
    fence: integer('fence'),
    tokenHash: bytes('token_hash'),
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
    hash: bytes('hash').notNull(),
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
    check('sessions_status', sql.raw(isOneOf('status', SESSION_STATUS_NAMES))),
    check('sessions_number', sql.raw(`number ${COUNTED}`)),
    check(
      'sessions_lease',
      sql.raw(`CASE WHEN status = 'running' THEN ${allSet(HELD_COLUMNS)} ELSE ${noneSet(LEASE_COLUMNS)} END`),
    ),
    check('sessions_next', sql.raw(`CASE WHEN next_task_id IS NULL THEN ${noneSet(NEXT)} ELSE ${allSet(NEXT)} END`)),
    check('sessions_fence', sql.raw(`fence ${SAFE} AND length(token_hash) = ${HASH_BYTES}`)),
    check('sessions_process_group', sql.raw(`process_group ${SAFE}`)),
    check('sessions_lease_times', sql.raw(`lease_expires_at ${SAFE} AND heartbeat_at ${SAFE} AND stale_at ${SAFE}`)),
    check('sessions_times', sql.raw(`created_at ${SAFE} AND updated_at ${SAFE}`)),
    check(
      'sessions_counters',
      sql.raw(`tasks_open ${SAFE} AND seq ${SAFE} AND version ${SAFE} AND renewals ${SAFE} AND near_misses ${SAFE}`),
    ),
    check('sessions_hash', sql.raw(`length(hash) = ${HASH_BYTES}`)),
    check('sessions_context', sql`json_valid(context)`),
    uniqueIndex('sessions_id').on(t.namespace, t.id),
    // What tasks and events point at, so that they are of their session's namespace; and for counting.
    uniqueIndex('sessions_key').on(t.namespace, t.number),
    // The heads that a claim chooses from, best first; by kind too, since a range of one B-tree cannot skip other
    // kinds.
    index('sessions_ready')
      .on(t.namespace, t.nextFor, t.nextPriority, t.nextQueuedAt, t.nextTaskId)
      .where(sql`status = 'idle' AND next_task_id IS NOT NULL`),
    index('sessions_ready_of_kind')
      .on(t.namespace, t.nextFor, t.nextKind, t.nextPriority, t.nextQueuedAt, t.nextTaskId)
      .where(sql`status = 'idle' AND next_task_id IS NOT NULL`),
    // What is held, in the order in which it turns stale; there is so little of it that other questions walk over it.
    index('sessions_stale')
      .on(t.namespace, t.staleAt, t.id)
      .where(sql`status = 'running'`),
    // For counting only: what has no head.
    index('sessions_empty')
      .on(t.namespace)
      .where(sql`status = 'idle' AND next_task_id IS NULL`),
  ],
);

export const tasks = sqliteTable(
  'tasks',
  {
    number: integer('number').primaryKey().notNull(),
    namespace: integer('namespace').notNull(),
    id: text('id').notNull(),
    session: integer('session').notNull(),
    status: text('status', { enum: TASK_STATUS_NAMES }).notNull(),
    kind: text('kind').notNull(),
    title: text('title').notNull(),
    priority: integer('priority').notNull(),
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
    createdAt: integer('created_at').notNull(),
    startedAt: integer('started_at'),
    finishedAt: integer('finished_at'),
    version: integer('version').notNull(),
    payload: text('payload').notNull(),
    result: text('result'),
    error: text('error'),
  },
  (t) => [
    foreignKey({
      name: 'tasks_session',
      columns: [t.namespace, t.session],
      foreignColumns: [sessions.namespace, sessions.number],
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
    uniqueIndex('tasks_id').on(t.namespace, t.id),
    uniqueIndex('tasks_dedupe_key')
      .on(t.namespace, t.dedupeKey)
      .where(sql`dedupe_key IS NOT NULL`),
    uniqueIndex('tasks_running').on(t.namespace, t.session).where(sql.raw(RUNNING)),
    index('tasks_of_session').on(t.namespace, t.session, t.id),
    // A session's queue; its first entry is the head.
    index('tasks_queued')
      .on(t.namespace, t.session, t.priority, t.queuedAt, t.id)
      .where(sql`status = 'queued'`),
    index('tasks_due')
      .on(t.namespace, t.runAt)
      .where(sql`status = 'scheduled'`),
    index('tasks_due_in_session')
      .on(t.namespace, t.session, t.runAt)
      .where(sql`status = 'scheduled'`),
    // Lists and counts of ended tasks, without reading the others.
    index('tasks_ended').on(t.namespace, t.status, t.id).where(sql.raw(ENDED)),
  ],
);

/** Append-only: triggers refuse every other change (see the second migration). */
export const eventLog = sqliteTable(
  'event_log',
  {
    id: integer('id').primaryKey().notNull(),
    streamKind: text('stream_kind').$type<StreamKind>().notNull(),
    namespace: integer('namespace').notNull(),
    /** null: the stream of its session. */
    streamId: text('stream_id'),
    session: integer('session'),
    seq: integer('seq').notNull(),
    type: text('type').$type<EventType>().notNull(),
    task: integer('task').references(() => tasks.number),
    fence: integer('fence'),
    leaseEffect: text('lease_effect').$type<LeaseEffect>(),
    agent: text('agent'),
    instance: text('instance'),
    commandId: bytes('command_id'),
    at: integer('at').notNull(),
    hash: bytes('hash').notNull(),
    payload: text('payload').notNull(),
  },
  (t) => [
    foreignKey({
      name: 'event_log_session',
      columns: [t.namespace, t.session],
      foreignColumns: [sessions.namespace, sessions.number],
    }),
    check('event_log_stream', sql.raw(isOneOf('stream_kind', STREAM_KINDS))),
    check(
      'event_log_session_stream',
      sql.raw(
        `CASE stream_kind WHEN 'session' THEN session IS NOT NULL AND stream_id IS NULL ` +
          `ELSE stream_id IS NOT NULL END`,
      ),
    ),
    check(
      'event_log_lease_effect',
      sql.raw(`${isOneOf('lease_effect', LEASE_EFFECTS)} AND (lease_effect IS NULL OR fence IS NOT NULL)`),
    ),
    check('event_log_numbers', sql.raw(`seq ${SAFE} AND seq > 0 AND fence ${SAFE} AND at ${SAFE}`)),
    check('event_log_payload', sql`json_valid(payload)`),
    check('event_log_bytes', sql.raw(`length(hash) = ${HASH_BYTES} AND length(command_id) = ${UUID_BYTES}`)),
    uniqueIndex('event_log_seq')
      .on(t.namespace, t.session, t.seq)
      .where(sql`stream_kind = 'session'`),
    uniqueIndex('event_log_stream')
      .on(t.streamKind, t.namespace, t.streamId, t.seq)
      .where(sql`stream_id IS NOT NULL`),
    // One event grants a fence, one ends its lease, and one refuses its token, in the whole database.
    uniqueIndex('event_log_lease')
      .on(t.fence, t.leaseEffect)
      .where(sql`lease_effect IS NOT NULL`),
  ],
);

/** By command id, and so by time: a UUIDv7 begins with the time at which it was made. */
export const receipts = sqliteTable(
  'receipts',
  {
    namespace: integer('namespace')
      .notNull()
      .references(() => namespaces.id),
    commandId: bytes('command_id').notNull(),
    requestHash: bytes('request_hash').notNull(),
    at: integer('at').notNull(),
    reply: text('reply').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.namespace, t.commandId] }),
    check('receipts_bytes', sql.raw(`length(command_id) = ${UUID_BYTES} AND length(request_hash) = ${HASH_BYTES}`)),
    check('receipts_reply', sql`json_valid(reply)`),
    check('receipts_at', sql.raw(`at ${SAFE}`)),
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
