import {
  dependencyKeyAfter,
  dependencyKeyCursor,
  questionAfter,
  type AgentFilter,
  type Dependency,
  type DependencyEndFilter,
  type DependencyFilter,
  type Event,
  type EventFilter,
  type LeaseFilter,
  type Page,
  type QuestionFilter,
  type SessionFilter,
  type TaskFilter,
} from '@agent-orchestrator/core';
import { addresseeIn, HANDED_OFF, HOLDS_KEY } from './conditions.ts';

/*
 * The filtered lists: which conditions follow from a filter, and in which order the rows come. The text depends only on
 * which filters are set, so that there are few texts and each connection prepares each of them once.
 */

/** A condition and its values, in the order of their places in it. A list is one value, where the engine takes it. */
type Part = readonly [condition: string, ...values: (string | number | readonly string[])[]];

export interface List {
  readonly where: readonly Part[];
  readonly order: string;
  /** One row more than asked tells whether there is a next page. */
  readonly limit: number;
}

/** What an engine says in its own words. */
export interface ListWords {
  /** The place of a value. */
  readonly value: string;
  readonly ofNamespace: (namespace: string) => Part;
  readonly tasksOfSession: (namespace: string, sessionId: string) => Part;
  readonly eventsOfSession: (namespace: string, sessionId: string) => Part;
  readonly eventsOfTask: (namespace: string, taskId: string) => Part;
  /** The grants of a session, in the order of `grantOrder`. */
  readonly grantsOfSession: (namespace: string, sessionId: string) => Part;
  /** Differs: the column by which the grants of a session are found in order. */
  readonly grantOrder: 'fence' | 'seq';
  /** Differs: how the events of a task are found along the stream of its session; null: they have their own index. */
  readonly alongSession: null | {
    readonly eventsAroundTask: (namespace: string, taskId: string) => Part;
    /** The number within that session's stream of the event with an id; null if it is of another stream. */
    readonly seqOfEvent: (id: number, namespace: string, taskId: string) => Part;
  };
  /** The column has one of some words. */
  readonly oneOf: (column: string, words: readonly string[]) => Part;
  /** The text in the column contains another. */
  readonly contains: (column: string, text: string) => Part;
  /** A column for which no index is used. */
  readonly unindexed: (column: string) => string;
}

/** By id. */
export function sessionList(words: ListWords, { namespace, status, agent, limit, after, before }: SessionFilter): List {
  const where = [words.ofNamespace(namespace), ...within(words, 'id', { after: after ?? '', before })];
  if (status !== undefined) where.push(words.oneOf('status', status));
  if (agent !== undefined) where.push([`agent = ${words.value}`, agent]);
  return { where, order: orderBy('id', before), limit: limit + 1 };
}

/** By id. */
export function taskList(words: ListWords, filter: TaskFilter): List {
  const { namespace, sessionId, parentId, status, kind, handedOff, dedupeKey, limit, after, before } = filter;
  const where = [words.ofNamespace(namespace), ...within(words, 'id', { after: after ?? '', before })];
  if (parentId !== undefined) where.push([`parent_id > '' AND parent_id = ${words.value}`, parentId]);
  if (sessionId !== undefined) where.push(words.tasksOfSession(namespace, sessionId));
  if (status !== undefined) where.push(words.oneOf('status', status));
  if (kind !== undefined) where.push([`kind = ${words.value}`, kind]);
  // The conditions of indexes, word for word.
  if (handedOff !== undefined) where.push([HANDED_OFF]);
  if (dedupeKey !== undefined) where.push([`dedupe_key = ${words.value} AND ${HOLDS_KEY}`, dedupeKey]);
  return { where, order: orderBy('id', before), limit: limit + 1 };
}

/** The open questions, the oldest first. An addressee has no index of its own: open questions are few. */
export function questionList(words: ListWords, { namespace, addressees, limit, after }: QuestionFilter): List {
  const { value } = words;
  const where: Part[] = [words.ofNamespace(namespace), [`status = 'waiting' AND asked_at >= 0 AND answer IS NULL`]];
  if (after !== undefined) {
    const { askedAt, id } = questionAfter(after);
    where.push([`(asked_at, id) > (${value}, ${value})`, askedAt, id]);
  }
  if (addressees !== undefined) where.push(words.oneOf(`(${addresseeIn('asked_agent', 'asked_role')})`, addressees));
  return { where, order: 'asked_at, id', limit: limit + 1 };
}

/** By name. Names have no quotation mark, so a role stands in the text of the roles as in no other name. */
export function agentList(words: ListWords, { namespace, status, role, limit, after = '' }: AgentFilter): List {
  const where = [words.ofNamespace(namespace), ...within(words, 'name', { after, before: undefined })];
  if (status !== undefined) where.push(words.oneOf('status', status));
  if (role !== undefined) where.push(words.contains('roles', `"${role}"`));
  return { where, order: 'name', limit: limit + 1 };
}

/** By the id of the other task; all of them by both. */
export function dependencyList(words: ListWords, filter: DependencyFilter): List {
  if ('ofAll' in filter) return keyList(words, ['task_id', 'dependency_id'], filter);
  const { namespace, limit, after, before } = filter;
  const [known, id, other] =
    'taskId' in filter
      ? ['task_id', filter.taskId, 'dependency_id']
      : [`dependency_id > '' AND dependency_id`, filter.dependencyId, 'task_id'];
  const where: Part[] = [
    words.ofNamespace(namespace),
    [`${known} = ${words.value}`, id],
    ...within(words, other, { after: after ?? '', before }),
  ];
  return { where, order: orderBy(other, before), limit: limit + 1 };
}

