/**
 * The tables, stated once for both engines. The schemas in `../schemas/`, and so the migrations, are made from them;
 * statements take from here which columns a row has and how they are stored.
 *
 * A commit costs as much as the pages that it changes, so rows and indexes are small. What grows stands at the end of a
 * row, so that the columns before it are found without reading it.
 */
import {
  COLUMNS,
  NO_LEASE,
  SESSION_STATUS_NAMES,
  TASK_STATUS_NAMES,
  TASK_TEXT_NAMES,
  type Receipt,
  type Session,
  type Task,
  type TaskTextName,
} from '@agent-orchestrator/core';
import { ASIDE, EMPTY, ENDED, HANDED_OFF, HOLDS_KEY, READY, RETURNING, RUNNING, PENDING } from './conditions.ts';
import { agents } from './agent-table.ts';
import {
  big,
  column,
  counted,
  hash,
  inRange,
  integer,
  json,
  namespace,
  number,
  object,
  orNull,
  text,
  uuid,
} from './column-kinds.ts';
import { dependencies, dependencyEnds } from './dependency-tables.ts';
import { eventLog } from './event-log-table.ts';
import type { Column, ColumnsOf, Table } from './table.ts';

/** The columns of a session that hold the head of its queue. */
export const NEXT_COLUMNS = Object.values(COLUMNS.nextHead);

/** The columns of a lease; those of them that not every lease sets; and those that each does. */
const LEASE = (Object.keys(NO_LEASE) as (keyof typeof NO_LEASE)[]).map((field) => COLUMNS.session[field]);
const SOMETIMES_HELD = ['instance', 'host', 'boot', 'pid', 'process_start', 'process_group', 'progress'];
const HELD = LEASE.filter((name) => !SOMETIMES_HELD.includes(name));

const sessions = {
  columns: {
    number,
    namespace,
    id: text,
    status: text,
    agent: orNull(text),
    instance: orNull(text),
    host: orNull(text),
    boot: orNull(text),
    pid: orNull(integer),
    process_start: orNull(text),
    process_group: orNull(integer),
    fence: orNull(big),
    token_hash: orNull(hash),
    ttl_ms: orNull(integer),
    stale_after_ms: orNull(integer),
    lease_expires_at: orNull(big),
    heartbeat_at: orNull(big),
    stale_at: orNull(big),
    progress: orNull(json),
    task_id: orNull(text),
    renewals: integer,
    near_misses: integer,
    last_near_miss_at: orNull(big),
    context: orNull(object),
    tasks_open: integer,
    seq: integer,
    hash,
    next_task_id: orNull(text),
    next_priority: orNull(integer),
    next_queued_at: orNull(big),
    next_kind: orNull(text),
    next_for: orNull(text),
    version: counted,
    created_at: big,
    updated_at: big,
  } satisfies ColumnsOf<Session, typeof COLUMNS.session> & Readonly<Record<`next_${string}`, Column>>,
  key: ['namespace', 'id'],
  isWrittenOften: true,
  checks: {
    sessions_status: ({ oneOf }) => oneOf('status', SESSION_STATUS_NAMES),
    sessions_lease: ({ allSet, noneSet }) =>
      `CASE WHEN status = 'running' THEN ${allSet(HELD)} ELSE ${noneSet(LEASE)} END`,
    sessions_next: ({ allSet, noneSet }) =>
      `CASE WHEN next_task_id IS NULL THEN ${noneSet(NEXT_COLUMNS)} ELSE ${allSet(NEXT_COLUMNS)} END`,
    sessions_lease_numbers: inRange('fence', 'process_group', 'lease_expires_at', 'heartbeat_at', 'stale_at'),
    sessions_times: inRange('created_at', 'updated_at', 'last_near_miss_at'),
    sessions_counters: inRange('number', 'tasks_open', 'seq', 'version', 'renewals', 'near_misses'),
  },
  indexes: [
    // Differs: rows of other tables name a session by its number, and of their own namespace; it is for counting, too.
    { name: 'sessions_key', columns: ['namespace', 'number'], isUnique: true, only: 'sqlite' },
    // The heads that a claim chooses from, best first; by kind too, since a range of one B-tree cannot skip other
    // kinds.
    {
      name: 'sessions_ready',
      columns: ['namespace', 'next_for', 'next_priority', 'next_queued_at', 'next_task_id'],
      condition: READY,
      namedBy: 'next_priority >= 0',
    },
    {
      name: 'sessions_ready_of_kind',
      columns: ['namespace', 'next_for', 'next_kind', 'next_priority', 'next_queued_at', 'next_task_id'],
      condition: READY,
      namedBy: `next_kind > ''`,
    },
    // What is held, in the order in which it turns stale.
    {
      name: 'sessions_stale',
      columns: ['namespace', 'stale_at', 'id'],
      condition: `status = 'running'`,
      namedBy: 'stale_at >= 0',
    },
    // What an agent holds, and all that is held. Differs: one process of SQLite holds little, and walks over that; a
    // server serves many, and would walk over what vacuum has not yet taken away, too.
    {
      name: 'sessions_held',
      columns: ['namespace', 'agent', 'id'],
      condition: `status = 'running'`,
      namedBy: `agent > ''`,
      only: 'postgres',
    },
    // For counting only. Differs: SQLite counts all sessions by `sessions_key`, and takes away what is not closed.
    { name: 'sessions_closed', columns: ['namespace'], condition: `status = 'closed'`, only: 'postgres' },
    { name: 'sessions_empty', columns: ['namespace'], condition: EMPTY },
  ],
} as const satisfies Table;

