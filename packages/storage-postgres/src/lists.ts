import type { SessionFilter, TaskFilter } from '@agent-orchestrator/core';
import type { Query, Value } from './connection.ts';
import { SESSION_COLUMNS, selected, TASK_COLUMNS } from './rows.ts';
import { query } from './statement-batch.ts';

/*
 * The filtered lists. Their text depends only on which filters are set and on the limit, so that there are few of them
 * and each connection prepares each of them once.
 */

/** A condition up to its value, the value, and what follows it. */
export type Condition = readonly [start: string, value: Value, end?: string];

const SESSION = `SELECT ${selected(SESSION_COLUMNS, 's')} FROM orchestrator.sessions s`;
const TASK = `SELECT ${selected(TASK_COLUMNS, 't')} FROM orchestrator.tasks t`;

/** By id; one row more than asked, if there is one. */
export function listSessionsQuery({ namespace, status, agent, limit, after = '', before }: SessionFilter): Query {
  const where: Condition[] = [['s.namespace =', namespace], ...within('s.id', { after, before })];
  if (status !== undefined) where.push(oneOf('s.status', status));
  if (agent !== undefined) where.push(['s.agent =', agent]);
  return listQuery(SESSION, where, { by: 's.id', before, limit });
}

/** By id; one row more than asked, if there is one. */
export function listTasksQuery({ namespace, sessionId, status, kind, limit, after = '', before }: TaskFilter): Query {
  const where: Condition[] = [['t.namespace =', namespace], ...within('t.id', { after, before })];
  // The condition of the index on the tasks of a session.
  if (sessionId !== undefined) where.push(['t.created_at >= 0 AND t.session_id =', sessionId]);
  if (status !== undefined) where.push(oneOf('t.status', status));
  if (kind !== undefined) where.push(['t.kind =', kind]);
  return listQuery(TASK, where, { by: 't.id', before, limit });
}

/** That a column has one of some words, none of which holds a comma. */
export function oneOf(column: string, words: readonly string[]): Condition {
  return [`${column} = ANY (string_to_array(`, words.join(','), `, ','))`];
}

/** The rows beyond the cursor, in the order of the list. */
export function within<Cursor extends Value>(
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
  const conditions = where.map(([start, , end = ''], at) => `${start} $${at + 1}${end}`).join(' AND ');
  const order = before === undefined ? by : `${by} DESC`;
  const text = `${from} WHERE ${conditions} ORDER BY ${order} LIMIT ${limit + 1}`;
  return query(text, ...where.map(([, value]) => value));
}
