import { OrchestratorError } from './errors.ts';

/*
 * All statuses. CHECKs of the databases, counts, filters, schemas, help and docs are made from these two tables.
 */

/** The properties of a status, of a task or of a session. */
interface StatusFacts {
  /** Shown before the word, never instead of it. */
  readonly glyph: string;
  /** Glyph and word have it on a terminal. It is only an addition: nothing is told by a colour alone. */
  readonly colour: 'blue' | 'cyan' | 'dim' | 'green' | 'red' | 'yellow';
  /** What it means, for people. */
  readonly means: string;
}

/** The properties of a task's status. */
interface TaskStatusFacts extends StatusFacts {
  /** `pending`: open and not held · `running`: under a lease · `ended`: only a retry by hand can change it. */
  readonly phase: 'pending' | 'running' | 'ended';
  /** Whether it is the end of a dead letter: work that failed, and that a person must look at. */
  readonly deadLetter?: true;
}

/**
 * The statuses of a task. A `scheduled` task is queued work whose time has not come. No event turns one into the other:
 * only time does.
 */
export const TASK_STATUSES = {
  scheduled: { phase: 'pending', glyph: '◔', colour: 'cyan', means: 'waits for its time' },
  blocked: { phase: 'pending', glyph: '◌', colour: 'yellow', means: 'waits for the tasks that it depends on' },
  queued: { phase: 'pending', glyph: '○', colour: 'cyan', means: 'waits to be claimed' },
  running: { phase: 'running', glyph: '▶', colour: 'blue', means: 'an agent holds its session and works on it' },
  waiting: {
    phase: 'pending',
    glyph: '?',
    colour: 'cyan',
    means: 'its holder gave it back until a question is answered, or until other tasks have ended',
  },
  in_review: { phase: 'pending', glyph: '◎', colour: 'cyan', means: 'done, and waits for its reviews' },
  succeeded: { phase: 'ended', glyph: '✓', colour: 'green', means: 'done' },
  failed: {
    phase: 'ended',
    deadLetter: true,
    glyph: '✗',
    colour: 'red',
    means: 'a dead letter: no attempt is left, or the failure was final',
  },
  cancelled: { phase: 'ended', glyph: '⊘', colour: 'yellow', means: 'ended without being done' },
} as const satisfies Record<string, TaskStatusFacts>;

/** The status of a task. */
export type TaskStatus = keyof typeof TASK_STATUSES;

/** The statuses of a session. Stale is derived from the deadlines, never stored. */
export const SESSION_STATUSES = {
  idle: { glyph: '○', colour: 'cyan', means: 'no agent holds it' },
  running: { glyph: '▶', colour: 'blue', means: 'an agent holds it under a lease' },
  closed: { glyph: '□', colour: 'dim', means: 'closed; a new or retried task opens it again' },
} as const satisfies Record<string, StatusFacts>;

/** The status of a session. */
export type SessionStatus = keyof typeof SESSION_STATUSES;

/** The statuses of a task that has ended: only a retry by hand can change it. */
export type EndedStatus = {
  [Status in TaskStatus]: (typeof TASK_STATUSES)[Status]['phase'] extends 'ended' ? Status : never;
}[TaskStatus];

/** In the order of a task's life. */
export const TASK_STATUS_NAMES = Object.keys(TASK_STATUSES) as [TaskStatus, ...TaskStatus[]];

/** In the order of a session's life. */
export const SESSION_STATUS_NAMES = Object.keys(SESSION_STATUSES) as [SessionStatus, ...SessionStatus[]];

/** The statuses of a task that is open, and that no agent holds. */
export const PENDING_STATUSES = TASK_STATUS_NAMES.filter((status) => isPending(status));

/** The statuses of a task that has ended. */
export const ENDED_STATUS_NAMES = TASK_STATUS_NAMES.filter((status) => isEnded(status));

/** The statuses of dead letters. */
export const DEAD_LETTER_STATUSES = TASK_STATUS_NAMES.filter((status) => isDeadLetter(status));

/** Whether a task with this status is a dead letter. */
export function isDeadLetter(status: TaskStatus): boolean {
  return factsOf(status).deadLetter === true;
}

/** Whether the task has ended: only a retry by hand can change it. */
export function isEnded(status: TaskStatus): status is EndedStatus {
  return phaseOf(status) === 'ended';
}

/** Whether the task is open, and no agent holds it. */
export function isPending(status: TaskStatus): boolean {
  return phaseOf(status) === 'pending';
}

/**
 * Where in its life a task with this status is.
 *
 * @throws `STORE_CORRUPT` for a word that only another program can have written into the database
 */
export function phaseOf(status: TaskStatus): TaskStatusFacts['phase'] {
  return factsOf(status).phase;
}

function factsOf(status: TaskStatus): TaskStatusFacts {
  if (Object.hasOwn(TASK_STATUSES, status)) return TASK_STATUSES[status];
  throw new OrchestratorError(
    'STORE_CORRUPT',
    `A task has the status ${JSON.stringify(status)}, which does not exist.`,
  );
}

/** A count of zero for each status of a task. */
export function noTasks(): Record<TaskStatus, number> {
  return Object.fromEntries(TASK_STATUS_NAMES.map((status) => [status, 0])) as Record<TaskStatus, number>;
}

/** A count of zero for each status of a session. */
export function noSessions(): Record<SessionStatus, number> {
  return Object.fromEntries(SESSION_STATUS_NAMES.map((status) => [status, 0])) as Record<SessionStatus, number>;
}
