import { textDigest } from '../log/verdict-signature.ts';
import { contextFrom, type Context, type StoredContext } from '../model/context.ts';
import { rolesOf, type Agent, type AgentStatus } from '../model/agent.ts';
import type { Claim, Takeover } from '../commands/index.ts';
import type { Event } from '../log/events.ts';
import { fromJsonText, type Json } from '../model/json.ts';
import type { AnyKinds, PayloadOf, ResultOf } from './kinds.ts';
import type { Related, RelatedResults } from './related-results.ts';
import type { Lease } from '../model/lease.ts';
import { isReturning, returnsTo } from '../model/hand-off.ts';
import { reviewOf, reviewOn, type Review } from '../model/review.ts';
import type { Session } from '../model/session.ts';
import type { LoadedSession } from '../storage/loaded.ts';
import { addresseeOf, type Task } from '../model/task.ts';

/** The error of a failed attempt. */
export interface TaskError {
  readonly code?: string;
  readonly message: string;
  readonly data?: Json;
}

/** A task as the API shows it: JSON decoded, typed by its kind. */
export type TaskRecord<Kinds extends AnyKinds = AnyKinds> = {
  [Kind in keyof Kinds & string]: Omit<
    Task,
    'kind' | 'payload' | 'result' | 'error' | 'version' | 'review' | 'reviewOf'
  > & {
    readonly kind: Kind;
    readonly payload: PayloadOf<Kinds, Kind>;
    readonly result: ResultOf<Kinds, Kind> | null;
    readonly error: TaskError | null;
    /** The review that it asks for, and where it stands. */
    readonly review: ReviewRecord | null;
    /** Of a review: the work that it judges. */
    readonly reviewOf: ReviewedWork | null;
    /** For whom it is if it goes back at `returnAt`: `agent:NAME` or `role:NAME`; null: it does not go back. */
    readonly returnsTo: string | null;
  };
}[keyof Kinds & string];

/** The review that a task asks for. */
export type ReviewRecord = Review & {
  /** SHA-256 over the canonical JSON of the result that is reviewed, in hex; null: it is not in review. */
  readonly resultSha256: string | null;
};

/** The work that a review judges. */
export interface ReviewedWork {
  readonly taskId: string;
  readonly sessionId: string;
  readonly round: number;
  /** The role of those who may review it. */
  readonly role: string;
  /** The agents that may not review it: those that held it, and those in `judgedBy`. */
  readonly notFor: readonly string[];
  /** The agents that gave a verdict on another review of the round. */
  readonly judgedBy: readonly string[];
}

/** A session as the API shows it. */
export interface SessionRecord extends Omit<Session, 'context' | 'progress' | 'tokenHash' | 'hash' | 'version'> {
  readonly context: Context | null;
  readonly progress: Json;
  /** The task that would be claimed next. */
  readonly headTaskId: string | null;
}

/** An agent as the registry has it. Times are milliseconds since 1970, UTC. */
export interface AgentRecord {
  readonly namespace: string;
  readonly name: string;
  readonly status: AgentStatus;
  readonly roles: readonly string[];
  readonly machine: string | null;
  /** Whether it is a person. */
  readonly human: boolean;
  /** The Ed25519 key that its verdicts are signed with: the public half, as base64url; null: none. */
  readonly publicKey: string | null;
  /** When it was first registered. */
  readonly firstSeenAt: number;
  /** When its entry last changed. */
  readonly changedAt: number;
}

/** The same with what the log and the leases tell. */
export interface SeenAgentRecord extends AgentRecord {
  /** Its last event in the log, or its last heartbeat if that is later. */
  readonly lastSeenAt: number;
  /** How many sessions it holds, counted up to the size of a page. */
  readonly holds: number;
}

/** An event as the API shows it. */
export interface EventRecord extends Omit<Event, 'payload'> {
  readonly payload: Json;
}

/** The answer to a successful claim. */
export interface ClaimRecord<Kinds extends AnyKinds = AnyKinds> {
  readonly task: TaskRecord<Kinds>;
  readonly lease: Lease;
  readonly context: Context | null;
  readonly takeover: Takeover | null;
  /** Of a review: the work that it judges. */
  readonly reviewed?: ReviewedRecord;
  /**
   * The tasks on which the task depends, with their results, within `claimed_results_max` and
   * `claimed_results_bytes_max`. Missing if it depends on none.
   */
  readonly dependencies?: RelatedResults;
  /** The same for its sub-tasks, ended or not. Missing if it has none. */
  readonly subtasks?: RelatedResults;
}

/** The work that a review judges: what was done, by whom, and what its session knows. */
export interface ReviewedRecord {
  readonly task: TaskRecord;
  readonly context: Context | null;
}

export function toTaskRecord<Kinds extends AnyKinds>(task: Task): TaskRecord<Kinds> {
  const { version: _version, ...record } = task;
  const { payload, result, error } = task;
  // The schema of the kind checked the payload when the task was added.
  return Object.assign(record, {
    payload: fromJsonText(payload),
    result: decode(result),
    error: decode(error),
    review: toReviewRecord(task),
    reviewOf: toReviewedWork(task),
    returnsTo: isReturning(task) ? addresseeOf(returnsTo(task)) : null,
  }) as unknown as TaskRecord<Kinds>;
}

function toReviewRecord(task: Task): ReviewRecord | null {
  const review = reviewOn(task);
  if (review === null) return null;
  return { ...review, resultSha256: task.status === 'in_review' ? textDigest(task.result) : null };
}

function toReviewedWork(task: Task): ReviewedWork | null {
  const of = reviewOf(task);
  if (of === null) return null;
  const { task_id: taskId, session_id: sessionId, round, role, not_for: notFor, judged_by: judgedBy = [] } = of;
  return { taskId, sessionId, round, role, notFor, judgedBy };
}

export function toClaimRecord<Kinds extends AnyKinds>(
  { task, lease, context, takeover }: Claim,
  related: Related = {},
): ClaimRecord<Kinds> {
  return { task: toTaskRecord<Kinds>(task), lease, context, takeover, ...related };
}

export function toSessionRecord(session: Session, headTaskId: string | null): SessionRecord {
  const { version: _version, hash: _hash, tokenHash: _tokenHash, context, progress, ...plain } = session;
  return {
    ...plain,
    context: context === null ? null : contextFrom(fromJsonText(context) as StoredContext),
    progress: decode(progress),
    headTaskId,
  };
}

export function toLoadedSessionRecord({ session, head }: LoadedSession): SessionRecord {
  return toSessionRecord(session, head?.id ?? null);
}

export function toAgentRecord({
  namespace,
  name,
  status,
  roles,
  machine,
  human,
  publicKey,
  ...at
}: Agent): AgentRecord {
  return {
    namespace,
    name,
    status,
    roles: rolesOf({ roles }),
    machine,
    human: human === 1,
    publicKey,
    firstSeenAt: at.createdAt,
    changedAt: at.updatedAt,
  };
}

/** The reply of a command about one agent. */
export function withAgentRecord<Refusal extends { readonly ok: false }>(
  reply: { readonly ok: true; readonly agent: Agent } | Refusal,
): { readonly ok: true; readonly agent: AgentRecord } | Refusal {
  return reply.ok ? { ok: true, agent: toAgentRecord(reply.agent) } : reply;
}

export function toEventRecord(event: Event): EventRecord {
  return { ...event, payload: fromJsonText(event.payload) };
}

function decode(text: string | null): Json {
  return text === null ? null : fromJsonText(text);
}
