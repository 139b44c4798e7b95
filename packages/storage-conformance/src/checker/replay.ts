import type { Event, EventPayloads, TaskStatus } from '@agent-orchestrator/core';
import { payloadOf } from './history.ts';

/**
 * A second implementation of the replay, as small as the invariants need it: a check of the rules must not use them. It
 * sees no time pass, so scheduled work counts as waiting.
 */
export interface TaskState {
  readonly id: string;
  readonly status: 'pending' | Exclude<TaskStatus, 'scheduled' | 'queued'>;
  readonly kind: string;
  readonly priority: number;
  readonly runAt: number | null;
  readonly queuedAt: number;
  readonly assignee: string | null;
  readonly role: string | null;
  readonly review: ReviewState | null;
  /** How many tasks it waits for. */
  readonly openDependencies: number;
  /** Whether it waits for an answer. */
  readonly asks: boolean;
  /** Its hand-off, until an agent claims it or it goes back: who handed it off, and when it goes back. */
  readonly handOff: { readonly by: string | null; readonly returnAt: number | null } | null;
}

interface ReviewState {
  /** The work. */
  readonly of: string;
  readonly role: string;
  /** The event that made the review. */
  readonly queuedBy: number;
  /** The agents that gave their verdict on another review of the round. */
  readonly judgedBy: readonly string[];
}

/** A session after one of its events. */
export interface Step {
  readonly event: Event;
  /** Why the event is illegal at its place; the replay ends with it. */
  readonly problem: string | null;
  /** As the event left it. */
  readonly session: SessionState;
}

export interface SessionState {
  readonly status: 'none' | 'idle' | 'running' | 'closed';
  readonly runningTaskId: string | null;
  /** The last checkpoint. */
  readonly context: EventPayloads['session.checkpointed'] | null;
  readonly tasks: ReadonlyMap<string, TaskState>;
}

/**
 * Replays one session's events in order, until one is illegal at its place. The state is only valid until the next
 * step.
 */
export function* replay(events: readonly Event[]): Generator<Step> {
  const tasks = new Map<string, TaskState>();
  let session: Omit<SessionState, 'tasks'> = { status: 'none', runningTaskId: null, context: null };
  for (const event of events) {
    const before = event.taskId === null ? undefined : tasks.get(event.taskId);
    const next = after({ ...session, tasks }, before, event);
    if (typeof next === 'string') {
      yield { event, problem: next, session: { ...session, tasks } };
      return;
    }
    session = { ...session, ...next.session };
    if (next.task !== undefined) tasks.set(next.task.id, next.task);
    yield { event, problem: null, session: { ...session, tasks } };
  }
}

/** The first of those that wait and are due, at a time. */
export function headAt({ tasks }: SessionState, at: number): TaskState | null {
  let head: TaskState | null = null;
  for (const task of tasks.values())
    if (
      task.status === 'pending' &&
      (task.runAt === null || task.runAt <= at) &&
      (head === null || isBefore(task, head))
    )
      head = task;
  return head;
}

function isBefore(a: TaskState, b: TaskState): boolean {
  if (a.priority !== b.priority) return a.priority < b.priority;
  if (a.queuedAt !== b.queuedAt) return a.queuedAt < b.queuedAt;
  // By code point: the order of the UTF-8 bytes. Core's own comparison is not used here.
  return Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)) < 0;
}

interface Change {
  readonly session?: Partial<SessionState>;
  readonly task?: TaskState;
}

