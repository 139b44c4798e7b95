import { COLUMNS, type Event, type Receipt, type Session, type Task } from '@agent-orchestrator/core';
import type { eventLog, receipts, sessions, tasks } from './schema.ts';

/*
 * Rows come back as arrays in the order of the columns below, several side by side in one row where a statement joins
 * them (a session with its tasks), and become what the API calls a Session, Task or Event by `rowAt`. The type below
 * checks core's names, and the rows, against the schema.
 */

type ColumnsOf<Table extends { _: { columns: object } }, Row> = {
  readonly [Field in keyof Row]: Field extends keyof Table['_']['columns']
    ? Table['_']['columns'][Field] extends { _: { name: infer Name } }
      ? Name
      : never
    : never;
};

export const SESSION_COLUMNS = COLUMNS.session satisfies ColumnsOf<typeof sessions, Session>;
export const TASK_COLUMNS = COLUMNS.task satisfies ColumnsOf<typeof tasks, Task>;
export const EVENT_COLUMNS = COLUMNS.event satisfies ColumnsOf<typeof eventLog, Event>;
export const RECEIPT_COLUMNS = COLUMNS.receipt satisfies ColumnsOf<typeof receipts, Receipt>;

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

/** The types of the columns that are not text; but for the id of an event, which only the database gives. */
export const NUMBERS = {
  pid: 'integer',
  process_group: 'integer',
  number: 'bigint',
  fence: 'bigint',
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
