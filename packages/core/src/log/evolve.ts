/**
 * What an event does to its session and its task. This is the only place where either changes. Commands use it on the
 * rows that they loaded, `verify()` uses it on the whole log, and both must come to the same state.
 */
import { fromJsonText, type Json, type JsonText } from '../model/json.ts';
import { canonicalize } from './canonical.ts';
import { afterDependenciesAdded, afterDependencyEnded, isCountedRight, relationsOf } from './dependencies.ts';
import { internalError } from '../model/errors.ts';
import { answered, asked } from './evolve-question.ts';
import { LEASE_END_EVENTS, type EventPayloads, type EventType, type LeaseEffect, type NewEvent } from './events.ts';
import { isAgentEvent } from './evolve-agent.ts';
import { deadlines, isHeld } from '../model/lease.ts';
import { isSessionTransition, isTaskTransition, movesTask, statusAfter } from './lifecycle.ts';
import { NO_LEASE, type Session } from '../model/session.ts';
import { isAsking, NO_QUESTION } from '../model/question.ts';
import {
  approved,
  changesRequested,
  firstRound,
  heldBy,
  reviewFieldsFromEvent,
  reviewerExcluded,
  reviewRequested,
} from './evolve-review.ts';
import { isBarred, reviewOf } from '../model/review.ts';
import { isEnded, phaseOf, type TaskStatus } from '../model/statuses.ts';
import { isWithReceiver, NO_HAND_OFF, returned } from '../model/hand-off.ts';
import type { Task } from '../model/task.ts';
import { textsFromEvent } from '../model/task-texts.ts';

/** One session, and the task that the event is about. */
export interface State {
  readonly session: Session | null;
  readonly task: Task | null;
}

/** The events that a closed session may still have. */
const OF_CLOSED: ReadonlySet<EventType> = new Set([
  'lease.refused',
  'legacy.event',
  'task.dependency_ended',
  'task.reviewer_excluded',
]);

/** The events that only happen under the current lease, whichever process causes them. */
const OF_LEASE: ReadonlySet<EventType> = new Set(['session.checkpointed', 'clock.jumped']);

/** The events that end a lease, if the task that they are about runs. */
const ENDS_LEASE: ReadonlySet<EventType> = new Set([...LEASE_END_EVENTS.holder, ...LEASE_END_EVENTS.other]);

/** The state after an event: a session is never removed. */
export interface Evolved extends State {
  readonly session: Session;
}

type Fact = { [T in EventType]: { readonly type: T; readonly payload: EventPayloads[T] } }[EventType];

/**
 * @param payload the event's payload, if the caller has it decoded already
 * @throws `INTERNAL` if the event cannot follow on this state: the log or the rules are broken
 */
export function evolve(state: State, event: NewEvent, payload: unknown = fromJsonText(event.payload)): Evolved {
  const fact = { type: event.type, payload } as Fact;
  if (event.streamKind !== 'session' || isAgentEvent(event.type)) throw illegal(event, 'it is of another stream');
  if (fact.type === 'session.opened') return { session: opened(state.session, fact.payload, event), task: null };
  if (state.session === null) throw illegal(event, 'its session was never opened');
  assertHolder(state.session, event);
  if (state.session.status === 'closed' && !OF_CLOSED.has(event.type)) throw illegal(event, 'its session is closed');
  if (event.taskId === null && movesTask(event.type)) throw illegal(event, 'it names no task');
  assertLeaseEffect(state.task, event);

  const task = event.taskId === null ? null : taskAfter(state.task, fact, event, event.taskId);
  if (task !== null) assertTaskTransition(event, state.task, task);
  if (task !== null) assertMayBeJudged(event, task);
  const session = sessionAfter(state.session, fact, event, state.task, task);
  if (session.status !== state.session.status && !isSessionTransition(event.type, state.session.status, session.status))
    throw illegal(event, `a session cannot go from ${state.session.status} to ${session.status} by it`);
  return { session: { ...session, seq: event.seq, hash: event.hash, updatedAt: event.at }, task };
}

