import {
  END_FIELDS,
  GRANT_FIELDS,
  isEnded,
  REFUSAL_FIELDS,
  type AgentFilter,
  type EventFilter,
  type LeaseFilter,
  type QuestionFilter,
  type DependencyEndFilter,
  type DependencyFilter,
  type Event,
  type LeaseEffect,
  type SessionFilter,
  type TaskFilter,
} from '@agent-orchestrator/core';
import {
  agentList,
  dependencyEndList,
  dependencyList,
  ENDED,
  eventList,
  grantList,
  isInStream,
  questionList,
  RUNNING,
  sessionList,
  taskList,
  type List,
  type ListWords,
} from '@agent-orchestrator/storage-sql';
import {
  AGENT_PLACES,
  DEPENDENCY_END_PLACES,
  DEPENDENCY_PLACES,
  EVENT_PLACES,
  KEY_OF_NAMESPACE,
  NUMBER_OF_SESSION,
  NUMBER_OF_TASK,
  SESSION_PLACES,
  selected,
  TASK_PLACES,
} from '../rows.ts';

/** A query whose text depends only on which filters are set, so that there are few of them. */
export interface ListQuery {
  readonly sql: string;
  readonly values: readonly unknown[];
}

const OF_NAMESPACE = `namespace = ${KEY_OF_NAMESPACE}`;
const SESSION_OF_TASK = `(SELECT session FROM tasks WHERE ${OF_NAMESPACE} AND id = +?)`;
const ofSession = `session = ${NUMBER_OF_SESSION}`;

const WORDS: ListWords = {
  value: '+?',
  ofNamespace: (namespace) => [OF_NAMESPACE, namespace],
  tasksOfSession: (namespace, sessionId) => [ofSession, namespace, sessionId],
  eventsOfSession: (namespace, sessionId) => [ofSession, namespace, sessionId],
  eventsOfTask: (namespace, taskId) => [`task = ${NUMBER_OF_TASK}`, namespace, taskId],
  grantsOfSession: (namespace, sessionId) => [`stream_kind = 'session' AND ${ofSession}`, namespace, sessionId],
  grantOrder: 'seq',
  // An index of their own would cost each claim and release a page.
  alongSession: {
    eventsAroundTask: (namespace, taskId) => [`session = ${SESSION_OF_TASK}`, namespace, taskId],
    seqOfEvent: (id, namespace, taskId) => [
      `(SELECT seq FROM event_log WHERE id = +? AND stream_kind = 'session' AND session = ${SESSION_OF_TASK})`,
      id,
      namespace,
      taskId,
    ],
  },
  oneOf: (column, words) => [`+${column} IN (SELECT value FROM json_each(+?))`, JSON.stringify(words)],
  contains: (column, text) => [`instr(${column}, +?) > 0`, text],
  unindexed: (column) => `+${column}`,
};

export function listSessionsQuery(filter: SessionFilter): ListQuery {
  const isHeld = isOnly(filter.status, 'running');
  const { where, ...list } = sessionList(WORDS, filter);
  return listed(`${selected(SESSION_PLACES)} FROM sessions INDEXED BY ${isHeld ? 'sessions_stale' : 'sessions_id'}`, {
    ...list,
    // The condition of the index, word for word.
    where: isHeld ? [...where, [`status = 'running'`]] : where,
  });
}

export function listTasksQuery(filter: TaskFilter): ListQuery {
  const { where, ...list } = taskList(WORDS, filter);
  const [index, condition] = indexOf(filter);
  return listed(`${selected(TASK_PLACES)} FROM tasks INDEXED BY ${index}`, {
    ...list,
    where: condition === undefined ? where : [...where, [condition]],
  });
}

export function questionsQuery(filter: QuestionFilter): ListQuery {
  return listed(`${selected(TASK_PLACES)} FROM tasks INDEXED BY tasks_waiting`, questionList(WORDS, filter));
}

