import {
  decodeClockState,
  type Agent,
  type Clock,
  type ClockReading,
  type ClockState,
  type LoadedSession,
  type Receipt,
  type Session,
  type Task,
} from '@agent-orchestrator/core';
import { FIELDS } from '@agent-orchestrator/storage-sql';
import type { Answer } from '../connection.ts';
import { rowAt } from '../rows.ts';

/** What belongs to the whole database. */
export interface Database {
  readonly now: number;
  /** The same in microseconds, where it is the server's time. */
  readonly micros: number;
  readonly reading: ClockReading;
  readonly clock: ClockState;
  /** The clock's state as it is stored: what a change of it has to begin with. */
  readonly clockText: string;
  readonly schemaVersion: number;
  readonly greatestFence: number;
  /** null: there is none. */
  readonly oldestReceiptAt: number | null;
}

/** A session as it was loaded, and when its next task is due. */
export interface SessionRow extends LoadedSession {
  readonly dueAt: number | null;
}

/** What comes before the session in each row of `SQL.read`. */
export type DatabaseRow = readonly [
  now: number,
  micros: number,
  clock: string,
  schema: string,
  state: string | null,
  greatestFence: number | null,
  dueAt: number | null,
  returnAt: number | null,
  oldestReceiptAt: number | null,
  receipts: readonly (readonly unknown[])[] | null,
  agents: readonly (readonly unknown[])[] | null,
];
/** How many columns that are. */
export const DATABASE_COLUMNS = 11;

const TASK_AT = FIELDS.session.length;
const DUE_AT = TASK_AT + FIELDS.task.length;

/** The sessions whose columns begin at `start`, by id. One comes in two rows if a task of it runs while others wait. */
export function sessionsOf(answer: Answer, start = 0): Map<string, SessionRow> {
  const sessions = new Map<string, SessionRow>();
  for (const row of answer) {
    // An outer join finds nothing where there is nothing: all its columns are null.
    if (row[start] === null) continue;
    const session = rowAt<Session>(FIELDS.session, row, start);
    const one = row[start + TASK_AT] === null ? null : rowAt<Task>(FIELDS.task, row, start + TASK_AT);
    const { task = null, head = null } = sessions.get(session.id) ?? {};
    const runs = one?.id === session.taskId;
    sessions.set(session.id, {
      session,
      task: runs ? one : task,
      head: runs ? head : one,
      dueAt: row[start + DUE_AT] as number | null,
    });
  }
  return sessions;
}

export function tasksOf(answer: Answer): Task[] {
  return answer.map((row) => rowAt<Task>(FIELDS.task, row));
}

/** A server tells its wall clock alone; of a test's clock no more is taken. */
export function databaseOf(row: DatabaseRow, clock: Clock | null): Database {
  const [now, micros, clockText, schema, , greatestFence, , , oldestReceiptAt] = row;
  const wall = clock?.read().wall ?? now;
  return {
    now,
    micros: clock === null ? micros : 0,
    reading: { wall, steady: wall, uptime: wall, boot: null },
    clock: decodeClockState(clockText),
    clockText,
    schemaVersion: Number(schema),
    greatestFence: greatestFence ?? 0,
    oldestReceiptAt,
  };
}

export function agentsOf(rows: DatabaseRow[10]): Agent[] {
  return (rows ?? []).map((row) => rowAt<Agent>(FIELDS.agent, row));
}

/** By the command's id. */
export function receiptsOf(rows: DatabaseRow[9]): Map<string, Receipt> {
  const receipts = (rows ?? []).map((row) => rowAt<Receipt>(FIELDS.receipt, row));
  return new Map(receipts.map((receipt) => [receipt.commandId, receipt]));
}
