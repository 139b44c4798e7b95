import type { EventType } from './events.ts';
import type { SessionStatus } from '../model/statuses.ts';
import type { TaskStatus } from '../model/statuses.ts';

/** The commands that change something. */
export type CommandName =
  | 'enqueue'
  | 'claim'
  | 'heartbeat'
  | 'checkpoint'
  | 'release'
  | 'recover'
  | 'cancel'
  | 'retry'
  | 'close';

interface Transition<Status> {
  /** null: there was nothing before. */
  readonly from: Status | null;
  readonly to: Status;
  /** null: time alone causes it. */
  readonly event: EventType | null;
  /** null: no command of its own causes it. */
  readonly command: CommandName | null;
  /** Whether only the lease's holder can make it happen. */
  readonly lease: boolean;
}

/**
 * The life of a task. A transition that is not in this table cannot happen: `evolve` refuses it, and the conformance
 * suite tries every other pair of status and command. The diagram of the documentation is made from it.
 */
export const TASK_TRANSITIONS: readonly Transition<TaskStatus>[] = [
  { from: null, to: 'queued', event: 'task.queued', command: 'enqueue', lease: false },
  { from: null, to: 'scheduled', event: 'task.queued', command: 'enqueue', lease: false },
  { from: 'scheduled', to: 'queued', event: null, command: null, lease: false },
  // Part of every command that may end leases of others, after the clock was set back.
  { from: 'scheduled', to: 'scheduled', event: 'task.rescheduled', command: null, lease: false },
  { from: 'queued', to: 'running', event: 'task.claimed', command: 'claim', lease: false },
  { from: 'running', to: 'running', event: 'session.checkpointed', command: 'checkpoint', lease: true },
  { from: 'running', to: 'succeeded', event: 'task.succeeded', command: 'release', lease: true },
  { from: 'running', to: 'scheduled', event: 'task.failed', command: 'release', lease: true },
  { from: 'running', to: 'failed', event: 'task.failed', command: 'release', lease: true },
  { from: 'running', to: 'queued', event: 'task.released', command: 'release', lease: true },
  { from: 'running', to: 'queued', event: 'task.handed_off', command: 'release', lease: true },
  { from: 'running', to: 'cancelled', event: 'task.cancelled', command: 'release', lease: true },
  { from: 'running', to: 'queued', event: 'task.recovered', command: 'recover', lease: false },
  { from: 'running', to: 'queued', event: 'task.recovered', command: 'claim', lease: false },
  { from: 'running', to: 'queued', event: 'lease.taken_over', command: 'claim', lease: false },
  { from: 'running', to: 'running', event: 'task.cancel_requested', command: 'cancel', lease: false },
  { from: 'queued', to: 'cancelled', event: 'task.cancelled', command: 'cancel', lease: false },
  { from: 'scheduled', to: 'cancelled', event: 'task.cancelled', command: 'cancel', lease: false },
  { from: 'queued', to: 'cancelled', event: 'task.cancelled', command: 'close', lease: false },
  { from: 'scheduled', to: 'cancelled', event: 'task.cancelled', command: 'close', lease: false },
  // After a crash: requeued first, then ended at once if its cancellation was requested or no interruption is left.
  { from: 'queued', to: 'cancelled', event: 'task.cancelled', command: 'recover', lease: false },
  { from: 'queued', to: 'cancelled', event: 'task.cancelled', command: 'claim', lease: false },
  { from: 'queued', to: 'failed', event: 'task.failed', command: 'recover', lease: false },
  { from: 'queued', to: 'failed', event: 'task.failed', command: 'claim', lease: false },
  { from: 'failed', to: 'queued', event: 'task.retried', command: 'retry', lease: false },
  { from: 'cancelled', to: 'queued', event: 'task.retried', command: 'retry', lease: false },
];

