import { openDependenciesOf } from './dependencies.ts';
import type { EventType } from './events.ts';
import type { SessionStatus } from '../model/statuses.ts';
import type { TaskStatus } from '../model/statuses.ts';
import type { AgentStatus } from '../model/agent.ts';

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
  | 'close'
  | 'answer'
  | 'register_agent'
  | 'drain_agent'
  | 'retire_agent'
  | 'set_agent_policy'
  | 'set_agent_key';

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
  { from: null, to: 'blocked', event: 'task.queued', command: 'enqueue', lease: false },
  // `settle` is no command of a caller: the release of the dependency runs it, or the next claim.
  { from: 'blocked', to: 'blocked', event: 'task.dependency_ended', command: null, lease: false },
  { from: 'blocked', to: 'queued', event: 'task.dependency_ended', command: null, lease: false },
  { from: 'blocked', to: 'scheduled', event: 'task.dependency_ended', command: null, lease: false },
  { from: 'cancelled', to: 'cancelled', event: 'task.dependency_ended', command: null, lease: false },
  { from: 'blocked', to: 'cancelled', event: 'task.cancelled', command: null, lease: false },
  { from: 'blocked', to: 'cancelled', event: 'task.cancelled', command: 'enqueue', lease: false },
  { from: 'blocked', to: 'cancelled', event: 'task.cancelled', command: 'cancel', lease: false },
  { from: 'blocked', to: 'cancelled', event: 'task.cancelled', command: 'close', lease: false },
  { from: 'scheduled', to: 'queued', event: null, command: null, lease: false },
  // Part of every command that may end leases of others, after the clock was set back.
  { from: 'scheduled', to: 'scheduled', event: 'task.rescheduled', command: null, lease: false },
  { from: 'queued', to: 'running', event: 'task.claimed', command: 'claim', lease: false },
  // Before every claim and recovery: a handed-off task that no agent claimed in time goes back to its sender.
  { from: 'queued', to: 'queued', event: 'task.handed_back', command: null, lease: false },
  // Like `task.rescheduled`.
  { from: 'queued', to: 'queued', event: 'task.return_rescheduled', command: null, lease: false },
  { from: 'running', to: 'running', event: 'session.checkpointed', command: 'checkpoint', lease: true },
  { from: 'running', to: 'succeeded', event: 'task.succeeded', command: 'release', lease: true },
  { from: 'running', to: 'in_review', event: 'task.review_requested', command: 'release', lease: true },
  // With it, the reviews are queued; they are cancelled when the round ends without their verdict. That happens to the
  // reviews by their rows of `enqueue` and `cancel`. A verdict needs the lease of the review, which is another task.
  { from: 'in_review', to: 'in_review', event: 'task.approved', command: 'release', lease: false },
  { from: 'in_review', to: 'succeeded', event: 'task.approved', command: 'release', lease: false },
  { from: 'in_review', to: 'queued', event: 'task.changes_requested', command: 'release', lease: false },
  { from: 'in_review', to: 'failed', event: 'task.changes_requested', command: 'release', lease: false },
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
  { from: 'in_review', to: 'cancelled', event: 'task.cancelled', command: 'cancel', lease: false },
  { from: 'in_review', to: 'cancelled', event: 'task.cancelled', command: 'close', lease: false },
  { from: 'queued', to: 'cancelled', event: 'task.cancelled', command: 'close', lease: false },
  { from: 'scheduled', to: 'cancelled', event: 'task.cancelled', command: 'close', lease: false },
  // After a crash: requeued first, then ended at once if its cancellation was requested or no interruption is left.
  { from: 'queued', to: 'cancelled', event: 'task.cancelled', command: 'recover', lease: false },
  { from: 'queued', to: 'cancelled', event: 'task.cancelled', command: 'claim', lease: false },
  { from: 'queued', to: 'failed', event: 'task.failed', command: 'recover', lease: false },
  { from: 'queued', to: 'failed', event: 'task.failed', command: 'claim', lease: false },
  { from: 'failed', to: 'queued', event: 'task.retried', command: 'retry', lease: false },
  { from: 'cancelled', to: 'queued', event: 'task.retried', command: 'retry', lease: false },
  // A question ends the attempt; its answer queues the task again, in its old place.
  { from: 'running', to: 'waiting', event: 'task.asked', command: 'release', lease: true },
  { from: 'waiting', to: 'queued', event: 'task.answered', command: 'answer', lease: false },
  { from: 'waiting', to: 'cancelled', event: 'task.cancelled', command: 'cancel', lease: false },
  { from: 'waiting', to: 'cancelled', event: 'task.cancelled', command: 'close', lease: false },
  { from: 'cancelled', to: 'blocked', event: 'task.retried', command: 'retry', lease: false },
  // A holder can also wait for other tasks; the last one that ends queues the task again, like an answer.
  { from: 'running', to: 'waiting', event: 'task.waiting', command: 'release', lease: true },
  { from: 'running', to: 'queued', event: 'task.waiting', command: 'release', lease: true },
  { from: 'waiting', to: 'waiting', event: 'task.answered', command: 'answer', lease: false },
  { from: 'waiting', to: 'waiting', event: 'task.dependency_ended', command: null, lease: false },
  { from: 'waiting', to: 'queued', event: 'task.dependency_ended', command: null, lease: false },
  { from: 'waiting', to: 'cancelled', event: 'task.cancelled', command: null, lease: false },
  { from: 'waiting', to: 'cancelled', event: 'task.cancelled', command: 'release', lease: false },
];

