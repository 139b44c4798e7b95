import type { Event, EventPayloads, TaskStatus } from '@agent-orchestrator/core';
import { payloadOf } from './history.ts';

/**
 * A second implementation of the replay, as small as the invariants need it: a check of the rules must not use them. It
 * sees no time pass, so scheduled work counts as waiting.
 */
export interface TaskState {
  readonly id: string;
  readonly status: 'waiting' | Exclude<TaskStatus, 'scheduled' | 'queued'>;
  readonly kind: string;
  readonly priority: number;
  readonly runAt: number | null;
  readonly queuedAt: number;
  readonly assignee: string | null;
  readonly role: string | null;
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
      task.status === 'waiting' &&
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
      return task?.status === 'waiting'
        ? { task: { ...task, runAt, queuedAt: runAt } }
        : `gives another time to a task that is ${task?.status ?? 'unknown'}`;
    }
    case 'task.retried':
      if (session.status === 'closed') return 'retries a task in a closed session';
      return task?.status === 'failed' || task?.status === 'cancelled'
        ? { task: { ...task, status: 'waiting', runAt: null, queuedAt: event.at } }
        : `retries a task that is ${task?.status ?? 'unknown'}`;
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
  if (task?.status !== 'waiting') return `grants a task that is ${task?.status ?? 'unknown'}`;
  // A task that was scheduled once may be due and not yet made claimable: it cannot be told here.
  const ahead = [...session.tasks.values()].find(
    (other) => other.status === 'waiting' && other.runAt === null && isBefore(other, task),
  );
  if (ahead !== undefined) return `grants a task before ${ahead.id}, which is the head`;
  return { session: { status: 'running', runningTaskId: task.id }, task: { ...task, status: 'running' } };
}

function leaseEnded(session: SessionState, task: TaskState | undefined, event: Event): Change | string {
  if (session.status !== 'running' || task === undefined || session.runningTaskId !== task.id)
    return 'ends a lease that is not the open one';
  return { session: { status: 'idle', runningTaskId: null }, task: ended(task, event) };
}

/** After a crash, or a cancellation, of a task that waits. */
function endedWaiting(task: TaskState | undefined, event: Event): Change | string {
  if (event.type !== 'task.cancelled' && event.type !== 'task.failed') return 'ends no lease';
  return task?.status === 'waiting' ? { task: ended(task, event) } : `ends a task that is ${task?.status ?? 'unknown'}`;
}

function ended(task: TaskState, event: Event): TaskState {
  switch (event.type) {
    case 'task.succeeded':
      return { ...task, status: 'succeeded' };
    case 'task.cancelled':
      return { ...task, status: 'cancelled' };
    case 'task.failed': {
      const { run_at: runAt, occurred_at: at = event.at } = payloadOf(event, 'task.failed');
      if (runAt === null) return { ...task, status: 'failed' };
      return { ...task, status: 'waiting', runAt, queuedAt: Math.max(runAt, at) };
    }
    case 'task.handed_off': {
      const { assignee, role } = payloadOf(event, 'task.handed_off');
      return { ...task, status: 'waiting', assignee, role };
    }
    default:
      return { ...task, status: 'waiting' };
  }
}

function queued(event: Event): TaskState {
  const { kind, priority, run_at: runAt, assignee, role, occurred_at: at = event.at } = payloadOf(event, 'task.queued');
  const queuedAt = Math.max(runAt ?? 0, at);
  return { id: event.taskId ?? '', status: 'waiting', kind, priority, runAt, queuedAt, assignee, role };
}

function isOpen({ status }: TaskState): boolean {
  return status === 'waiting' || status === 'running';
}
