import { isEnded, type EndedStatus, type TaskStatus } from './statuses.ts';

/**
 * What becomes of a task if one that it depends on fails as a dead letter or is cancelled: it stays blocked until that
 * one is retried and succeeds (`block`), it is cancelled as well (`cancel`), or it runs all the same (`run`).
 */
export const DEPENDENCY_POLICIES = ['block', 'cancel', 'run'] as const;

export type OnDependencyFailure = (typeof DEPENDENCY_POLICIES)[number];

/** That a task depends on another one. It is never removed; a holder that waits for the other one again reopens it. */
export interface Dependency {
  readonly namespace: string;
  /** The task that waits. */
  readonly taskId: string;
  /** The task that it waits for. */
  readonly dependencyId: string;
  /** The policy of the task that waits. */
  readonly onDependencyFailure: OnDependencyFailure;
  /** How the other one had ended when the task stopped waiting for it; null: the task waits for it. */
  readonly ended: EndedStatus | null;
}

/**
 * That a task has ended for which another one waits, until `settle` has told the other one. Ending a task adds one for
 * each task that waits for it, in the same unit of work; no row of the other ones is touched then.
 */
export interface DependencyEnd {
  readonly namespace: string;
  readonly taskId: string;
  readonly dependencyId: string;
  /** The number of the event that ended it, in the stream of its session. */
  readonly seq: number;
  readonly status: EndedStatus;
}

/** Whether a task waits for others: it is blocked, or its holder gave it back until they have ended. */
export function waitsForTasks({
  status,
  openDependencies,
}: {
  readonly status: TaskStatus;
  readonly openDependencies: number | null;
}): boolean {
  return (openDependencies ?? 0) > 0 && !isEnded(status);
}

/** Whether the end of a dependency lets the task continue that waits for it. */
export function isFulfilledBy(status: EndedStatus, policy: OnDependencyFailure): boolean {
  return status === 'succeeded' || policy === 'run';
}

/** The policies under which a task has to be told that its dependency ended so: under `block`, only of a success. */
export function policiesToldOf(status: EndedStatus): readonly OnDependencyFailure[] {
  return status === 'succeeded' ? DEPENDENCY_POLICIES : ['cancel', 'run'];
}
