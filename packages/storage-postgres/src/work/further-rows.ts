import {
  compareCodePoints,
  namedByReceipt,
  type Loaded,
  type Receipt,
  type SessionKey,
} from '@agent-orchestrator/core';
import { sessionsOf, tasksOf, type SessionRow } from './loaded-rows.ts';
import { query, type StatementBatch } from '../server/statement-batch.ts';
import { SQL } from '../statements.ts';

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

/** Held sessions of all namespaces. */
export function readHeldPage(batch: StatementBatch, page: readonly SessionKey[], keep: Keep): void {
  const sessions: SessionRow[] = [];
  for (const [namespace, keys] of Map.groupBy(page, (key) => key.namespace)) {
    const ids = keys.map(({ sessionId }) => sessionId);
    batch.add(query(SQL.sessions, namespace, ids), (answer) => {
      sessions.push(...[...sessionsOf(answer).values()].toSorted(bySessionId));
      keep({ sessions });
    });
  }
}

function bySessionId(a: SessionRow, b: SessionRow): number {
  return compareCodePoints(a.session.id, b.session.id);
}
