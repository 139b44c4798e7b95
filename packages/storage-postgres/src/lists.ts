import type { SessionFilter, TaskFilter } from '@agent-orchestrator/core';
import { and, asc, eq, gt, gte, inArray, type SQL } from 'drizzle-orm';
import { QueryBuilder } from 'drizzle-orm/pg-core';
import type { Query, Value } from './connection.ts';
import { FIELDS } from './statements.ts';
import { sessions, tasks } from './schema.ts';

/*
 * The filtered lists: many combinations, none of them hot. This module is imported when a list is first asked for,
 * since loading drizzle takes as long as a thousand claims. Differs: drizzle only writes the text here; it would change
 * the driver's client that runs it.
 */

const build = new QueryBuilder();

/** One row more than asked, if there is one. */
export function listSessions({ namespace, status, agent, limit, after = '' }: SessionFilter): Query {
  const where: (SQL | undefined)[] = [
    eq(sessions.namespace, namespace),
    gt(sessions.id, after),
    status && inArray(sessions.status, [...status]),
    agent === undefined ? undefined : eq(sessions.agent, agent),
  ];
  return asQuery(
    build
      .select(picked(sessions, FIELDS.session))
      .from(sessions)
      .where(and(...where))
      .orderBy(asc(sessions.id))
      .limit(limit + 1)
      .toSQL(),
  );
}

/** One row more than asked, if there is one. */
export function listTasks({ namespace, sessionId, status, kind, limit, after = '' }: TaskFilter): Query {
  const where: (SQL | undefined)[] = [
    eq(tasks.namespace, namespace),
    gt(tasks.id, after),
    sessionId === undefined ? undefined : and(eq(tasks.sessionId, sessionId), gte(tasks.createdAt, 0)),
    status && inArray(tasks.status, [...status]),
    kind === undefined ? undefined : eq(tasks.kind, kind),
  ];
  return asQuery(
    build
      .select(picked(tasks, FIELDS.task))
      .from(tasks)
      .where(and(...where))
      .orderBy(asc(tasks.id))
      .limit(limit + 1)
      .toSQL(),
  );
}

function asQuery({ sql, params }: { readonly sql: string; readonly params: readonly unknown[] }): Query {
  return { text: sql, values: params as readonly Value[] };
}

/** The columns that a row of the API has. */
function picked<Table extends object, Field extends keyof Table>(
  table: Table,
  fields: readonly Field[],
): Pick<Table, Field> {
  return Object.fromEntries(fields.map((field) => [field, table[field]])) as Pick<Table, Field>;
}
