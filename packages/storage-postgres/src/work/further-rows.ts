import {
  compareCodePoints,
  namedByReceipt,
  type Loaded,
  type Receipt,
  type SessionKey,
  type Task,
} from '@agent-orchestrator/core';
import { sessionsOf, tasksOf, type SessionRow } from './loaded-rows.ts';
import { query, type StatementBatch } from '../server/statement-batch.ts';
import { SQL } from '../statements.ts';
import type { Value } from '../server/values.ts';

/*
 * Rows that only the first answers show to be needed. They are handed on when they are there.
 */

type Keep = (rows: Partial<Pick<Loaded, 'sessions' | 'tasks' | 'receipt'>>) => void;

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

/** Sessions of all namespaces, and the tasks in them whose delay began after a time. */
export function readDelayed(
  batch: StatementBatch,
  page: readonly SessionKey[],
  { limit, time, keep }: { readonly limit: number; readonly time: Value; readonly keep: Keep },
): void {
  const tasks: Task[] = [];
  let sessions: Loaded['sessions'] = [];
  const keepAll = () => keep({ sessions, tasks: tasks.slice(0, limit) });
  readSessions(batch, page, (rows) => {
    sessions = rows.sessions ?? [];
    keepAll();
  });
  for (const [namespace, ids] of idsByNamespace(page))
    batch.add(query(SQL.delayed(limit), namespace, ids, time), (answer) => {
      tasks.push(...tasksOf(answer));
      keepAll();
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
