import {
  compareCodePoints,
  compareReturns,
  namedByReceipt,
  type Loaded,
  type Receipt,
  type SessionKey,
  type Task,
} from '@agent-orchestrator/core';
import { unique } from '@agent-orchestrator/storage-sql';
import type { Answer } from '../connection.ts';
import { dependedOnIn, dependencyEndsOf, sessionsOf, tasksOf, type SessionRow } from './loaded-rows.ts';
import { query, type StatementBatch } from '../server/statement-batch.ts';
import { SQL } from '../statements.ts';
import type { Value } from '../server/values.ts';

/*
 * Rows that only the first answers show to be needed. They are handed on when they are there.
 */

/** Takes rows when they are there. */
export type Keep = (rows: FurtherRows) => void;

export interface FurtherRows extends Partial<Pick<Loaded, 'tasks' | 'receipt' | 'dependedOn' | 'dependencyEnds'>> {
  readonly sessions?: readonly SessionRow[];
}

/** What a receipt names. */
export function readNamedByReceipt(batch: StatementBatch, receipt: Receipt, keep: Keep): void {
  const named = namedByReceipt(receipt);
  let sessions = new Map<string, SessionRow>();
  batch.add(query(SQL.sessions, receipt.namespace, named.sessions), (answer) => {
    sessions = sessionsOf(answer);
  });
  batch.add(query(SQL.tasks, receipt.namespace, named.tasks), (answer) => {
    const tasks = tasksOf(answer);
    keep({
      receipt,
      sessions: named.sessions.flatMap((id) => sessions.get(id) ?? []),
      tasks: named.tasks.flatMap((id) => tasks.find((task) => task.id === id) ?? []),
    });
  });
}

/** Sessions of all namespaces. */
export function readSessions(batch: StatementBatch, page: readonly SessionKey[], keep: Keep): void {
  const sessions: SessionRow[] = [];
  for (const [namespace, ids] of idsByNamespace(page)) {
    batch.add(query(SQL.sessions, namespace, ids), (answer) => {
      sessions.push(...[...sessionsOf(answer).values()].toSorted(bySessionId));
      keep({ sessions });
    });
  }
}

/** Sessions of all namespaces, and the tasks in them whose delay, or hand-off for a time, began after a time. */
export function readDelayed(
  batch: StatementBatch,
  page: readonly SessionKey[],
  { limit, time, keep }: { readonly limit: number; readonly time: Value; readonly keep: Keep },
): void {
  const delayed: Task[] = [];
  const returning: Task[] = [];
  let sessions: readonly SessionRow[] = [];
  const keepAll = () => keep({ sessions, tasks: [...delayed.slice(0, limit), ...returning.slice(0, limit)] });
  readSessions(batch, page, (rows) => {
    sessions = rows.sessions ?? [];
    keepAll();
  });
  for (const [namespace, ids] of idsByNamespace(page)) {
    batch.add(query(SQL.delayed(limit), namespace, ids, time), (answer) => {
      delayed.push(...tasksOf(answer));
      keepAll();
    });
    batch.add(query(SQL.delayedReturns(limit), namespace, ids, time), (answer) => {
      returning.push(...tasksOf(answer));
      keepAll();
    });
  }
}

/** A task that is due to go back to its sender, and its session. */
export interface DueKey {
  readonly taskId: string;
  readonly sessionId: string;
}

/** The answer of `SQL.lockDue`. */
export function dueKeysOf(answer: Answer): readonly DueKey[] {
  return answer.map(([taskId, sessionId]) => ({ taskId: taskId as string, sessionId: sessionId as string }));
}

/** These tasks, in their order, and their sessions. */
export function readDue(batch: StatementBatch, namespace: string, due: readonly DueKey[], keep: Keep): void {
  keep({});
  if (due.length === 0) return;
  let sessions: readonly SessionRow[] = [];
  let found: FurtherRows = {};
  batch.add(query(SQL.sessions, namespace, unique(due.map(({ sessionId }) => sessionId))), (answer) => {
    sessions = [...sessionsOf(answer).values()];
  });
  const ids = due.map(({ taskId }) => taskId);
  batch.add(query(SQL.tasks, namespace, ids), (answer) => {
    const tasks = tasksOf(answer).toSorted(compareReturns);
    found = { sessions, tasks, dependedOn: dependedOnIn(answer) };
  });
  batch.add(query(SQL.dependencyEnds, namespace, ids), (answer) => {
    keep({ ...found, dependencyEnds: dependencyEndsOf(answer) });
  });
}

function idsByNamespace(page: readonly SessionKey[]): [namespace: string, ids: readonly string[]][] {
  return [...Map.groupBy(page, ({ namespace }) => namespace)].map(([namespace, keys]) => [
    namespace,
    keys.map(({ sessionId }) => sessionId),
  ]);
}

function bySessionId(a: SessionRow, b: SessionRow): number {
  return compareCodePoints(a.session.id, b.session.id);
}
