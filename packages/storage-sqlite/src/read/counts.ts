import {
  isEnded,
  noSessions,
  noTasks,
  SESSION_STATUS_NAMES,
  TASK_STATUS_NAMES,
  type Counts,
  type OldestHead,
  type OldestHeads,
  type OldestHeadsAsked,
  type SessionStatus,
  type TaskStatus,
} from '@agent-orchestrator/core';
import { ASIDE, ENDED, READY, STREAM_KINDS } from '@agent-orchestrator/storage-sql';
import { KEY_OF_NAMESPACE, NUMBER_OF_SESSION } from '../rows.ts';
import type { PreparedReads } from './prepared-reads.ts';

/*
 * How many there are, and what waits for the longest: each read off an index, up to a number of rows.
 */

/** The streams that are of no session, as their index knows them. */
export const OTHER_STREAMS = STREAM_KINDS.filter((kind) => kind !== 'session').map(
  (kind) => `stream_id IS NOT NULL AND stream_kind = '${kind}'`,
);

/** Rows that an index holds under a condition. */
type IndexPart = readonly [index: string, condition: string];

const NAMED = '(SELECT id FROM namespaces WHERE name = :namespace)';

/** How many rows of the namespace the part holds, up to the maximum. */
function counted(table: string, [index, condition]: IndexPart, max = '+:max'): string {
  return `(SELECT count(*) FROM (SELECT 1 FROM ${table} INDEXED BY ${index}
      WHERE namespace = ${NAMED} AND ${condition} LIMIT ${max}))`;
}

function sumUpTo(counts: readonly string[]): string {
  return `min(:max, ${counts.join(' + ')})`;
}

const IDLE: readonly IndexPart[] = [
  ['sessions_ready', `status = 'idle' AND next_task_id IS NOT NULL`],
  ['sessions_empty', `status = 'idle' AND next_task_id IS NULL`],
];
const HELD_PART: IndexPart = ['sessions_stale', `status = 'running'`];

/** All of them, whatever the maximum. */
const OPEN_COUNT = [...IDLE, HELD_PART].map((part) => counted('sessions', part, '-1')).join(' + ');

/**
 * How many sessions of each status there are. The closed ones are the others of all: an index of them would cost each
 * release of a session's last task a page. With the open ones all counted, no more closed ones are than asked.
 */
const SESSION_COUNT: Readonly<Record<SessionStatus, string>> = {
  idle: sumUpTo(IDLE.map((part) => counted('sessions', part))),
  running: counted('sessions', HELD_PART),
  closed: `${counted('sessions', ['sessions_key', 'true'], `:max + ${OPEN_COUNT}`)} - (${OPEN_COUNT})`,
};

/** The statuses that have an index of their own; the others stand in the index of their phase. */
const OWN_INDEX: Readonly<Partial<Record<TaskStatus, string>>> = {
  scheduled: 'tasks_due',
  queued: 'tasks_queued',
  running: 'tasks_running',
  waiting: 'tasks_waiting',
};

function taskPart(status: TaskStatus): IndexPart {
  const only = `status = '${status}'`;
  const own = OWN_INDEX[status];
  // The index's own condition, word for word: SQLite does not infer it from one of its words.
  if (own !== undefined) return [own, only];
  return isEnded(status) ? ['tasks_ended', `${only} AND ${ENDED}`] : ['tasks_aside', `${only} AND ${ASIDE}`];
}

const taskCount = (status: TaskStatus) => `${counted('tasks', taskPart(status))} AS ${status}`;
const sessionCount = (status: SessionStatus) => `${SESSION_COUNT[status]} AS ${status}`;
const SESSION_COUNTS = `SELECT ${SESSION_STATUS_NAMES.map(sessionCount).join(', ')}`;
const TASK_COUNTS = `SELECT ${TASK_STATUS_NAMES.map(taskCount).join(', ')}`;
const EVENTS: readonly IndexPart[] = [
  ['event_log_seq', `stream_kind = 'session'`],
  ...OTHER_STREAMS.map((stream): IndexPart => ['event_log_stream', stream]),
];
const EVENT_COUNT = `SELECT ${sumUpTo(EVENTS.map((part) => counted('event_log', part)))} AS events`;

const TASKS_OF_SESSION = `SELECT ${TASK_STATUS_NAMES.map(
  (status) => `count(*) FILTER (WHERE status = '${status}') AS ${status}`,
).join(', ')} FROM (SELECT status FROM tasks INDEXED BY tasks_of_session
  WHERE namespace = ${KEY_OF_NAMESPACE} AND session = ${NUMBER_OF_SESSION} LIMIT +?)`;

/** The sort is of as many rows as are looked at. */
const OLDEST_HEADS = `SELECT taskId AS "taskId", queuedAt AS "queuedAt", count(*) OVER () AS "lookedAt" FROM (
    SELECT next_task_id AS taskId, next_queued_at AS queuedAt FROM sessions INDEXED BY sessions_ready
    WHERE namespace = ${KEY_OF_NAMESPACE} AND ${READY} LIMIT +?)
  ORDER BY queuedAt, taskId LIMIT +?`;

/** The texts, for the test that looks at their query plans. */
export const COUNTS = { SESSION_COUNTS, TASK_COUNTS, EVENT_COUNT, TASKS_OF_SESSION, OLDEST_HEADS } as const;

export function countsIn(on: PreparedReads, namespace: string, max: number): Counts {
  const asked = { namespace, max };
  const [sessions] = on.all<Counts['sessions']>(SESSION_COUNTS, asked);
  const [tasks] = on.all<Counts['tasks']>(TASK_COUNTS, asked);
  const [events] = on.all<Pick<Counts, 'events'>>(EVENT_COUNT, asked);
  return { sessions: sessions ?? noSessions(), tasks: tasks ?? noTasks(), events: events?.events ?? 0 };
}

export function countsOfSession(on: PreparedReads, namespace: string, id: string, max: number): Counts['tasks'] {
  return on.all<Counts['tasks']>(TASKS_OF_SESSION, namespace, namespace, id, max)[0] ?? noTasks();
}

export function oldestHeads(on: PreparedReads, namespace: string, { max, limit }: OldestHeadsAsked): OldestHeads {
  const rows = on.all<OldestHead & Pick<OldestHeads, 'lookedAt'>>(OLDEST_HEADS, namespace, max, limit);
  return { lookedAt: rows[0]?.lookedAt ?? 0, oldest: rows.map(({ taskId, queuedAt }) => ({ taskId, queuedAt })) };
}
