import {
  SESSION_STATUS_NAMES,
  TASK_STATUS_NAMES,
  TASK_STATUSES,
  type Counts,
  type OldestHeadsAsked,
  type SessionStatus,
  type TaskStatus,
} from '@agent-orchestrator/core';
import { ENDED, PENDING, READY, RUNNING, STREAM_KINDS } from '@agent-orchestrator/storage-sql';
import type { Answer } from '../connection.ts';

/*
 * How many there are, and what waits for the longest: each read off an index, up to a number of rows.
 */

export const STREAMS = STREAM_KINDS.map((kind) => `stream_kind = '${kind}'`);

/** Rows of a table under a condition, which names the index that holds them; each counted up to the maximum. */
const counted = (table: string, conditions: readonly string[]): string => {
  const parts = conditions.map(
    (condition) =>
      `(SELECT count(*) FROM (SELECT 1 FROM orchestrator.${table} WHERE namespace = $1 AND ${condition} LIMIT $2) c)`,
  );
  return parts.length === 1 ? parts.join('') : `least($2, ${parts.join(' + ')})`;
};

/** The indexes that contain the sessions of each status. */
const SESSION_PARTS: Readonly<Record<SessionStatus, readonly string[]>> = {
  idle: [
    `status = 'idle' AND next_task_id IS NOT NULL AND next_priority >= 0`,
    `status = 'idle' AND next_task_id IS NULL`,
  ],
  running: [`status = 'running' AND agent > ''`],
  closed: [`status = 'closed'`],
};

/** The statuses that have an index of their own; the others are in the index of their phase. */
const OWN_INDEX: Readonly<Partial<Record<TaskStatus, string>>> = {
  scheduled: 'run_at >= 0',
  queued: 'priority >= 0',
};
const PHASE_INDEX: Readonly<Record<(typeof TASK_STATUSES)[TaskStatus]['phase'], string>> = {
  pending: `${PENDING} AND id > ''`,
  running: RUNNING,
  ended: ENDED,
};

function tasksOfStatus(status: TaskStatus): string {
  return `status = '${status}' AND ${OWN_INDEX[status] ?? PHASE_INDEX[TASK_STATUSES[status].phase]}`;
}

const ALL = `SELECT
  ${SESSION_STATUS_NAMES.map((status) => counted('sessions', SESSION_PARTS[status])).join(',\n  ')},
  ${TASK_STATUS_NAMES.map((status) => counted('tasks', [tasksOfStatus(status)])).join(',\n  ')},
  ${counted('event_log', STREAMS)}`;

/**
 * The conditions are those of the index on the tasks of a session, and of the claim's index. Without its order, the
 * server would read the table.
 */
const tasksOfSession = (max: number): string => `SELECT ${TASK_STATUS_NAMES.map(
  (status) => `count(*) FILTER (WHERE t.status = '${status}')`,
).join(', ')} FROM (SELECT status FROM orchestrator.tasks
    WHERE namespace = $1 AND session_id = $2 AND created_at >= 0 LIMIT ${max}) t`;
const oldestHeads = ({ max, limit }: OldestHeadsAsked): string =>
  `SELECT h.next_task_id, h.next_queued_at, count(*) OVER () FROM (
    SELECT next_task_id, next_queued_at FROM orchestrator.sessions
    WHERE namespace = $1 AND ${READY} AND next_priority >= 0
    ORDER BY next_for, next_priority, next_queued_at, next_task_id LIMIT ${max}) h
  ORDER BY h.next_queued_at, h.next_task_id LIMIT ${limit}`;

export const COUNTS = { COUNTS: ALL, tasksOfSession, oldestHeads } as const;

/** The answer to `COUNTS`. */
export function countsIn(row: Answer[number] | undefined): Counts {
  const values = (row ?? []) as readonly number[];
  const tasksAt = SESSION_STATUS_NAMES.length;
  const eventsAt = tasksAt + TASK_STATUS_NAMES.length;
  return {
    sessions: countsOf(SESSION_STATUS_NAMES, values.slice(0, tasksAt)),
    tasks: tasksIn(values.slice(tasksAt, eventsAt)),
    events: values[eventsAt] ?? 0,
  };
}

/** The counts of tasks, in the order of their statuses. */
export function tasksIn(row: Answer[number] | undefined): Counts['tasks'] {
  return countsOf(TASK_STATUS_NAMES, (row ?? []) as readonly number[]);
}

/** The counts by status, in the order of the names. */
function countsOf<Status extends string>(names: readonly Status[], values: readonly number[]): Record<Status, number> {
  return Object.fromEntries(names.map((status, at) => [status, values[at] ?? 0])) as Record<Status, number>;
}