const texts = Object.fromEntries(TASK_TEXT_NAMES.map((field) => [COLUMNS.task[field], orNull(text)])) as {
  readonly [Field in TaskTextName as (typeof COLUMNS.task)[Field]]: {
    readonly kind: 'text';
    readonly isNullable: true;
  };
};

const tasks = {
  columns: {
    number,
    namespace,
    id: text,
    session_id: column('session'),
    status: text,
    kind: text,
    title: text,
    priority: integer,
    dedupe_key: orNull(text),
    run_at: orNull(big),
    delayed_at: orNull(big),
    queued_at: big,
    attempt: integer,
    attempts_max: integer,
    interruptions: integer,
    interruptions_max: integer,
    backoff_ms: integer,
    assignee: orNull(text),
    role: orNull(text),
    ...texts,
    note: orNull(text),
    cancel_requested_at: orNull(big),
    created_at: big,
    started_at: orNull(big),
    finished_at: orNull(big),
    handed_off_by: orNull(text),
    handed_off_at: orNull(big),
    return_at: orNull(big),
    returned_from: orNull(text),
    version: counted,
    dedupe_while: orNull(text),
    asked_at: orNull(big),
    asked_by: orNull(text),
    asked_agent: orNull(text),
    asked_role: orNull(text),
    answered_by: orNull(text),
    open_dependencies: orNull(integer),
    on_dependency_failure: orNull(text),
    parent_id: orNull(text),
    payload: json,
    result: orNull(json),
    error: orNull(json),
    question: orNull(text),
    answer: orNull(text),
    review: orNull(object),
    review_of: orNull(object),
  } satisfies ColumnsOf<Task, typeof COLUMNS.task>,
  key: ['namespace', 'id'],
  isWrittenOften: true,
  checks: {
    tasks_status: ({ oneOf }) => oneOf('status', TASK_STATUS_NAMES),
    tasks_scheduled: `status <> 'scheduled' OR run_at IS NOT NULL`,
    tasks_addressee: 'assignee IS NULL OR role IS NULL',
    tasks_hand_off: `CASE WHEN handed_off_at IS NULL
      THEN handed_off_by IS NULL AND return_at IS NULL AND returned_from IS NULL
      ELSE handed_off_by IS NOT NULL AND status = 'queued' AND (assignee IS NOT NULL OR role IS NOT NULL)
        AND (return_at IS NULL OR returned_from IS NULL) END`,
    tasks_hand_off_times: inRange('handed_off_at', 'return_at'),
    tasks_dedupe_while: `dedupe_while IS NULL OR (dedupe_while = 'open' AND dedupe_key IS NOT NULL)`,
    // No question is lost: a task waits for its answer, or for other tasks.
    tasks_question:
      `(status <> 'waiting' OR coalesce(open_dependencies, 0) > 0 ` +
      'OR (question IS NOT NULL AND asked_at IS NOT NULL AND answer IS NULL)) ' +
      'AND (asked_agent IS NULL OR asked_role IS NULL)',
    tasks_asked_at: inRange('asked_at'),
    tasks_in_review: `status <> 'in_review' OR review IS NOT NULL`,
    tasks_counters: inRange('attempt', 'interruptions', 'version', 'open_dependencies'),
    tasks_times: inRange('queued_at', 'run_at', 'delayed_at', 'started_at', 'finished_at', 'cancel_requested_at'),
    // What is granted has no open dependency.
    tasks_dependencies:
      `CASE WHEN status = 'blocked' THEN open_dependencies > 0 ` +
      `WHEN status IN ('waiting', 'cancelled') THEN open_dependencies >= 0 ` +
      `ELSE coalesce(open_dependencies, 0) = 0 END`,
    tasks_fixed: inRange('number', 'priority', 'attempts_max', 'interruptions_max', 'backoff_ms', 'created_at'),
  },
  indexes: [
    {
      name: 'tasks_dedupe_key',
      columns: ['namespace', 'dedupe_key'],
      isUnique: true,
      condition: HOLDS_KEY,
    },
    { name: 'tasks_running', columns: ['namespace', 'session_id'], isUnique: true, condition: RUNNING },
    { name: 'tasks_of_session', columns: ['namespace', 'session_id', 'id'], namedBy: 'created_at >= 0' },
    // A session's queue; its first entry is the head.
    {
      name: 'tasks_queued',
      columns: ['namespace', 'session_id', 'priority', 'queued_at', 'id'],
      condition: `status = 'queued'`,
      namedBy: 'priority >= 0',
    },
    {
      name: 'tasks_due',
      columns: ['namespace', 'run_at'],
      condition: `status = 'scheduled'`,
      namedBy: 'run_at >= 0',
    },
    {
      name: 'tasks_due_in_session',
      columns: ['namespace', 'session_id', 'run_at'],
      condition: `status = 'scheduled'`,
      namedBy: `session_id > ''`,
    },
    // The open questions, the oldest first.
    {
      name: 'tasks_waiting',
      columns: ['namespace', 'asked_at', 'id'],
      condition: `status = 'waiting'`,
      namedBy: 'asked_at >= 0',
    },
    // The delays that began last. Only a clock jump asks for them: those that began after now, in all namespaces.
    {
      name: 'tasks_delayed',
      columns: ['delayed_at'],
      condition: `status = 'scheduled' AND delayed_at IS NOT NULL`,
      namedBy: 'delayed_at >= 0',
    },
    // What closing a session has to cancel, in pages. Differs: SQLite sorts what it finds in the others.
    {
      name: 'tasks_pending',
      columns: ['namespace', 'session_id', 'id'],
      condition: PENDING,
      namedBy: `id > ''`,
      only: 'postgres',
    },
    {
      name: 'tasks_of_parent',
      columns: ['namespace', 'parent_id', 'id'],
      condition: 'parent_id IS NOT NULL',
      namedBy: `parent_id > ''`,
    },
    // What waits for its receiver, or came back from there; and what is to come back, the first first.
    { name: 'tasks_handed_off', columns: ['namespace', 'id'], condition: HANDED_OFF },
    { name: 'tasks_returning', columns: ['namespace', 'return_at', 'id'], condition: RETURNING },
    // What waits for something else than an agent: closing its session cancels it.
    {
      name: 'tasks_aside',
      columns: ['namespace', 'session_id', 'id'],
      condition: ASIDE,
      only: 'sqlite',
    },
    // Differs: Postgres finds those of a session in the index above, and counts these by status.
    { name: 'tasks_aside', columns: ['namespace', 'status', 'id'], condition: ASIDE, only: 'postgres' },
    // Lists and counts of ended tasks, without reading the others.
    { name: 'tasks_ended', columns: ['namespace', 'status', 'id'], condition: ENDED },
  ],
} as const satisfies Table;

const receipts = {
  columns: { namespace, command_id: uuid, request_hash: hash, at: big, reply: json } satisfies ColumnsOf<
    Receipt,
    typeof COLUMNS.receipt
  >,
  /** So by time: a UUIDv7 begins with the time at which it was made. */
  key: ['namespace', 'command_id'],
  checks: { receipts_at: inRange('at') },
  indexes: [
    // Differs: SQLite looks for what is over in each namespace, by the time in the command id.
    { name: 'receipts_over', columns: ['at'], only: 'postgres' },
  ],
} as const satisfies Table;

/**
 * Values of the database, not of a namespace. `clock`: the last clock readings; `state`: the store state unless it is
 * open. SQLite: `last_event_id`, the id after which the log of a filled store continues. Postgres: `schema`, how many
 * migrations were applied.
 */
const meta = {
  columns: { key: text, value: json },
  key: ['key'],
  checks: {},
  indexes: [],
} as const satisfies Table;

export const TABLES = {
  sessions,
  tasks,
  agents,
  dependencies,
  dependency_ends: dependencyEnds,
  event_log: eventLog,
  receipts,
  meta,
} as const;
