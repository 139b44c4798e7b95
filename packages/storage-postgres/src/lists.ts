import type { SessionFilter, TaskFilter } from '@agent-orchestrator/core';
import { arrayOf, isList, type Cell, type Value } from './values.ts';
import type { Query } from './connection.ts';
import { SESSION_COLUMNS, selected, TASK_COLUMNS } from './rows.ts';
import { query } from './statement-batch.ts';

/*
 * The filtered lists. Their text depends only on which filters are set and on the limit, so that there are few of them
 * and each connection prepares each of them once.
 */

/** A condition up to its value, and the value. */
export type Condition = readonly [start: string, value: Value];

const SESSION = `SELECT ${selected(SESSION_COLUMNS, 's')} FROM orchestrator.sessions s`;
const TASK = `SELECT ${selected(TASK_COLUMNS, 't')} FROM orchestrator.tasks t`;

/** By id; one row more than asked, if there is one. */
export function listSessionsQuery({ namespace, status, agent, limit, after = '', before }: SessionFilter): Query {
  const where: Condition[] = [['s.namespace =', namespace], ...within('s.id', { after, before })];
  if (status !== undefined) where.push(['s.status = ANY', status]);
  if (agent !== undefined) where.push(['s.agent =', agent]);
  return listQuery(SESSION, where, { by: 's.id', before, limit });
}

/** By id; one row more than asked, if there is one. */
export function listTasksQuery({ namespace, sessionId, status, kind, limit, after = '', before }: TaskFilter): Query {
  const where: Condition[] = [['t.namespace =', namespace], ...within('t.id', { after, before })];
  // The condition of the index on the tasks of a session.
  if (sessionId !== undefined) where.push(['t.created_at >= 0 AND t.session_id =', sessionId]);
  if (status !== undefined) where.push(['t.status = ANY', status]);
  if (kind !== undefined) where.push(['t.kind =', kind]);
  return listQuery(TASK, where, { by: 't.id', before, limit });
}

/** The rows beyond the cursor, in the order of the list. */
export function within<Cursor extends Cell>(
  column: string,
  { after, before }: { readonly after: Cursor; readonly before: Cursor | null | undefined },
): Condition[] {
  if (before === undefined) return [[`${column} >`, after]];
  return before === null ? [] : [[`${column} <`, before]];
}

interface Order {
  readonly by: string;
  readonly before: string | null | undefined;
  readonly limit: number;
}

/** One row more than asked tells whether there is a next page. */
export function listQuery(from: string, where: readonly Condition[], { by, before, limit }: Order): Query {
  const parameters = where.map(([, value], at) => (isList(value) ? arrayOf(`$${at + 1}`) : `$${at + 1}`));
  const conditions = where.map(([start], at) => `${start} ${parameters[at]}`).join(' AND ');
  const order = before === undefined ? by : `${by} DESC`;
  const text = `${from} WHERE ${conditions} ORDER BY ${order} LIMIT ${limit + 1}`;
  return query(text, ...where.map(([, value]) => value));
}