/** What the event changes, or why it cannot. */
function after(session: SessionState, task: TaskState | undefined, event: Event): Change | string {
  if (event.type === 'session.opened')
    return session.status === 'idle' || session.status === 'running'
      ? 'opens an open session'
      : { session: reopened(session, event) };
  if (session.status === 'none') return 'is in a session that was not opened';
  switch (event.type) {
    case 'session.closed':
      if (session.status !== 'idle') return `closes a session that is ${session.status}`;
      if ([...session.tasks.values()].some(isOpen)) return 'closes a session in which a task is open';
      return { session: { status: 'closed' } };
    case 'session.checkpointed':
      return session.status === 'running'
        ? { session: { context: payloadOf(event, 'session.checkpointed') } }
        : 'saves a context in a session without a holder';
    case 'clock.jumped':
      return session.status === 'running' ? {} : 'moves the deadlines of a session without a holder';
    case 'task.queued':
      if (session.status === 'closed') return 'queues a task in a closed session';
      return task === undefined ? { task: queued(event) } : 'queues a task that was queued before';
    case 'task.claimed':
      return claimed(session, task);
    case 'task.rescheduled': {
      const { run_at: runAt } = payloadOf(event, 'task.rescheduled');
      return task?.status === 'pending'
        ? { task: { ...task, runAt, queuedAt: runAt } }
        : `gives another time to a task that is ${task?.status ?? 'unknown'}`;
    }
    case 'task.handed_back':
      return handedBack(task, event);
    case 'task.return_rescheduled':
      return returnMoved(task, event);
    case 'task.dependency_ended':
      return dependencyEnded(task, event);
    case 'task.retried':
      if (session.status === 'closed') return 'retries a task in a closed session';
      if (task !== undefined && task.openDependencies !== (payloadOf(event, 'task.retried').open_dependencies ?? 0))
        return 'retries a task and counts its open dependencies wrong';
      return task?.status === 'failed' || task?.status === 'cancelled'
        ? { task: { ...task, status: waitsOrBlocked(task), asks: false, runAt: null, queuedAt: event.at } }
        : `retries a task that is ${task?.status ?? 'unknown'}`;
    case 'task.answered':
      return answered(task, event);
    case 'task.approved': {
      if (task?.status !== 'in_review') return `approves a task that is ${task?.status ?? 'unknown'}`;
      return { task: { ...task, status: payloadOf(event, 'task.approved').done ? 'succeeded' : 'in_review' } };
    }
    case 'task.changes_requested': {
      if (task?.status !== 'in_review') return `asks for changes of a task that is ${task?.status ?? 'unknown'}`;
      return { task: { ...task, status: payloadOf(event, 'task.changes_requested').final ? 'failed' : 'pending' } };
    }
    case 'task.reviewer_excluded':
      return reviewerExcluded(task, event);
    case 'task.cancel_requested':
      return task?.status === 'running' ? {} : `asks to cancel a task that is ${task?.status ?? 'unknown'}`;
    case 'lease.refused':
    case 'legacy.event':
      return {};
    default:
      return event.leaseEffect === 'ended' ? leaseEnded(session, task, event) : endedWaiting(task, event);
  }
}

/** An imported session begins with a context. */
function reopened(session: SessionState, event: Event): Partial<SessionState> {
  const { context } = payloadOf(event, 'session.opened');
  return { status: 'idle', ...(session.status === 'none' && context !== undefined && { context }) };
}

function claimed(session: SessionState, task: TaskState | undefined): Change | string {
  if (session.status !== 'idle') return `is granted in a session that is ${session.status}`;
  if (task?.status !== 'pending') return `grants a task that is ${task?.status ?? 'unknown'}`;
  // A task that was scheduled once may be due and not yet made claimable: it cannot be told here.
  const ahead = [...session.tasks.values()].find(
    (other) => other.status === 'pending' && other.runAt === null && isBefore(other, task),
  );
  if (ahead !== undefined) return `grants a task before ${ahead.id}, which is the head`;
  return {
    session: { status: 'running', runningTaskId: task.id },
    task: { ...task, status: 'running', handOff: null },
  };
}

function leaseEnded(session: SessionState, task: TaskState | undefined, event: Event): Change | string {
  if (session.status !== 'running' || task === undefined || session.runningTaskId !== task.id)
    return 'ends a lease that is not the open one';
  return { session: { status: 'idle', runningTaskId: null }, task: ended(task, event) };
}

/** A review that was for the agent which is kept from it is for its role. */
function reviewerExcluded(task: TaskState | undefined, event: Event): Change | string {
  const { reviewer, role } = payloadOf(event, 'task.reviewer_excluded');
  if (task === undefined || task.status === 'succeeded' || task.status === 'cancelled')
    return `keeps a reviewer from a task that is ${task?.status ?? 'unknown'}`;
  if (task.review === null) return 'keeps a reviewer from a task that is no review';
  const excluded = { ...task, review: { ...task.review, judgedBy: [...task.review.judgedBy, reviewer] } };
  if (role !== (task.assignee === reviewer ? task.review.role : undefined))
    return 'is wrong about whom a review is for';
  return { task: role === undefined ? excluded : { ...excluded, assignee: null, role, handOff: null } };
}

/**
 * Only what was handed off for a time goes back, only to its sender, and not before its time. A review goes to its role
 * instead if the sender may not judge it any more.
 */
function handedBack(task: TaskState | undefined, event: Event): Change | string {
  const { assignee, role, return_at: returnAt } = payloadOf(event, 'task.handed_back');
  const handOff = task?.handOff ?? null;
  if (task === undefined || handOff === null) return 'returns a task that was not handed off';
  const isJudge = task.review?.judgedBy.includes(handOff.by ?? '') === true;
  const to = isJudge ? { assignee: null, role: task.review?.role } : { assignee: handOff.by, role: null };
  if (assignee !== to.assignee || role !== to.role) return 'returns a task to another agent than its sender';
  if (returnAt !== handOff.returnAt || event.at < returnAt) return 'returns a task at another time than it was to';
  return { task: { ...task, assignee, role, handOff: null } };
}

function returnMoved(task: TaskState | undefined, event: Event): Change | string {
  const { return_at: returnAt } = payloadOf(event, 'task.return_rescheduled');
  const handOff = task?.handOff ?? null;
  if (task === undefined || handOff === null || handOff.returnAt === null)
    return 'gives another time to return to a task that is not to return';
  return { task: { ...task, handOff: { ...handOff, returnAt } } };
}

