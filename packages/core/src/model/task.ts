import type { OnDependencyFailure } from './dependency.ts';
import type { JsonText } from './json.ts';
import type { Question } from './question.ts';
import type { ReviewFields } from './review.ts';
import { isEnded, type TaskStatus } from './statuses.ts';
import type { TaskTexts } from './task-texts.ts';
import { compareCodePoints } from './text.ts';

/** One unit of work in a session. Times are milliseconds since 1970, UTC. */
export interface Task extends TaskTexts, Question, ReviewFields {
  readonly namespace: string;
  readonly id: string;
  /** The number for people, as `t42`; unique in the database. */
  readonly number: number;
  readonly sessionId: string;
  readonly kind: string;
  readonly title: string;
  readonly payload: JsonText;
  /** Smaller first. */
  readonly priority: number;
  readonly status: TaskStatus;
  /** Unique in its namespace among the tasks that hold their keys (see `holdsDedupeKey`). */
  readonly dedupeKey: string | null;
  /** The task cannot be claimed before this time. */
  readonly runAt: number | null;
  /** When the delay until `runAt` began; null: `runAt` was not asked for as a delay. */
  readonly delayedAt: number | null;
  /** When it was queued, or `runAt` if that is later. Its age in the queue counts from here. */
  readonly queuedAt: number;
  /** The number of the current or last attempt; an attempt that was interrupted or given back does not count. */
  readonly attempt: number;
  readonly attemptsMax: number;
  /** How many of its leases were lost to a crash. */
  readonly interruptions: number;
  readonly interruptionsMax: number;
  /** The pause after the first failed attempt; it doubles with each further one. */
  readonly backoffMs: number;
  /** The only agent, or the only role, that may claim it. At most one of the two is set. */
  readonly assignee: string | null;
  readonly role: string | null;
  /** The note of the last holder that released it or handed it off. */
  readonly note: string | null;
  readonly cancelRequestedAt: number | null;
  readonly result: JsonText | null;
  readonly error: JsonText | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** The agent that handed the task off; null: no agent did, or another one has claimed it since. */
  readonly handedOffBy: string | null;
  /** When it was handed off. With `returnAt`, the time until that counts from here. */
  readonly handedOffAt: number | null;
  /** When it goes back to that agent, if no agent has claimed it; null: never, or it has gone back. */
  readonly returnAt: number | null;
  /** The addressee that did not claim it in time (see `addresseeOf`), after it went back; otherwise null. */
  readonly returnedFrom: string | null;
  readonly version: number;
  /** `open`: the task holds its dedupe key until it ends; null: as long as it is kept, or it has no key. */
  readonly dedupeWhile: 'open' | null;
  /** How many of the tasks that it depends on have not ended as its policy asks; null: it depends on none. */
  readonly openDependencies: number | null;
  /** What becomes of it if one of them fails or is cancelled; null: it depends on none. */
  readonly onDependencyFailure: OnDependencyFailure | null;
  /** The task of which it is a part. */
  readonly parentId: string | null;
}

/**
 * The columns of a task that change. The others, such as the payload, never change after it was queued: storages do not
 * write them again, and receipts do not keep them. Those that are null for most tasks come last: receipts keep the
 * others alone.
 */
export const MOVING_TASK_FIELDS = [
  'status',
  'queuedAt',
  'attempt',
  'interruptions',
  'version',
  'startedAt',
  'finishedAt',
  'runAt',
  'delayedAt',
  'assignee',
  'role',
  'note',
  'cancelRequestedAt',
  'result',
  'error',
  'handedOffBy',
  'handedOffAt',
  'returnAt',
  'returnedFrom',
  'question',
  'askedAt',
  'askedBy',
  'askedAgent',
  'askedRole',
  'answer',
  'answeredBy',
  'review',
  'openDependencies',
  'reviewOf',
  'onDependencyFailure',
] as const satisfies readonly (keyof Task)[];

/** The columns of a task that change without an event. */
export const UNLOGGED_TASK_FIELDS = ['version'] as const satisfies readonly (keyof Task)[];

/** Whether the task holds its dedupe key now: no other task of the namespace can be added with it. */
export function holdsDedupeKey({
  dedupeKey,
  dedupeWhile,
  status,
}: Pick<Task, 'dedupeKey' | 'dedupeWhile' | 'status'>): boolean {
  return dedupeKey !== null && (dedupeWhile === null || !isEnded(status));
}

/** The order of a session's queue, and of heads among sessions: priority, then age, then id. */
export function compareInQueue(
  a: Pick<Task, 'priority' | 'queuedAt' | 'id'>,
  b: Pick<Task, 'priority' | 'queuedAt' | 'id'>,
): number {
  return a.priority - b.priority || a.queuedAt - b.queuedAt || compareCodePoints(a.id, b.id);
}

/**
 * The addressee of a task, as one text that an index can hold: `''` (any agent), `agent:NAME` or `role:NAME`.
 * Storages keep the addressee of each session's head in `next_for`.
 */
export function addresseeOf(task: Pick<Task, 'assignee' | 'role'>): string {
  if (task.assignee !== null) return `agent:${task.assignee}`;
  return task.role === null ? '' : `role:${task.role}`;
}

/** Whom the question of a task asks, in the same form. */
export function askedAddressee({ askedAgent, askedRole }: Pick<Task, 'askedAgent' | 'askedRole'>): string {
  return addresseeOf({ assignee: askedAgent, role: askedRole });
}

/** The fields of a session's head in the claim's index: the `next_*` columns. */
export interface NextHead {
  readonly taskId: string;
  readonly priority: number;
  readonly queuedAt: number;
  readonly kind: string;
  readonly addressee: string;
}

/** What its place in the claim's index is made of. */
export type QueueHead = Pick<Task, 'id' | 'priority' | 'queuedAt' | 'kind' | 'assignee' | 'role'>;

/** The index entry for a head. */
export function nextHeadOf(task: QueueHead): NextHead {
  const { id: taskId, priority, queuedAt, kind } = task;
  return { taskId, priority, queuedAt, kind, addressee: addresseeOf(task) };
}

/** All the addressees whose tasks an agent may claim. */
export function addresseesOf(agent: string, roles: readonly string[]): string[] {
  return ['', `agent:${agent}`, ...roles.map((role) => `role:${role}`)];
}

/**
 * Whether a task is for any agent, for this one, or for one of its roles: whether `addresseesOf` has its addressee.
 * Each claim asks it, so no texts are made.
 */
export function isFor(
  { agent, roles }: { readonly agent: string; readonly roles: readonly string[] },
  { assignee, role }: Pick<Task, 'assignee' | 'role'>,
): boolean {
  if (assignee !== null) return assignee === agent;
  return role === null || roles.includes(role);
}
