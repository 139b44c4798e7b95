import type { JsonText } from './json.ts';
import type { TaskStatus } from './statuses.ts';
import type { TaskTexts } from './task-texts.ts';
import { compareCodePoints } from './text.ts';

/** One unit of work in a session. Times are milliseconds since 1970, UTC. */
export interface Task extends TaskTexts {
  readonly namespace: string;
  readonly id: string;
  /** For people, as `t42`; unique in the database. */
  readonly number: number;
  readonly sessionId: string;
  readonly kind: string;
  readonly title: string;
  readonly payload: JsonText;
  /** Smaller first. */
  readonly priority: number;
  readonly status: TaskStatus;
  /** Unique in its namespace, whatever the task's status. */
  readonly dedupeKey: string | null;
  /** Not to be claimed before. */
  readonly runAt: number | null;
  /** When it was queued, or `runAt` if that is later: its age in the queue. */
  readonly queuedAt: number;
  /** The number of the current or last attempt; an attempt that was interrupted or given back does not count. */
  readonly attempt: number;
  readonly attemptsMax: number;
  /** Leases on it that were lost to a crash. */
  readonly interruptions: number;
  readonly interruptionsMax: number;
  /** The pause after the first failed attempt; it doubles with each further one. */
  readonly backoffMs: number;
  /** Who alone may claim it: an agent, or whoever has the role. At most one of the two is set. */
  readonly assignee: string | null;
  readonly role: string | null;
  /** What the last holder said when handing it on. */
  readonly note: string | null;
  readonly cancelRequestedAt: number | null;
  readonly result: JsonText | null;
  readonly error: JsonText | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly version: number;
}

/**
 * The columns of a task that move. The others, its payload among them, are as they were said when it was queued: storages
 * never write them again, and receipts need not keep them.
 */
export const MOVING_TASK_FIELDS = [
  'status',
  'runAt',
  'queuedAt',
  'attempt',
  'interruptions',
  'assignee',
  'role',
  'note',
  'cancelRequestedAt',
  'result',
  'error',
  'startedAt',
  'finishedAt',
  'version',
] as const satisfies readonly (keyof Task)[];

/** The columns of a task that move without an event. */
export const UNLOGGED_TASK_FIELDS = ['version'] as const satisfies readonly (keyof Task)[];

/** The order of a session's queue, and of heads among sessions: priority, then age, then id. */
export function compareInQueue(
  a: Pick<Task, 'priority' | 'queuedAt' | 'id'>,
  b: Pick<Task, 'priority' | 'queuedAt' | 'id'>,
): number {
  return a.priority - b.priority || a.queuedAt - b.queuedAt || compareCodePoints(a.id, b.id);
}

/**
 * Whom a task waits for, as one word that an index can hold: `''` for anybody, `agent:NAME`, `role:NAME`.
 * Storages keep it of each session's head in `next_for`.
 */
export function addresseeOf(task: Pick<Task, 'assignee' | 'role'>): string {
  if (task.assignee !== null) return `agent:${task.assignee}`;
  return task.role === null ? '' : `role:${task.role}`;
}

/** What the claim's index holds of a session's head: the `next_*` columns. */
export interface NextHead {
  readonly taskId: string;
  readonly priority: number;
  readonly queuedAt: number;
  readonly kind: string;
  readonly addressee: string;
}

/** What the index should hold of a head. */
export function nextHeadOf(task: Task): NextHead {
  const { id: taskId, priority, queuedAt, kind } = task;
  return { taskId, priority, queuedAt, kind, addressee: addresseeOf(task) };
}

/** All the addressees whose tasks an agent may claim. */
export function addresseesOf(agent: string, roles: readonly string[]): string[] {
  return ['', `agent:${agent}`, ...roles.map((role) => `role:${role}`)];
}