/** The life of a session. A session is `running` exactly while it is held. */
export const SESSION_TRANSITIONS: readonly Transition<SessionStatus>[] = [
  { from: null, to: 'idle', event: 'session.opened', command: 'enqueue', lease: false },
  { from: 'closed', to: 'idle', event: 'session.opened', command: 'enqueue', lease: false },
  { from: 'closed', to: 'idle', event: 'session.opened', command: 'retry', lease: false },
  { from: 'idle', to: 'running', event: 'task.claimed', command: 'claim', lease: false },
  { from: 'running', to: 'idle', event: 'task.succeeded', command: 'release', lease: true },
  { from: 'running', to: 'idle', event: 'task.failed', command: 'release', lease: true },
  { from: 'running', to: 'idle', event: 'task.released', command: 'release', lease: true },
  { from: 'running', to: 'idle', event: 'task.handed_off', command: 'release', lease: true },
  { from: 'running', to: 'idle', event: 'task.cancelled', command: 'release', lease: true },
  { from: 'running', to: 'idle', event: 'task.recovered', command: 'recover', lease: false },
  { from: 'running', to: 'idle', event: 'task.recovered', command: 'claim', lease: false },
  { from: 'running', to: 'idle', event: 'lease.taken_over', command: 'claim', lease: false },
  { from: 'idle', to: 'closed', event: 'session.closed', command: 'close', lease: false },
  { from: 'idle', to: 'closed', event: 'session.closed', command: 'release', lease: false },
  { from: 'idle', to: 'closed', event: 'session.closed', command: 'cancel', lease: false },
  { from: 'idle', to: 'closed', event: 'session.closed', command: 'recover', lease: false },
  { from: 'idle', to: 'closed', event: 'session.closed', command: 'claim', lease: false },
];

/**
 * The status of its task that an event leads to; null: it leaves the status as it is. What events of today lead to
 * never changes: logs are full of them, and a replay must come to the rows that they left.
 */
export function statusAfter(type: 'task.queued', payload: object): TaskStatus;
export function statusAfter(type: EventType, payload: object): TaskStatus | null;
export function statusAfter(type: EventType, payload: object): TaskStatus | null {
  const later = 'run_at' in payload && payload.run_at !== null;
  switch (type) {
    case 'task.queued':
      return later ? 'scheduled' : 'queued';
    case 'task.claimed':
      return 'running';
    case 'task.succeeded':
      return 'succeeded';
    case 'task.failed':
      return later ? 'scheduled' : 'failed';
    case 'task.cancelled':
      return 'cancelled';
    case 'task.released':
    case 'task.handed_off':
    case 'task.recovered':
    case 'lease.taken_over':
    case 'task.retried':
      return 'queued';
    default:
      return null;
  }
}

/** The events that change a task's status. */
export const STATUS_EVENTS: readonly EventType[] = [
  ...new Set(TASK_TRANSITIONS.flatMap(({ from, to, event }) => (from === to ? [] : (event ?? [])))),
];

const taskPaths = pathsOf(TASK_TRANSITIONS);
const sessionPaths = pathsOf(SESSION_TRANSITIONS);

/** Whether an event may cause this change of a task. A replay sees no time pass, so scheduled work counts as queued. */
export function isTaskTransition(event: EventType, from: TaskStatus | null, to: TaskStatus): boolean {
  return taskPaths.has(path(event, from, to)) || (from === 'scheduled' && taskPaths.has(path(event, 'queued', to)));
}

/** Whether an event may cause this change of a session. */
export function isSessionTransition(event: EventType, from: SessionStatus | null, to: SessionStatus): boolean {
  return sessionPaths.has(path(event, from, to));
}

/** Whether an event changes a task; then it names one. */
export function movesTask(event: EventType): boolean {
  return TASK_TRANSITIONS.some((row) => row.event === event);
}

function pathsOf(transitions: readonly Transition<string>[]): ReadonlySet<string> {
  return new Set(transitions.map(({ event, from, to }) => path(event, from, to)));
}

function path(event: EventType | null, from: string | null, to: string): string {
  return `${event}:${from}:${to}`;
}
