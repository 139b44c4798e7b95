import {
  decodeClockState,
  type Agent,
  type Clock,
  type ClockReading,
  type ClockState,
  type DependencyEnd,
  type LoadedEnd,
  type LoadedSession,
  type Receipt,
  type RelatedTask,
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
  /** Whether other tasks depend on the one that runs. */
  readonly isDependedOn: boolean;
  /** Whether the head has sub-tasks. */
  readonly hasSubtasks: boolean;
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
  isAnyToTell: boolean,
  oldestReceiptAt: number | null,
  receipts: readonly (readonly unknown[])[] | null,
  agents: readonly (readonly unknown[])[] | null,
];
/** How many columns that are. */
export const DATABASE_COLUMNS = 12;

const TASK_AT = FIELDS.session.length;
const DUE_AT = TASK_AT + FIELDS.task.length;
/** Of a task that runs: whether others depend on it. Of a head: whether it has sub-tasks. */
const IS_RELATED_AT = DUE_AT + 1;

/** The sessions whose columns begin at `start`, by id. One comes in two rows if a task of it runs while others wait. */
export function sessionsOf(answer: Answer, start = 0): Map<string, SessionRow> {
  const sessions = new Map<string, SessionRow>();
  for (const row of answer) {
    // An outer join finds nothing where there is nothing: all its columns are null.
    if (row[start] === null) continue;
    const session = rowAt<Session>(FIELDS.session, row, start);
    const one = row[start + TASK_AT] === null ? null : rowAt<Task>(FIELDS.task, row, start + TASK_AT);
    const { task = null, head = null, isDependedOn = false, hasSubtasks = false } = sessions.get(session.id) ?? {};
    const isRelated = row[start + IS_RELATED_AT] === true;
    const runs = one?.id === session.taskId;
    sessions.set(session.id, {
      session,
      task: runs ? one : task,
      head: runs ? head : one,
      dueAt: row[start + DUE_AT] as number | null,
      isDependedOn: runs ? isRelated : isDependedOn,
      hasSubtasks: runs ? hasSubtasks : isRelated,
    });
  }
  return sessions;
}

export function tasksOf(answer: Answer): Task[] {
  return answer.map((row) => rowAt<Task>(FIELDS.task, row));
}

/** Of tasks that were read with a last column that says so: those on which others depend. */
export function dependedOnIn(answer: Answer): string[] {
  return answer.flatMap((row) => (row[FIELDS.task.length] === true ? rowAt<Task>(FIELDS.task, row).id : []));
}

export function relatedTasksOf(answer: Answer): RelatedTask[] {
  return answer.map((row) => rowAt<RelatedTask>(['id', 'number', 'sessionId', 'status', 'review'], row));
}

/** An end with whether the dependency is open. */
export function dependencyEndsOf(answer: Answer): LoadedEnd[] {
  const openAt = FIELDS.dependencyEnd.length;
  return answer.map((row) => ({
    ...rowAt<DependencyEnd>(FIELDS.dependencyEnd, row),
    isOpen: row[openAt] === true,
  }));
}

/** A server tells its wall clock alone; of a test's clock no more is taken. */
export function databaseOf(row: DatabaseRow, clock: Clock | null): Database {
  const [now, micros, clockText, schema, , greatestFence, , , , oldestReceiptAt] = row;
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

export function agentsOf(rows: DatabaseRow[11]): Agent[] {
  return (rows ?? []).map((row) => rowAt<Agent>(FIELDS.agent, row));
}

/** By the command's id. */
export function receiptsOf(rows: DatabaseRow[10]): Map<string, Receipt> {
  const receipts = (rows ?? []).map((row) => rowAt<Receipt>(FIELDS.receipt, row));
  return new Map(receipts.map((receipt) => [receipt.commandId, receipt]));
}
