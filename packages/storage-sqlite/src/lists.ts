import { isEnded, type SessionFilter, type TaskFilter } from '@agent-orchestrator/core';
import { ENDED, RUNNING } from './conditions.ts';
import { KEY_OF_NAMESPACE, NUMBER_OF_SESSION, SESSION_PLACES, selected, TASK_PLACES } from './rows.ts';

/** A query whose text depends only on which filters are set, so that there are few of them. */
export interface ListQuery {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** A condition and the values of its question marks. */
export type Part = readonly [condition: string, ...values: unknown[]];

const SESSION = selected(SESSION_PLACES);
const TASK = selected(TASK_PLACES);

/** By id; one row more than asked, if there is one. */
export function listSessionsQuery({ namespace, status, agent, limit, after, before }: SessionFilter): ListQuery {
  const held = isOnly(status, 'running');
  return list({
    from: `${SESSION} FROM sessions INDEXED BY ${held ? 'sessions_stale' : 'sessions_id'}`,
    where: [
      [`namespace = ${KEY_OF_NAMESPACE}`, namespace],
      ...within('id', { after: after ?? '', before }),
      ...oneOf(status),
      // The condition of the index, word for word.
      ...(held ? [[`status = 'running'`] as const] : []),
      ...(agent === undefined ? [] : [['agent = +?', agent] as const]),
    ],
    order: orderBy('id', before),
    limit,
  });
}

/** By id; one row more than asked, if there is one. */
export function listTasksQuery({ namespace, sessionId, status, kind, limit, after, before }: TaskFilter): ListQuery {
  const [index, its] = sessionId === undefined ? indexOf(status) : ['tasks_of_session', []];
  return list({
    from: `${TASK} FROM tasks INDEXED BY ${index}`,
    where: [
      [`namespace = ${KEY_OF_NAMESPACE}`, namespace],
      ...(sessionId === undefined ? [] : [[`session = ${NUMBER_OF_SESSION}`, namespace, sessionId] as const]),
      ...within('id', { after: after ?? '', before }),
      ...oneOf(status),
      ...its,
      ...(kind === undefined ? [] : [['kind = +?', kind] as const]),
    ],
    order: orderBy('id', before),
    limit,
  });
}

/** Where tasks of these statuses are found without walking over others, and what the query has to say for it. */
function indexOf(status: TaskFilter['status']): readonly [index: string, conditions: readonly Part[]] {
  if (isOnly(status, 'running')) return ['tasks_running', [[RUNNING]]];
  const [only] = status ?? [];
  return only !== undefined && isOnly(status, only) && isEnded(only)
    ? ['tasks_ended', [['status = +?', only], [ENDED]]]
    : ['tasks_id', []];
}

function isOnly<Status>(status: readonly Status[] | undefined, only: Status): boolean {
  return status?.length === 1 && status[0] === only;
}

function oneOf(status: readonly string[] | undefined): readonly Part[] {
  return status === undefined ? [] : [['+status IN (SELECT value FROM json_each(+?))', JSON.stringify(status)]];
}

/** The rows beyond the cursor, in the order of the list; with neither, all. */
export function within<Cursor>(
  column: string,
  { after, before }: { readonly after: Cursor; readonly before: Cursor | null | undefined },
): readonly Part[] {
  if (before === undefined) return [[`${column} > +?`, after]];
  return before === null ? [] : [[`${column} < +?`, before]];
}

export function orderBy(column: string, before: string | null | undefined): string {
  return before === undefined ? column : `${column} DESC`;
}

interface List {
  readonly from: string;
  readonly where: readonly Part[];
  readonly order: string;
  readonly limit: number;
}

/** One row more than asked tells whether there is a next page. */
export function list({ from, where, order, limit }: List): ListQuery {
  return {
    sql: `SELECT ${from} WHERE ${where.map(([condition]) => condition).join(' AND ')} ORDER BY ${order} LIMIT +?`,
    values: [...where.flatMap(([, ...values]) => values), limit + 1],
  };
}
