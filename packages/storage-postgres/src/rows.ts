import type { Event, Receipt, Session, Task } from '@agent-orchestrator/core';
import type { eventLog, receipts, sessions, tasks } from './schema.ts';

/*
 * Rows come back as arrays in the order of the columns below, several side by side in one row where a statement joins them
 * (a session with its tasks), and become what the API calls a Session, Task or Event by `rowAt`. The types below hold the
 * names, and the rows, against the schema.
 */

type ColumnsOf<Table extends { _: { columns: object } }, Row> = {
  readonly [Field in keyof Row]: Field extends keyof Table['_']['columns']
    ? Table['_']['columns'][Field] extends { _: { name: infer Name } }
      ? Name
      : never
    : never;
};

export const SESSION_COLUMNS = {
  namespace: 'namespace',
  id: 'id',
  status: 'status',
  agent: 'agent',
  instance: 'instance',
  host: 'host',
  boot: 'boot',
  pid: 'pid',
  processStart: 'process_start',
  token: 'token',
  ttlMs: 'ttl_ms',
  staleAfterMs: 'stale_after_ms',
  leaseExpiresAt: 'lease_expires_at',
  heartbeatAt: 'heartbeat_at',
  staleAt: 'stale_at',
  progress: 'progress',
  taskId: 'task_id',
  renewals: 'renewals',
  nearMisses: 'near_misses',
  lastNearMissAt: 'last_near_miss_at',
  context: 'context',
  tasksOpen: 'tasks_open',
  seq: 'seq',
  hash: 'hash',
  version: 'version',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
} as const satisfies ColumnsOf<typeof sessions, Session>;

export const TASK_COLUMNS = {
  namespace: 'namespace',
  id: 'id',
  sessionId: 'session_id',
  kind: 'kind',
  title: 'title',
  payload: 'payload',
  priority: 'priority',
  status: 'status',
  dedupeKey: 'dedupe_key',
  runAt: 'run_at',
  queuedAt: 'queued_at',
  attempt: 'attempt',
  attemptsMax: 'attempts_max',
  interruptions: 'interruptions',
  interruptionsMax: 'interruptions_max',
  backoffMs: 'backoff_ms',
  assignee: 'assignee',
  role: 'role',
  author: 'author',
  reviewer: 'reviewer',
  source: 'source',
  note: 'note',
  cancelRequestedAt: 'cancel_requested_at',
  result: 'result',
  error: 'error',
  createdAt: 'created_at',
  startedAt: 'started_at',
  finishedAt: 'finished_at',
  version: 'version',
} as const satisfies ColumnsOf<typeof tasks, Task>;

export const EVENT_COLUMNS = {
  id: 'id',
  namespace: 'namespace',
  sessionId: 'session_id',
  seq: 'seq',
  type: 'type',
  leaseMark: 'lease_mark',
  taskId: 'task_id',
  agent: 'agent',
  instance: 'instance',
  token: 'token',
  commandId: 'command_id',
  payload: 'payload',
  at: 'at',
  prevHash: 'prev_hash',
  hash: 'hash',
} as const satisfies ColumnsOf<typeof eventLog, Event>;

export const RECEIPT_COLUMNS = {
  namespace: 'namespace',
  commandId: 'command_id',
  requestHash: 'request_hash',
  reply: 'reply',
  at: 'at',
} as const satisfies ColumnsOf<typeof receipts, Receipt>;

type Kinds = { readonly PgInteger: 'integer'; readonly PgBigInt53: 'bigint' };
type NumbersOf<Table extends { _: { columns: object } }> = {
  readonly [
    Field in keyof Table['_']['columns'] as Table['_']['columns'][Field] extends {
      _: { name: infer Name; columnType: keyof Kinds };
    }
      ? Name & string
      : never
  ]: Table['_']['columns'][Field] extends { _: { columnType: infer Kind extends keyof Kinds } } ? Kinds[Kind] : never;
};

/** The types of the columns that are not text; but for the id of an event, which nobody but the database gives. */
export const NUMBERS = {
  pid: 'integer',
  token: 'bigint',
  ttl_ms: 'integer',
  stale_after_ms: 'integer',
  lease_expires_at: 'bigint',
  heartbeat_at: 'bigint',
  stale_at: 'bigint',
  renewals: 'integer',
  near_misses: 'integer',
  last_near_miss_at: 'bigint',
  tasks_open: 'integer',
  seq: 'integer',
  next_priority: 'integer',
  next_queued_at: 'bigint',
  version: 'integer',
  created_at: 'bigint',
  updated_at: 'bigint',
  priority: 'integer',
  run_at: 'bigint',
  queued_at: 'bigint',
  attempt: 'integer',
  attempts_max: 'integer',
  interruptions: 'integer',
  interruptions_max: 'integer',
  backoff_ms: 'integer',
  cancel_requested_at: 'bigint',
  started_at: 'bigint',
  finished_at: 'bigint',
  lease_mark: 'integer',
  at: 'bigint',
} as const satisfies NumbersOf<typeof sessions> &
  NumbersOf<typeof tasks> &
  Omit<NumbersOf<typeof eventLog>, 'id'> &
  NumbersOf<typeof receipts>;

/** What follows SELECT. */
export function selected(columns: Readonly<Record<string, string>>, table: string): string {
  return Object.values(columns)
    .map((column) => `${table}.${column}`)
    .join(', ');
}

/** The row whose columns begin at `start`. */
export function rowAt<Row>(fields: readonly (keyof Row)[], values: readonly unknown[], start = 0): Row {
  const row: Partial<Record<keyof Row, unknown>> = {};
  for (const [index, field] of fields.entries()) row[field] = values[start + index];
  return row as Row;
}

/** The fields of a row in the order of its columns. */
export function fieldsOf<Row>(columns: Readonly<Record<keyof Row & string, string>>): readonly (keyof Row & string)[] {
  return Object.keys(columns) as (keyof Row & string)[];
}
