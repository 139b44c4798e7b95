import type { AgentPolicy } from '../model/agent.ts';
import type { StoredContext } from '../model/context.ts';
import type { OnDependencyFailure } from '../model/dependency.ts';
import type { Json, JsonText } from '../model/json.ts';
import type { ReviewOf, ReviewProof, ReviewTerms, Verdict } from '../model/review.ts';
import type { EndedStatus } from '../model/statuses.ts';
import type { TaskTextsInEvent } from '../model/task-texts.ts';

/**
 * An event that was imported from an older log. `occurred_at` is the time at which it happened (ms), if that is earlier
 * than the session's last event. `at` then repeats the time of that event.
 */
type Imported = { occurred_at?: number };

/**
 * The payload of each event type, as stored (snake_case: it is hashed and read outside TypeScript).
 * The columns of an event hold the rest: the agent (`agent`, `instance`), the lease (`fence`), the task and the time.
 */
export interface EventPayloads {
  'session.opened': { number: number; context?: StoredContext };
  'session.closed': { reason: 'requested' | 'task_ended' };
  'session.checkpointed': StoredContext;
  'task.queued': Imported & {
    number: number;
    kind: string;
    title: string;
    payload: Json;
    priority: number;
    dedupe_key: string | null;
    run_at: number | null;
    delay_ms?: number;
    attempts_max: number;
    interruptions_max: number;
    backoff_ms: number;
    assignee: string | null;
    role: string | null;
    dedupe_while?: 'open';
    review?: ReviewTerms;
    review_of?: ReviewOf;
    parent_id?: string;
  } & AddedDependencies &
    TaskTextsInEvent;
  'task.claimed': Imported & {
    token_hash: string;
    ttl_ms: number;
    stale_after_ms: number;
    expires_at: number;
    host: string | null;
    boot: string | null;
    pid: number | null;
    process_start: string | null;
    process_group?: number;
    handed_off_by?: string;
  };
  'task.succeeded': Imported & { outcome: 'succeeded' | Verdict; result: Json };
  'task.review_requested': { outcome: 'succeeded'; result: Json; round: number; reviews: readonly string[] };
  'task.approved': ReviewedBy & { done: boolean };
  'task.changes_requested': ReviewedBy & { notes: string; final: boolean };
  'task.reviewer_excluded': { reviewer: string; review: string; role?: string };
  'task.failed': Imported & { outcome: 'failed' | null; error: Json; run_at: number | null; delay_ms?: number };
  'task.rescheduled': { by_ms: number; run_at: number; delay_ms: number };
  'task.dependency_ended': {
    dependency: string;
    status: EndedStatus;
    seq: number;
    open_dependencies: number;
    run_at: number | null;
    after_end?: true;
    still_asks?: true;
  };
  'task.retried': { open_dependencies?: number };
  'task.released': { outcome: 'released'; note: string | null };
  'task.handed_off': {
    outcome: 'handed_off';
    assignee: string | null;
    role: string | null;
    note: string | null;
    return_at?: number;
    delay_ms?: number;
  };
  'task.handed_back': { assignee: string | null; role: string | null; returned_from: string; return_at: number };
  'task.return_rescheduled': { by_ms: number; return_at: number; delay_ms: number };
  'task.asked': WaitedFor & {
    outcome: 'waiting';
    question: string;
    asked_agent: string | null;
    asked_role: string | null;
  };
  'task.waiting': WaitedFor & { outcome: 'waiting' };
  'task.answered': { answer: string; asked_at: number; open_dependencies?: number };
  'task.cancelled': Imported & { outcome: ReleaseOutcome | null; error: Json };
  'task.cancel_requested': Record<string, never>;
  'task.recovered': LeaseEndFacts & { reason: 'stale' | 'dead' | 'restored' };
  'lease.taken_over': LeaseEndFacts & { reason: 'expired' | 'resumed' | 'dead' };
  'lease.refused': { operation: HolderOperation; ended_by: string; ended_at: number };
  'clock.jumped': { by_ms: number; expires_at: number; taken?: true };
  'legacy.event': { [key: string]: Json };
  'agent.registered': { roles: string[]; machine: string | null; human: boolean };
  'agent.draining': Record<string, never>;
  'agent.retired': Record<string, never>;
  'agent.policy_set': { agents: AgentPolicy };
  'agent.key_set': { public_key: string | null };
  'agent.signed_roles_set': { signed_roles: string[] };
}

/** The tasks on which a task depends from an event on. Missing: none. */
export type AddedDependencies = {
  depends_on?: readonly string[];
  /** How those had ended that had done so as the policy asks. */
  dependencies_ended?: { readonly [taskId: string]: EndedStatus };
  on_dependency_failure?: OnDependencyFailure;
};

