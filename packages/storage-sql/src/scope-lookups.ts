import type {
  Agent,
  DependencyEnd,
  Event,
  Receipt,
  RelatedTask,
  Session,
  SessionKey,
  Task,
} from '@agent-orchestrator/core';

/** The number of a ready session, and the place of its head among the heads of others. */
export type ReadyKey = readonly [number: number, priority: number, queuedAt: number, taskId: string];

/** A scheduled task whose time has come. */
export interface DueTask {
  readonly number: number;
  readonly runAt: number;
}

/** The look-ups that a storage makes for the scopes, each on one index, in the transaction of the unit of work. */
export interface ScopeLookups {
  receipt(namespace: string, commandId: string): Receipt | undefined;
  session(namespace: string, id: string): Session | undefined;
  sessionOfFence(namespace: string, fence: number): Session | undefined;
  sessionOfNumber(number: number): Session | undefined;
  task(namespace: string, id: string): Task | undefined;
  /** The task that holds the key. */
  taskOfDedupeKey(namespace: string, dedupeKey: string): Task | undefined;
  /** An entry of the registry. */
  agent(namespace: string, name: string): Agent | undefined;
  relatedTask(namespace: string, id: string): RelatedTask | undefined;
  /** The ids of the tasks that it waits for. */
  awaited(namespace: string, id: string): readonly string[];
  /** Whether other tasks depend on it. */
  isDependedOn(task: Task): boolean;
  hasSubtasks(task: Task): boolean;
  /** The first of its queued tasks (see `compareInQueue`). */
  head(session: Session): Task | undefined;
  /** Its tasks that are open and not held, by id. */
  waiting(session: Session, limit: number): readonly Task[];

  /** Idle sessions with a head for the addressee, best first; with a kind, those whose head is of that kind. */
  ready(namespace: string, addressee: string, limit: number): readonly ReadyKey[];
  readyOfKind(namespace: string, addressee: string, kind: string, limit: number): readonly ReadyKey[];
  /** By `staleAt` and id: those that are stale by now. */
  stale(namespace: string, now: number, limit: number): readonly Session[];
  /** What an agent holds, oldest fence first, at most `sweep_page_max`. */
  heldBy(namespace: string, agent: string): readonly Session[];
  /** The held sessions of all namespaces, by namespace and id. */
  heldAfter(after: SessionKey | null, limit: number): readonly Session[];
  /** The scheduled tasks of all namespaces whose delay began after now, the last ones first. */
  delayed(now: number, limit: number): readonly Task[];

  /** The tasks of all namespaces that return at a time and were handed off after now, the last ones first. */
  delayedReturns(now: number, limit: number): readonly Task[];
  /** When the next task of the namespace is due to go back to its sender, and the tasks that are, by time and id. */
  returnAt(namespace: string): number | undefined;
  dueReturns(namespace: string, now: number, limit: number): readonly Task[];

  /** Whether any task of the namespace has an end of a dependency, and those that have, by id. */
  isAnyToTell(namespace: string): boolean;
  tasksToTell(namespace: string, limit: number): readonly Task[];
  /** The ends of dependencies of a task, by dependency and number. */
  dependencyEnds(task: Task, limit: number): readonly DependencyEnd[];
  /** Whether the task waits for the dependency still, and that one has the status of this end still. */
  isOpen(end: DependencyEnd): boolean;
  /** When the next scheduled task is due, of the namespace or of one session. */
  due(namespace: string): number | undefined;
  dueInSession(session: Session): number | undefined;
  /** Queues at most `flipped_tasks_max` tasks of the namespace that are due by now, and updates the heads. */
  queueDue(namespace: string, now: number): void;
  /** The tasks of one session that are due by now, the first first, at most `flipped_tasks_max`. */
  dueTasks(session: Session, now: number): readonly DueTask[];
  /** Queues tasks of one session by their numbers, and updates its head. */
  queueTasks(session: Session, numbers: readonly number[]): void;

  /** The event that had an effect on the lease with this fence. */
  leaseEvent(fence: number, effect: 'granted' | 'ended'): Event | undefined;
  isRefused(fence: number): boolean;
  /** The next event of the session after a number that granted a lease. */
  nextGrant(session: Session, seq: number): Event | undefined;
}