export function listAgentsQuery(filter: AgentFilter): ListQuery {
  return listed(`${selected(AGENT_PLACES)} FROM agents`, agentList(WORDS, filter));
}

export function dependenciesQuery(filter: DependencyFilter): ListQuery {
  const index = 'dependencyId' in filter ? ' INDEXED BY dependencies_of_dependents' : '';
  return listed(`${selected(DEPENDENCY_PLACES)} FROM dependencies${index}`, dependencyList(WORDS, filter));
}

export function dependencyEndsQuery(filter: DependencyEndFilter): ListQuery {
  return listed(`${selected(DEPENDENCY_END_PLACES)} FROM dependency_ends`, dependencyEndList(WORDS, filter));
}

export function eventsQuery(filter: EventFilter): ListQuery {
  const stream = filter.ofAgent === undefined ? 'event_log_seq' : 'event_log_stream';
  const index = isInStream(WORDS, filter) ? `INDEXED BY ${stream}` : 'NOT INDEXED';
  return listed(`${selected(EVENT_PLACES)} FROM event_log ${index}`, eventList(WORDS, filter));
}

/** The grants, with what else happened to their leases up to the same event: each is found by its fence. */
export function leasesQuery(filter: LeaseFilter): ListQuery {
  const index = filter.sessionId === undefined ? 'event_log_lease' : 'event_log_seq';
  const grants = listed(`${placesAs(GRANT_FIELDS)} FROM event_log INDEXED BY ${index}`, grantList(WORDS, filter));
  return {
    sql: `SELECT g.*, ${columnsAs('e', END_FIELDS)}, ${columnsAs('r', REFUSAL_FIELDS)} FROM (${grants.sql}) g
      ${joined('e', 'ended')} ${joined('r', 'refused')}
      ORDER BY g.fence${filter.before === undefined ? '' : ' DESC'}`,
    values: [...grants.values, filter.upTo, filter.upTo],
  };
}

/** What an event did to the lease of a grant `g`, up to an event. */
function joined(name: string, effect: LeaseEffect): string {
  return `LEFT JOIN event_log ${name} INDEXED BY event_log_lease
      ON ${name}.fence = g.fence AND ${name}.lease_effect = '${effect}' AND ${name}.id <= +?`;
}

function placesAs(fields: Readonly<Record<string, keyof Event>>): string {
  return selected(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, EVENT_PLACES[field]])));
}

function columnsAs(table: string, fields: Readonly<Record<string, 'id' | 'at' | 'type'>>): string {
  return Object.entries(fields)
    .map(([name, column]) => `${table}.${column} AS "${name}"`)
    .join(', ');
}

/** Where tasks of these statuses are found without walking over others, and what the query has to say for it. */
function indexOf(filter: TaskFilter): readonly [index: string, condition?: string] {
  const { sessionId, status, parentId, handedOff, dedupeKey } = filter;
  if (dedupeKey !== undefined) return ['tasks_dedupe_key'];
  if (sessionId !== undefined) return ['tasks_of_session'];
  if (parentId !== undefined) return ['tasks_of_parent', 'parent_id IS NOT NULL'];
  if (handedOff !== undefined) return ['tasks_handed_off'];
  if (isOnly(status, 'running')) return ['tasks_running', RUNNING];
  if (isOnly(status, 'waiting')) return ['tasks_waiting', `status = 'waiting'`];
  const [only] = status ?? [];
  return only !== undefined && isOnly(status, only) && isEnded(only)
    ? ['tasks_ended', `status = '${only}' AND ${ENDED}`]
    : ['tasks_id'];
}

function isOnly<Status>(status: readonly Status[] | undefined, only: Status): boolean {
  return status?.length === 1 && status[0] === only;
}

function listed(from: string, { where, order, limit }: List): ListQuery {
  return {
    sql: `SELECT ${from} WHERE ${where.map(([condition]) => condition).join(' AND ')} ORDER BY ${order} LIMIT +?`,
    values: [...where.flatMap(([, ...values]) => values), limit],
  };
}