/** Events that change a task, and leave its status as it is, whichever it is. They belong to no command of a caller. */
const OF_ANY_STATUS: readonly EventType[] = ['task.reviewer_excluded'];

/** The life of a session. A session is `running` exactly while it is held. */
export const SESSION_TRANSITIONS: readonly Transition<SessionStatus>[] = [
  { from: null, to: 'idle', event: 'session.opened', command: 'enqueue', lease: false },
  { from: 'closed', to: 'idle', event: 'session.opened', command: 'enqueue', lease: false },
  { from: 'closed', to: 'idle', event: 'session.opened', command: 'retry', lease: false },
  { from: 'idle', to: 'running', event: 'task.claimed', command: 'claim', lease: false },
  { from: 'running', to: 'idle', event: 'task.succeeded', command: 'release', lease: true },
  { from: 'running', to: 'idle', event: 'task.review_requested', command: 'release', lease: true },
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
  { from: 'idle', to: 'closed', event: 'session.closed', command: 'enqueue', lease: false },
  { from: 'idle', to: 'closed', event: 'session.closed', command: 'recover', lease: false },
  { from: 'idle', to: 'closed', event: 'session.closed', command: 'claim', lease: false },
  { from: 'running', to: 'idle', event: 'task.asked', command: 'release', lease: true },
  { from: 'running', to: 'idle', event: 'task.waiting', command: 'release', lease: true },
];

/** Events of the registry that leave the status of an entry as it is, whichever it is. */
const OF_ANY_AGENT_STATUS: readonly EventType[] = ['agent.key_set', 'agent.signed_roles_set'];