function assertHolder(session: Session, event: NewEvent): void {
  const ofLease = event.leaseEffect === 'ended' || OF_LEASE.has(event.type);
  if (ofLease && session.fence !== event.fence) throw illegal(event, 'its fence is not that of the current lease');
}

/**
 * An event must have the lease effect that follows from its type: readers of the log and the unique index of the
 * databases depend on that column.
 */
function assertLeaseEffect(task: Task | null, event: NewEvent): void {
  const effect = leaseEffectOf(event.type, task);
  if (event.leaseEffect !== effect) throw illegal(event, `its lease effect is ${event.leaseEffect} and not ${effect}`);
}

function leaseEffectOf(type: EventType, task: Task | null): LeaseEffect | null {
  if (type === 'task.claimed') return 'granted';
  if (type === 'lease.refused') return 'refused';
  return task?.status === 'running' && ENDS_LEASE.has(type) ? 'ended' : null;
}

function opened(session: Session | null, payload: EventPayloads['session.opened'], event: NewEvent): Session {
  const { context, number } = payload;
  const stamp = { seq: event.seq, hash: event.hash, updatedAt: event.at };
  if (session !== null) {
    if (session.status !== 'closed') throw illegal(event, 'its session is open');
    return { ...session, ...stamp, status: 'idle' };
  }
  return {
    namespace: event.namespace,
    id: event.streamId,
    number,
    status: 'idle',
    ...NO_LEASE,
    renewals: 0,
    nearMisses: 0,
    lastNearMissAt: null,
    context: context === undefined ? null : canonicalize(context),
    tasksOpen: 0,
    version: 0,
    createdAt: event.at,
    ...stamp,
  };
}

function sessionAfter(session: Session, fact: Fact, event: NewEvent, before: Task | null, after: Task | null): Session {
  const tasksOpen = session.tasksOpen + openCount(after) - openCount(before);
  switch (fact.type) {
    case 'task.claimed':
      if (session.status !== 'idle') throw illegal(event, 'its session is held');
      return leaseGranted(session, tasksOpen, fact.payload, event);
    case 'session.checkpointed':
      return { ...session, context: event.payload };
    case 'session.closed':
      if (session.tasksOpen > 0) throw illegal(event, 'tasks of its session are open');
      return { ...session, status: 'closed' };
    case 'clock.jumped':
      if (!isHeld(session)) throw illegal(event, 'its session is not held');
      return { ...session, ...deadlines(fact.payload.expires_at - session.ttlMs, session) };
    default:
      return event.leaseEffect === 'ended'
        ? { ...session, status: 'idle', tasksOpen, ...NO_LEASE }
        : { ...session, tasksOpen };
  }
}

/** Each column by its name: spreading a lease over the row is several times as much work. */
function leaseGranted(
  session: Session,
  tasksOpen: number,
  payload: EventPayloads['task.claimed'],
  event: NewEvent,
): Session {
  const { ttl_ms: ttlMs, stale_after_ms: staleAfterMs } = payload;
  const { leaseExpiresAt, heartbeatAt, staleAt } = deadlines(payload.expires_at - ttlMs, { ttlMs, staleAfterMs });
  return {
    ...session,
    status: 'running',
    agent: event.agent,
    instance: event.instance,
    host: payload.host,
    boot: payload.boot,
    pid: payload.pid,
    processStart: payload.process_start,
    processGroup: payload.process_group ?? null,
    fence: event.fence,
    tokenHash: payload.token_hash,
    ttlMs,
    staleAfterMs,
    leaseExpiresAt,
    heartbeatAt,
    staleAt,
    progress: null,
    taskId: event.taskId,
    tasksOpen,
  };
}

/** When the event happened: not always the time of the log (see `occurred_at`). */
function timeOf({ payload }: { readonly payload: { readonly occurred_at?: number } }, event: NewEvent): number {
  return payload.occurred_at ?? event.at;
}

