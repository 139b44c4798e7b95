import type { Session, SessionFilter, Task, TaskFilter } from '@agent-orchestrator/core';
import { and, asc, eq, gt, inArray, type SQL } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import type { Connection } from './connection.ts';
import { SESSION_COLUMNS, TASK_COLUMNS } from './rows.ts';
import { sessions, tasks } from './schema.ts';

/*
 * The filtered lists: many combinations, none of them hot. This module is imported when a list is first asked for,
 * since loading drizzle takes as long as a thousand claims.
 */

/** One row more than asked, if there is one. */
export function listSessions(
  db: Connection,
  { namespace, status, agent, limit, after = '' }: SessionFilter,
): Session[] {
  const where: (SQL | undefined)[] = [
    eq(sessions.namespace, namespace),
    gt(sessions.id, after),
    status && inArray(sessions.status, [...status]),
    agent === undefined ? undefined : eq(sessions.agent, agent),
  ];
  return drizzle(db)
    .select(picked(sessions, SESSION_COLUMNS))
    .from(sessions)
    .where(and(...where))
    .orderBy(asc(sessions.id))
    .limit(limit + 1)
    .all();
}

/** One row more than asked, if there is one. */
export function listTasks(
  db: Connection,
  { namespace, sessionId, status, kind, limit, after = '' }: TaskFilter,
): Task[] {
  const where: (SQL | undefined)[] = [
    eq(tasks.namespace, namespace),
    gt(tasks.id, after),
    sessionId === undefined ? undefined : eq(tasks.sessionId, sessionId),
    status && inArray(tasks.status, [...status]),
    kind === undefined ? undefined : eq(tasks.kind, kind),
  ];
  return drizzle(db)
    .select(picked(tasks, TASK_COLUMNS))
    .from(tasks)
    .where(and(...where))
    .orderBy(asc(tasks.id))
    .limit(limit + 1)
    .all();
}

/** The columns that a row of the API has. */
function picked<Table extends object, Field extends keyof Table>(
  table: Table,
  fields: Readonly<Record<Field, string>>,
): Pick<Table, Field> {
  return Object.fromEntries((Object.keys(fields) as Field[]).map((field) => [field, table[field]])) as Pick<
    Table,
    Field
  >;
}