/** The life of an agent in the registry. The entry for all other names (`*`) is active or retired, by its policy. */
export const AGENT_TRANSITIONS: readonly Transition<AgentStatus>[] = [
  { from: null, to: 'active', event: 'agent.registered', command: 'register_agent', lease: false },
  { from: 'active', to: 'active', event: 'agent.registered', command: 'register_agent', lease: false },
  { from: 'draining', to: 'active', event: 'agent.registered', command: 'register_agent', lease: false },
  { from: 'retired', to: 'active', event: 'agent.registered', command: 'register_agent', lease: false },
  { from: 'active', to: 'draining', event: 'agent.draining', command: 'drain_agent', lease: false },
  { from: 'active', to: 'retired', event: 'agent.retired', command: 'retire_agent', lease: false },
  { from: 'draining', to: 'retired', event: 'agent.retired', command: 'retire_agent', lease: false },
  { from: null, to: 'retired', event: 'agent.policy_set', command: 'set_agent_policy', lease: false },
  { from: 'active', to: 'retired', event: 'agent.policy_set', command: 'set_agent_policy', lease: false },
  { from: 'retired', to: 'active', event: 'agent.policy_set', command: 'set_agent_policy', lease: false },
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
      if ((openDependenciesOf(payload) ?? 0) > 0) return 'blocked';
      return later ? 'scheduled' : 'queued';
    case 'task.claimed':
      return 'running';
    case 'task.succeeded':
      return 'succeeded';
    case 'task.failed':
      return later ? 'scheduled' : 'failed';
    case 'task.cancelled':
      return 'cancelled';
    case 'task.asked':
      return 'waiting';
    case 'task.waiting':
      return (openDependenciesOf(payload) ?? 0) > 0 ? 'waiting' : 'queued';
    case 'task.review_requested':
      return 'in_review';
    case 'task.approved':
      return 'done' in payload && payload.done === true ? 'succeeded' : null;
    case 'task.changes_requested':
      return 'final' in payload && payload.final === true ? 'failed' : 'queued';
    case 'task.dependency_ended':
      if (waitsForTasks(payload) || 'after_end' in payload || 'still_asks' in payload) return null;
      return later ? 'scheduled' : 'queued';
    case 'task.retried':
      return waitsForTasks(payload) ? 'blocked' : 'queued';
    case 'task.answered':
      return waitsForTasks(payload) ? null : 'queued';
    case 'task.released':
    case 'task.handed_off':
    case 'task.recovered':
    case 'lease.taken_over':
      return 'queued';
    default:
      return null;
  }
}

function waitsForTasks(payload: object): boolean {
  return 'open_dependencies' in payload && payload.open_dependencies !== 0;
}

/** The events that change a task's status. */
export const STATUS_EVENTS: readonly EventType[] = [
  ...new Set(TASK_TRANSITIONS.flatMap(({ from, to, event }) => (from === to ? [] : (event ?? [])))),
];

const ofTasks = Map.groupBy(TASK_TRANSITIONS, ({ event }) => event);
const ofSessions = Map.groupBy(SESSION_TRANSITIONS, ({ event }) => event);
const ofAgents = Map.groupBy(AGENT_TRANSITIONS, ({ event }) => event);

/** Whether an event may cause this change of a task. A replay sees no time pass, so scheduled work counts as queued. */
export function isTaskTransition(event: EventType, from: TaskStatus | null, to: TaskStatus): boolean {
  if (from === to && OF_ANY_STATUS.includes(event)) return true;
  return has(ofTasks, event, from, to) || (from === 'scheduled' && has(ofTasks, event, 'queued', to));
}

/** Whether an event may cause this change of a session. */
export function isSessionTransition(event: EventType, from: SessionStatus | null, to: SessionStatus): boolean {
  return has(ofSessions, event, from, to);
}

/** Whether an event may cause this change of an agent. */
export function isAgentTransition(event: EventType, from: AgentStatus | null, to: AgentStatus): boolean {
  // A policy about roles may be the first of a namespace; a key is that of a registered agent.
  if (event === 'agent.signed_roles_set' && from === null) return to === 'active';
  if (from === to && OF_ANY_AGENT_STATUS.includes(event)) return true;
  return has(ofAgents, event, from, to);
}

/** Whether an event changes a task; then it names one. */
export function movesTask(event: EventType): boolean {
  return ofTasks.has(event) || OF_ANY_STATUS.includes(event);
}

function has<Status>(
  transitions: ReadonlyMap<EventType | null, readonly Transition<Status>[]>,
  event: EventType,
  from: Status | null,
  to: Status,
): boolean {
  return transitions.get(event)?.some((row) => row.from === from && row.to === to) ?? false;
}