/** By the task that waits, the other one, and the number of the event that ended it. */
export function dependencyEndList(words: ListWords, filter: DependencyEndFilter): List {
  return keyList(words, ['task_id', 'dependency_id', 'seq'], filter);
}

/** By these columns, of which the cursor has the values. */
function keyList(
  { value, ofNamespace }: ListWords,
  columns: readonly string[],
  { namespace, limit, after }: DependencyEndFilter,
): List {
  const order = columns.join(', ');
  const where: Part[] = [ofNamespace(namespace)];
  if (after !== undefined)
    where.push([`(${order}) > (${columns.map(() => value).join(', ')})`, ...dependencyKeyAfter(after)]);
  return { where, order, limit: limit + 1 };
}

/**
 * By event id; within a stream by `seq`, and then that is the cursor of a session. The events of a task stand in the
 * stream of its session, and are found along that where they have no index.
 */
export function eventList(words: ListWords, filter: EventFilter): List {
  const { namespace, sessionId, taskId, ofAgent, types, leaseEffect, agent, limit, after = '0', before, upTo } = filter;
  const range = { after: Number(after), before: typeof before === 'string' ? Number(before) : before };
  const { alongSession } = words;
  const inStream = isInStream(words, filter);
  const where = [words.ofNamespace(namespace)];
  if (inStream) where.push([`stream_kind = '${ofAgent === undefined ? 'session' : 'agent'}'`]);
  if (ofAgent !== undefined) where.push([`stream_id = ${words.value}`, ofAgent], ...within(words, 'seq', range));
  else if (sessionId !== undefined)
    where.push(words.eventsOfSession(namespace, sessionId), ...within(words, 'seq', range));
  else where.push(...within(words, 'id', range));
  if (taskId !== undefined) {
    if (sessionId === undefined && alongSession !== null)
      where.push(
        alongSession.eventsAroundTask(namespace, taskId),
        ...seqWithin(range, (id) => alongSession.seqOfEvent(id, namespace, taskId)),
      );
    where.push(words.eventsOfTask(namespace, taskId));
  }
  // First, since it is quickly compared and leaves the fewest rows.
  if (agent !== undefined) where.push([`agent = ${words.value}`, agent]);
  if (types !== undefined) where.push(words.oneOf('type', types));
  if (leaseEffect !== undefined) where.push([`${words.unindexed('lease_effect')} = ${words.value}`, leaseEffect]);
  if (upTo !== undefined) where.push([`id <= ${words.value}`, upTo]);
  return { where, order: orderBy(inStream ? 'seq' : 'id', before), limit: limit + 1 };
}

/** The events that granted leases, by fence. */
export function grantList(words: ListWords, filter: LeaseFilter): List {
  const { namespace, sessionId, limit, after = '0', before, from, upTo } = filter;
  const { value } = words;
  const range = { after: Number(after), before: typeof before === 'string' ? Number(before) : before };
  const where = [words.ofNamespace(namespace)];
  if (sessionId !== undefined) where.push(words.grantsOfSession(namespace, sessionId));
  // The condition of the index, word for word.
  where.push([`lease_effect = 'granted' AND fence >= 0`], ...within(words, 'fence', range));
  if (from !== undefined) where.push([`fence >= ${value} AND at >= ${value}`, from * FENCES_PER_MS, from]);
  where.push([`id <= ${value}`, upTo]);
  const order = orderBy(sessionId === undefined ? 'fence' : words.grantOrder, before);
  return { where, order, limit: limit + 1 };
}

/** A fence is at least the time of its grant in microseconds. */
const FENCES_PER_MS = 1_000;

/** Whether the events are found along one stream. */
export function isInStream({ alongSession }: ListWords, { sessionId, taskId, ofAgent }: EventFilter): boolean {
  return sessionId !== undefined || ofAgent !== undefined || (taskId !== undefined && alongSession !== null);
}

interface Range<Cursor> {
  readonly after: Cursor;
  readonly before: Cursor | null | undefined;
}

/** The rows beyond the cursor, in the order of the list; with neither, all. */
function within<Cursor extends string | number>(
  { value }: ListWords,
  column: string,
  { after, before }: Range<Cursor>,
): Part[] {
  if (before === undefined) return [[`${column} > ${value}`, after]];
  return before === null ? [] : [[`${column} < ${value}`, before]];
}

/**
 * Within a stream, ids and numbers rise together: the number of the event with that id, if it is there, is where to
 * start.
 */
function seqWithin({ after, before }: Range<number>, seqOfEvent: (id: number) => Part): Part[] {
  const from = before === undefined ? after : before;
  if (from === null) return [];
  const [seq, ...values] = seqOfEvent(from);
  return before === undefined
    ? [[`seq > coalesce(${seq}, 0)`, ...values]]
    : [[`seq < coalesce(${seq}, ${Number.MAX_SAFE_INTEGER})`, ...values]];
}

function orderBy(column: string, before: string | null | undefined): string {
  return before === undefined ? column : `${column} DESC`;
}

/** The cursor of a list of events: within a stream its number, otherwise its id. */
export function eventCursor({ sessionId, ofAgent }: EventFilter): (event: Event) => string {
  return ({ id, seq }) => String(sessionId === undefined && ofAgent === undefined ? id : seq);
}

/** The cursor of a list of dependencies: the id of the other task, or of both. */
export function dependencyCursor(filter: DependencyFilter): (one: Dependency) => string {
  if ('ofAll' in filter) return dependencyKeyCursor;
  return 'taskId' in filter ? ({ dependencyId }) => dependencyId : ({ taskId }) => taskId;
}

/** Makes a page of the rows that a list has found. */
export function pageOf<Row>(found: readonly Row[], limit: number, cursorOf: (row: Row) => string): Page<Row> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? cursorOf(last) : null };
}