function answered(task: TaskState | undefined, event: Event): Change | string {
  if (task?.status !== 'waiting') return `answers a task that is ${task?.status ?? 'unknown'}`;
  if (task.openDependencies !== (payloadOf(event, 'task.answered').open_dependencies ?? 0))
    return 'answers a task and counts its open dependencies wrong';
  return { task: { ...task, asks: false, status: task.openDependencies > 0 ? 'waiting' : 'pending' } };
}

/** A task that waits, or a cancelled one, waits for one task less. */
function dependencyEnded(task: TaskState | undefined, event: Event): Change | string {
  const { open_dependencies: open, run_at: runAt, ...flags } = payloadOf(event, 'task.dependency_ended');
  const { after_end: afterEnd = false, still_asks: stillAsks = false } = flags;
  const fits = afterEnd ? task?.status === 'cancelled' : task?.status === 'blocked' || task?.status === 'waiting';
  if (task === undefined || !fits) return `tells a task of a dependency that is ${task?.status ?? 'unknown'}`;
  if (task.openDependencies !== open + 1) return 'counts the open dependencies wrong';
  if (!afterEnd && stillAsks !== task.asks) return 'is wrong about an open question';
  const moved = task.runAt === null || runAt === null ? 0 : runAt - task.runAt;
  const next = { ...task, openDependencies: open, runAt, queuedAt: task.queuedAt + moved };
  if (afterEnd) return { task: next };
  if (task.status === 'waiting') return { task: { ...next, status: open > 0 || task.asks ? 'waiting' : 'pending' } };
  return { task: { ...next, status: waitsOrBlocked(next) } };
}

function waitsOrBlocked({ openDependencies }: TaskState): 'pending' | 'blocked' {
  return openDependencies > 0 ? 'blocked' : 'pending';
}

/** After a crash, or a cancellation, of a task that waits. */
function endedWaiting(task: TaskState | undefined, event: Event): Change | string {
  if (event.type !== 'task.cancelled' && event.type !== 'task.failed') return 'ends no lease';
  const isAside = task?.status === 'waiting' || task?.status === 'in_review' || task?.status === 'blocked';
  const mayEnd = task?.status === 'pending' || (isAside && event.type === 'task.cancelled');
  return mayEnd ? { task: ended(task, event) } : `ends a task that is ${task?.status ?? 'unknown'}`;
}

function ended(task: TaskState, event: Event): TaskState {
  switch (event.type) {
    case 'task.succeeded':
      return { ...task, status: 'succeeded' };
    case 'task.review_requested':
      return { ...task, status: 'in_review' };
    case 'task.cancelled':
      return { ...task, status: 'cancelled', handOff: null };
    case 'task.failed': {
      const { run_at: runAt, occurred_at: at = event.at } = payloadOf(event, 'task.failed');
      if (runAt === null) return { ...task, status: 'failed' };
      return { ...task, status: 'pending', runAt, queuedAt: Math.max(runAt, at) };
    }
    case 'task.handed_off': {
      const { assignee, role, return_at: returnAt = null } = payloadOf(event, 'task.handed_off');
      return { ...task, status: 'pending', assignee, role, handOff: { by: event.agent, returnAt } };
    }
    case 'task.asked':
      return { ...task, status: 'waiting', asks: true, ...awaited(payloadOf(event, 'task.asked')) };
    case 'task.waiting': {
      const { openDependencies } = awaited(payloadOf(event, 'task.waiting'));
      return { ...task, status: openDependencies > 0 ? 'waiting' : 'pending', openDependencies };
    }
    default:
      return { ...task, status: 'pending' };
  }
}

/** How many tasks it waits for from this event on. */
function awaited({
  depends_on: all = [],
  dependencies_ended: endedOnes = {},
}: Pick<EventPayloads['task.queued'], 'depends_on' | 'dependencies_ended'>): { readonly openDependencies: number } {
  return { openDependencies: all.length - Object.keys(endedOnes).length };
}

function queued(event: Event): TaskState {
  const { kind, priority, run_at: runAt, assignee, role, occurred_at: at = event.at } = payloadOf(event, 'task.queued');
  const { openDependencies } = awaited(payloadOf(event, 'task.queued'));
  const { review_of: of } = payloadOf(event, 'task.queued');
  const queuedAt = Math.max(runAt ?? 0, at);
  return {
    id: event.taskId ?? '',
    status: openDependencies > 0 ? 'blocked' : 'pending',
    kind,
    priority,
    runAt,
    queuedAt,
    assignee,
    role,
    handOff: null,
    review: of === undefined ? null : { of: of.task_id, role: of.role, queuedBy: event.id, judgedBy: [] },
    openDependencies,
    asks: false,
  };
}

function isOpen({ status }: TaskState): boolean {
  return status !== 'succeeded' && status !== 'failed' && status !== 'cancelled';
}
