import {
  COLUMNS,
  END_FIELDS,
  GRANT_FIELDS,
  REFUSAL_FIELDS,
  type Event,
  type EventFilter,
  type LeaseEffect,
  type LeaseFilter,
  type LeaseInterval,
  type QuestionFilter,
  type AgentFilter,
  type DependencyEndFilter,
  type DependencyFilter,
  type SessionFilter,
  type TaskFilter,
} from '@agent-orchestrator/core';
import {
  eventList,
  grantList,
  questionList,
  agentList,
  dependencyEndList,
  dependencyList,
  sessionList,
  taskList,
  type List,
  type ListWords,
} from '@agent-orchestrator/storage-sql';
import type { Query } from '../connection.ts';
import { query } from '../server/statement-batch.ts';
import { arrayOf } from '../server/values.ts';

const WORDS: ListWords = {
  value: '?',
  ofNamespace: (namespace) => ['namespace = ?', namespace],
  // The condition of the index on the tasks of a session.
  tasksOfSession: (_namespace, sessionId) => ['created_at >= 0 AND session_id = ?', sessionId],
  eventsOfSession: (_namespace, sessionId) => ['stream_id = ?', sessionId],
  eventsOfTask: (_namespace, taskId) => ['task_id = ?', taskId],
  grantsOfSession: (_namespace, sessionId) => [`session_id > '' AND session_id = ?`, sessionId],
  grantOrder: 'fence',
  alongSession: null,
  oneOf: (column, words) => [`${column} = ANY ${arrayOf('?')}`, words],
  contains: (column, text) => [`strpos(${column}, ?) > 0`, text],
  unindexed: (column) => column,
};

export function listSessionsQuery(filter: SessionFilter): Query {
  return listed('sessions', COLUMNS.session, sessionList(WORDS, filter));
}

export function listTasksQuery(filter: TaskFilter): Query {
  return listed('tasks', COLUMNS.task, taskList(WORDS, filter));
}

export function questionsQuery(filter: QuestionFilter): Query {
  return listed('tasks', COLUMNS.task, questionList(WORDS, filter));
}

export function listAgentsQuery(filter: AgentFilter): Query {
  return listed('agents', COLUMNS.agent, agentList(WORDS, filter));
}

export function dependenciesQuery(filter: DependencyFilter): Query {
  return listed('dependencies', COLUMNS.dependency, dependencyList(WORDS, filter));
}

export function dependencyEndsQuery(filter: DependencyEndFilter): Query {
  return listed('dependency_ends', COLUMNS.dependencyEnd, dependencyEndList(WORDS, filter));
}

export function eventsQuery(filter: EventFilter): Query {
  return listed('event_log', COLUMNS.event, eventList(WORDS, filter));
}

/** The fields of a lease, in the order of the columns of `leasesQuery`. */
export const LEASE_FIELDS = Object.keys({
  ...GRANT_FIELDS,
  ...END_FIELDS,
  ...REFUSAL_FIELDS,
}) as (keyof LeaseInterval)[];

/**
 * The grants, with what else happened to their leases up to the same event. There is at most one event of each kind; a
 * join without LIMIT 1 makes the server read the table from end to end.
 */
export function leasesQuery(filter: LeaseFilter): Query {
  const grants = listed('event_log', columnsOf(GRANT_FIELDS), grantList(WORDS, filter));
  const upTo = `$${grants.values.length + 1}`;
  const later = (fields: Readonly<Record<string, keyof Event>>, effect: LeaseEffect) =>
    `(SELECT ${Object.values(columnsOf(fields)).join(', ')} FROM orchestrator.event_log l
      WHERE l.fence = g.fence AND l.fence >= 0 AND l.lease_effect = '${effect}' AND l.id <= ${upTo} LIMIT 1)`;
  const text = `SELECT g.*, e.*, r.* FROM (${grants.text}) g
    LEFT JOIN LATERAL ${later(END_FIELDS, 'ended')} e ON true
    LEFT JOIN LATERAL ${later(REFUSAL_FIELDS, 'refused')} r ON true
    ORDER BY g.fence${filter.before === undefined ? '' : ' DESC'}`;
  return query(text, ...grants.values, filter.upTo);
}

function columnsOf(fields: Readonly<Record<string, keyof Event>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, COLUMNS.event[field]]));
}

/** The limit is part of the text: as a parameter it would make the server plan anew on every call. */
function listed(table: string, columns: Readonly<Record<string, string>>, { where, order, limit }: List): Query {
  let places = 0;
  const conditions = where.map(([condition]) => condition.replaceAll('?', () => `$${(places += 1)}`)).join(' AND ');
  const text = `SELECT ${Object.values(columns).join(', ')} FROM orchestrator.${table}
    WHERE ${conditions} ORDER BY ${order} LIMIT ${limit}`;
  return query(text, ...where.flatMap(([, ...values]) => values));
}