function taskAfter(task: Task | null, fact: Fact, event: NewEvent, id: string): Task | null {
  if (fact.type === 'task.queued') {
    if (task !== null) throw illegal(event, 'its task was queued before');
    return queued(id, fact.payload, timeOf(fact, event), event);
  }
  if (task === null) throw illegal(event, 'its task was never queued');
  const status = statusAfter(fact.type, fact.payload) ?? task.status;
  switch (fact.type) {
    case 'task.claimed':
      return { ...heldBy(task, event.agent), status, ...claimed(task, timeOf(fact, event)) };
    case 'task.succeeded':
      return { ...task, status, result: textOf(fact.payload.result), error: null, finishedAt: timeOf(fact, event) };
    case 'task.review_requested':
      return { ...givenBack(task), ...reviewRequested(task, fact.payload), status, error: null };
    case 'task.approved':
      return {
        ...task,
        ...approved(task, fact.payload, event.agent),
        status,
        finishedAt: isEnded(status) ? event.at : null,
      };
    case 'task.changes_requested':
      return {
        ...task,
        ...changesRequested(task, fact.payload),
        status,
        finishedAt: isEnded(status) ? event.at : null,
      };
    case 'task.reviewer_excluded':
      return excluded(task, fact.payload, event);
    case 'task.failed':
      return { ...failed(task, status, fact.payload, timeOf(fact, event)), error: textOf(fact.payload.error) };
    case 'task.released':
      return { ...givenBack(task), status, note: fact.payload.note };
    case 'task.handed_off':
      return { ...handedOff(givenBack(task), fact.payload, event), status };
    case 'task.handed_back':
    case 'task.return_rescheduled':
      if (!isWithReceiver(task)) throw illegal(event, 'its task does not wait for the receiver of a hand-off');
      return { ...task, ...(fact.type === 'task.handed_back' ? returned(task) : returning(fact.payload, event.at)) };
    case 'task.asked':
      return { ...afterDependenciesAdded(asked(givenBack(task), fact.payload, event), fact.payload), status };
    case 'task.waiting':
      return { ...afterDependenciesAdded(givenBack(task), fact.payload), status };
    case 'task.answered':
      if ((fact.payload.open_dependencies ?? 0) !== (task.openDependencies ?? 0))
        throw illegal(event, 'it counts the open dependencies wrong');
      return { ...answered(task, fact.payload, event), status };
    case 'task.cancelled':
      return { ...cancelled(task, event), status, error: textOf(fact.payload.error), finishedAt: timeOf(fact, event) };
    case 'task.cancel_requested':
      return { ...task, cancelRequestedAt: event.at };
    case 'task.recovered':
    case 'lease.taken_over':
      return { ...givenBack(task), status, interruptions: task.interruptions + 1 };
    case 'task.rescheduled':
      // The session's last event may have the time of the clock that was ahead.
      return { ...task, ...due(fact.payload, fact.payload.run_at) };
    case 'task.dependency_ended':
      if (!isCountedRight(task, fact.payload)) throw illegal(event, 'it counts the open dependencies wrong');
      if ('still_asks' in fact.payload !== isAsking(task)) throw illegal(event, 'it is wrong about an open question');
      return { ...afterDependencyEnded(task, fact.payload), status };
    case 'task.retried':
      return { ...retried(task, event), status };
    default:
      return task;
  }
}

function queued(id: string, payload: EventPayloads['task.queued'], at: number, event: NewEvent): Task {
  return {
    namespace: event.namespace,
    id,
    number: payload.number,
    sessionId: event.streamId,
    kind: payload.kind,
    title: payload.title,
    payload: canonicalize(payload.payload),
    priority: payload.priority,
    status: statusAfter('task.queued', payload),
    ...due(payload, at),
    dedupeKey: payload.dedupe_key,
    attempt: 0,
    attemptsMax: payload.attempts_max,
    interruptions: 0,
    interruptionsMax: payload.interruptions_max,
    backoffMs: payload.backoff_ms,
    assignee: payload.assignee,
    role: payload.role,
    ...textsFromEvent(payload),
    ...reviewFieldsFromEvent(payload),
    note: null,
    cancelRequestedAt: null,
    result: null,
    error: null,
    createdAt: at,
    startedAt: null,
    finishedAt: null,
    ...NO_HAND_OFF,
    version: 0,
    dedupeWhile: payload.dedupe_while ?? null,
    ...NO_QUESTION,
    ...relationsOf(payload),
  };
}