/** `cancelled`: one of them had not succeeded, and the policy asks for that. The next event cancels the task. */
export type WaitedFor = AddedDependencies & { cancelled?: true };

/** The review whose verdict it is, and what proves who reviewed. */
type ReviewedBy = Readonly<{ review: string; round: number; proof: ReviewProof; signature?: VerdictSignature }>;

/**
 * With the proof `signature`: the signature over `verdictBytes`, the digest of the notes that it covers, and the
 * fingerprint of the key.
 */
export type VerdictSignature = Readonly<{ value: string; notes_sha256: string; key: string }>;

/** What was known of a lease when another process ended it: the evidence that this was allowed. */
export interface LeaseEndFacts {
  readonly [key: string]: Json;
  readonly from_agent: string;
  readonly from_instance: string | null;
  readonly expires_at: number;
  readonly heartbeat_at: number;
  readonly stale_at: number;
  readonly evidence: Json;
}

/** How a holder may end its lease. */
export const RELEASE_OUTCOMES = [
  'succeeded',
  'failed',
  'released',
  'handed_off',
  'waiting',
  'cancelled',
  'approved',
  'changes_requested',
] as const;

export type ReleaseOutcome = (typeof RELEASE_OUTCOMES)[number];

/** The calls that only a lease's holder may make. */
export type HolderOperation = 'heartbeat' | 'checkpoint' | 'release';

export type EventType = keyof EventPayloads;

/** The events of the stream of an agent; all others are of the stream of a session. */
export const AGENT_EVENTS = [
  'agent.registered',
  'agent.draining',
  'agent.retired',
  'agent.policy_set',
  'agent.key_set',
  'agent.signed_roles_set',
] as const satisfies readonly EventType[];

export type AgentEventType = (typeof AGENT_EVENTS)[number];
export type SessionEventType = Exclude<EventType, AgentEventType>;

/**
 * What an event does to a lease: grants it, ends it, or refuses its token for the first time after another process
 * ended it.
 */
export type LeaseEffect = 'granted' | 'ended' | 'refused';

/** The owner of a stream of events. Its row keeps the stream's last number and hash. */
export type StreamKind = 'session' | 'agent';

/** One fact that happened. Never changed afterwards. */
export interface Event {
  /** Grows over the whole database; the cursor of followers. */
  readonly id: number;
  readonly streamKind: StreamKind;
  readonly namespace: string;
  /** The id of the stream's owner. */
  readonly streamId: string;
  /** 1, 2, 3 … within its stream, without a gap. */
  readonly seq: number;
  readonly type: EventType;
  readonly leaseEffect: LeaseEffect | null;
  /** The session that it is about. */
  readonly sessionId: string | null;
  readonly taskId: string | null;
  readonly agent: string | null;
  readonly instance: string | null;
  /** The fence of the lease that it is about. */
  readonly fence: number | null;
  readonly commandId: string | null;
  /** The canonical JSON text that was hashed. */
  readonly payload: JsonText;
  /** Milliseconds since 1970, UTC; never goes back within a stream. */
  readonly at: number;
  /** Hash of the stream's event before this one; 64 zeros for the first. */
  readonly prevHash: string;
  /** SHA-256, in lower-case hex, over the canonical JSON of all other fields but the id. */
  readonly hash: string;
}

/** An event before the database gave it its id. */
export type NewEvent = Omit<Event, 'id'>;

/** An event as a command states it; number, time and hash are added when it is applied. */
export type EventDraft = { [T in SessionEventType]: Draft<T> }[SessionEventType];

/** The same, of an event of the registry. */
export type AgentEventDraft = {
  [T in AgentEventType]: { readonly type: T; readonly name: string; readonly payload: EventPayloads[T] };
}[AgentEventType];

interface Draft<T extends SessionEventType> {
  readonly type: T;
  /** The command's, unless it works across namespaces. */
  readonly namespace?: string;
  readonly sessionId: string;
  readonly taskId?: string;
  readonly agent?: string | null;
  readonly instance?: string | null;
  readonly fence?: number;
  readonly leaseEffect?: LeaseEffect;
  readonly payload: EventPayloads[T];
}

/** The events that end a lease: by its holder, or by another process. */
export const LEASE_END_EVENTS = {
  holder: [
    'task.succeeded',
    'task.review_requested',
    'task.failed',
    'task.released',
    'task.handed_off',
    'task.asked',
    'task.waiting',
    'task.cancelled',
  ],
  other: ['task.recovered', 'lease.taken_over'],
} as const satisfies Record<string, readonly EventType[]>;
