import { COLUMNS, type Event, type Receipt, type Session, type Task } from '@agent-orchestrator/core';
import type { eventLog, receipts, sessions, tasks } from './schema.ts';

/*
 * Rows come back from SQLite under the names of the API (`session_id AS "sessionId"`), so a row is a Session, Task or
 * Event without decoding. The type below checks core's names, and the rows, against the schema.
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

/** What follows SELECT or RETURNING. */
export function selected(columns: Readonly<Record<string, string>>): string {
  return Object.entries(columns)
    .map(([field, column]) => (field === column ? column : `${column} AS "${field}"`))
    .join(', ');
}

/** The head of a session's queue as its row keeps it for the claim's index. */
export interface QueueHeadColumns {
  readonly id: string;
  readonly priority: number;
  readonly queuedAt: number;
  readonly kind: string;
  readonly assignee: string | null;
  readonly role: string | null;
}

/** The place of a ready session among the others, and its row. */
export type ReadyKey = readonly [rowid: number, priority: number, queuedAt: number, taskId: string];