function excluded(task: Task, payload: EventPayloads['task.reviewer_excluded'], event: NewEvent): Task {
  const of = reviewOf(task);
  if (of === null) throw illegal(event, 'its task is no review');
  if (payload.role !== (task.assignee === payload.reviewer ? of.role : undefined))
    throw illegal(event, 'it is wrong about whom its task is for');
  return reviewerExcluded(task, payload);
}

function claimed(task: Task, startedAt: number): Partial<Task> {
  return { attempt: task.attempt + 1, startedAt, ...NO_HAND_OFF };
}

function handedOff(task: Task, payload: EventPayloads['task.handed_off'], event: NewEvent): Task {
  const { note, assignee, role } = payload;
  return { ...task, note, assignee, role, ...NO_HAND_OFF, handedOffBy: event.agent, ...returning(payload, event.at) };
}

function cancelled(task: Task, event: NewEvent): Task {
  return { ...(event.leaseEffect === 'ended' ? givenBack(task) : task), ...NO_HAND_OFF };
}

/** Back in its old place: neither its age nor its due time changes, and the attempt does not count. */
function givenBack(task: Task): Task {
  return { ...task, attempt: task.attempt - 1 };
}

function failed(task: Task, status: TaskStatus, payload: EventPayloads['task.failed'], at: number): Task {
  return { ...task, status, ...(isEnded(status) ? { finishedAt: at } : due(payload, at)) };
}

function retried(task: Task, event: NewEvent): Task {
  const fresh = {
    attempt: 0,
    interruptions: 0,
    cancelRequestedAt: null,
    result: null,
    error: null,
    startedAt: null,
    finishedAt: null,
    review: firstRound(task),
    ...NO_QUESTION,
  };
  return { ...task, ...fresh, ...due({ run_at: null }, event.at) };
}

interface Due {
  readonly run_at: number | null;
  readonly delay_ms?: number;
}

/** With a time it is scheduled, even if that time is over already: the next claim makes it queued. */
function due({ run_at: runAt, delay_ms: delayMs }: Due, at: number): Pick<Task, 'runAt' | 'delayedAt' | 'queuedAt'> {
  if (runAt === null) return { runAt, delayedAt: null, queuedAt: at };
  return { runAt, delayedAt: delayMs === undefined ? null : runAt - delayMs, queuedAt: Math.max(runAt, at) };
}

/** With a time to return, a hand-off begins so long before it: the last event may have the time of another clock. */
function returning(
  { return_at: returnAt, delay_ms: delayMs = 0 }: { readonly return_at?: number; readonly delay_ms?: number },
  at: number,
): Pick<Task, 'handedOffAt' | 'returnAt'> {
  if (returnAt === undefined) return { handedOffAt: at, returnAt: null };
  return { handedOffAt: returnAt - delayMs, returnAt };
}

function textOf(value: Json): JsonText | null {
  return value === null ? null : canonicalize(value);
}

function openCount(task: Task | null): number {
  return task !== null && !isEnded(task.status) ? 1 : 0;
}

function assertTaskTransition(event: NewEvent, before: Task | null, after: Task): void {
  const from = before?.status ?? null;
  if (before === after || isTaskTransition(event.type, from, after.status)) return;
  // Not a rule that is broken, but a row: another program wrote its status.
  if (from !== null) phaseOf(from);
  throw illegal(event, `a task cannot go from ${from} to ${after.status} by it`);
}

/** A review that is for one agent is for one that may judge it: otherwise none could claim it. */
function assertMayBeJudged(event: NewEvent, { assignee, reviewOf }: Task): void {
  if (reviewOf === null || assignee === null || !isBarred(assignee, { reviewOf })) return;
  throw illegal(event, `agent ${assignee} may not judge the work that its task reviews`);
}

function illegal(event: NewEvent, why: string): Error {
  return internalError(`${event.type} cannot be event ${event.seq} of session ${event.streamId}: ${why}.`);
}
