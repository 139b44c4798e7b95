import type { StoredContext } from '../model/context.ts';
import type { Json, JsonText } from '../model/json.ts';
import { TASK_TEXTS_IN_EVENT, type TaskTextsInEvent } from '../model/task-texts.ts';

/**
 * Of what was brought over from an older log: when it happened (ms), where that was before the session's last event, whose
 * time `at` then repeats.
 */
type BroughtOver = { occurred_at?: number };

/**
 * The payload of each event type, as stored (snake_case: it is hashed and read outside TypeScript).
 * What else an event says stands in its columns: who (`agent`, `instance`), under which lease (`fence`), of which task, when.
 */
export interface EventPayloads {
  'session.opened': { number: number; context?: StoredContext };
  'session.closed': { reason: 'requested' | 'task_ended' };
  'session.checkpointed': StoredContext;
  'task.queued': BroughtOver & {
    number: number;
    kind: string;
    title: string;
    payload: Json;
    priority: number;
    dedupe_key: string | null;
    run_at: number | null;
    attempts_max: number;
    interruptions_max: number;
    backoff_ms: number;
    assignee: string | null;
    role: string | null;
  } & TaskTextsInEvent;
  'task.claimed': BroughtOver & {
    token_hash: string;
    ttl_ms: number;
    stale_after_ms: number;
    expires_at: number;
    host: string | null;
    boot: string | null;
    pid: number | null;
    process_start: string | null;
    process_group?: number;
  };
  'task.succeeded': BroughtOver & { outcome: 'succeeded'; result: Json };
  'task.failed': BroughtOver & { outcome: 'failed' | null; error: Json; run_at: number | null };
  'task.retried': Record<string, never>;
  'task.released': { outcome: 'released'; note: string | null };
  'task.handed_off': { outcome: 'handed_off'; assignee: string | null; role: string | null; note: string | null };
  'task.cancelled': BroughtOver & { outcome: ReleaseOutcome | null; error: Json };
  'task.cancel_requested': Record<string, never>;
  'task.recovered': LeaseEndFacts & { reason: 'stale' | 'dead' | 'restored' };
  'lease.taken_over': LeaseEndFacts & { reason: 'expired' | 'resumed' | 'dead' };
  'lease.refused': { operation: HolderOperation; ended_by: string; ended_at: number };
  'clock.jumped': { by_ms: number; expires_at: number };
  'legacy.event': { [key: string]: Json };
}

/** What was known of a lease when it was closed by somebody else: the evidence that this was allowed. */
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
export type ReleaseOutcome = 'succeeded' | 'failed' | 'released' | 'handed_off' | 'cancelled';

/** The calls that only a lease's holder may make. */
export type HolderOperation = 'heartbeat' | 'checkpoint' | 'release';

export type EventType = keyof EventPayloads;

/** What an event does to a lease: grants it, ends it, or refuses its token for the first time after another process ended it. */
export type LeaseEffect = 'granted' | 'ended' | 'refused';

/** What owns a stream of events: its row keeps the stream's last number and hash. */
export type StreamKind = 'session' | 'agent';

/** One fact that happened. Never changed afterwards. */
export interface Event {
  /** Grows over the whole database; a cursor for followers. */
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

/** What a command says happened; number, time and hash are added when it is applied. */
export type EventDraft = { [T in EventType]: Draft<T> }[EventType];

interface Draft<T extends EventType> {
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

/** The events that close a lease, by whoever closed it. */
export const LEASE_ENDINGS = {
  holder: ['task.succeeded', 'task.failed', 'task.released', 'task.handed_off', 'task.cancelled'],
  other: ['task.recovered', 'lease.taken_over'],
} as const satisfies Record<string, readonly EventType[]>;

const OCCURRED_AT = 'of what was brought over: when it happened (ms), if the log goes on from a later time';

/** One line per type for the generated reference: what happened, and what the payload fields say. */
export const EVENT_DOCS: {
  readonly [T in EventType]: {
    readonly means: string;
    readonly fields: { readonly [F in keyof EventPayloads[T]]?: string };
  };
} = {
  'session.opened': {
    means: 'A session came into being, or a closed one was opened again by an enqueue or a retry.',
    fields: {
      number: 'its number for people (`s17`): that of the task if it was made for one task (`t42`, `s42`)',
      context: 'of an imported session: its context, in place of a checkpoint',
    },
  },
  'session.closed': {
    means: 'A session was closed: no task of it is open.',
    fields: { reason: '`requested`, or `task_ended` for a session that was opened for one task alone' },
  },
  'session.checkpointed': {
    means: 'The holder saved the context that the next holder will get.',
    fields: {
      turn: 'grows with each checkpoint',
      last_action: 'what was done',
      next_action: 'what is next',
      memory_ref: 'where the agent keeps the rest of its memory',
      hash: 'digest of that memory, or SHA-256 of the other fields',
      data: 'any JSON',
    },
  },
  'task.queued': {
    means: 'A task was added to its session.',
    fields: {
      number: 'its number for people (`t42`)',
      kind: 'what sort of work',
      title: 'one line for people',
      payload: 'what the worker needs',
      priority: 'smaller first',
      dedupe_key: 'unique in the namespace',
      run_at: 'not to be claimed before (ms), or null',
      attempts_max: 'attempts before it is a dead letter',
      interruptions_max: 'lost leases it survives',
      backoff_ms: 'pause after the first failed attempt',
      assignee: 'the one agent who may claim it',
      role: 'the one role that may claim it',
      ...TASK_TEXTS_IN_EVENT,
      occurred_at: OCCURRED_AT,
    },
  },
  'task.claimed': {
    means: "A lease was granted: the session's lock was taken and its head marked running.",
    fields: {
      token_hash: "SHA-256 of the lease's token",
      ttl_ms: 'length of the lease',
      stale_after_ms: 'silence after which recovery may act',
      expires_at: 'first expiry (ms); heartbeats move it and are not logged',
      host: "the holder's machine",
      boot: 'its boot id',
      pid: 'its process',
      process_start: "that process's start",
      process_group: 'the process group that works for it; 0: not told yet, and then by heartbeats',
      occurred_at: OCCURRED_AT,
    },
  },
  'task.succeeded': {
    means: 'The holder finished the task.',
    fields: { outcome: 'as reported', result: 'any JSON', occurred_at: OCCURRED_AT },
  },
  'task.failed': {
    means: 'The attempt failed, or (outcome null) the task had no interruption left.',
    fields: {
      outcome: 'as reported by the holder, or null',
      error: '`{ code?, message, data? }`',
      run_at: 'when it is tried again (ms); null: never, it is a dead letter',
      occurred_at: OCCURRED_AT,
    },
  },
  'task.retried': { means: 'A dead or cancelled task was queued again by hand; its counters start anew.', fields: {} },
  'task.released': {
    means: 'The holder gave the task back; nothing is charged.',
    fields: { outcome: 'as reported', note: 'for the next holder' },
  },
  'task.handed_off': {
    means: 'The holder handed the task to an agent or a role.',
    fields: { outcome: 'as reported', assignee: 'the agent', role: 'the role', note: 'for the next holder' },
  },
  'task.cancelled': {
    means: 'The task ended without being done.',
    fields: {
      outcome: 'what its holder reported, or null if nobody held it',
      error: "the holder's error, or null",
      occurred_at: OCCURRED_AT,
    },
  },
  'task.cancel_requested': {
    means: 'Somebody asked to cancel a running task; its holder learns of it with the next heartbeat.',
    fields: {},
  },
  'task.recovered': {
    means: "Recovery closed a dead holder's lease and put the task back in its old place.",
    fields: {
      reason: '`stale`, `dead` (on evidence) or `restored`',
      from_agent: 'who held it',
      from_instance: 'which run of it',
      expires_at: 'expiry of the lease (ms)',
      heartbeat_at: 'last proof of life (ms)',
      stale_at: 'from when on recovery was allowed (ms)',
      evidence: 'what proved the death, or null',
    },
  },
  'lease.taken_over': {
    means: "A claim of the session closed the old holder's lease.",
    fields: {
      reason: '`expired`, `resumed` (same agent, restarted) or `dead` (on evidence)',
      from_agent: 'who held it',
      from_instance: 'which run of it',
      expires_at: 'expiry of the lease (ms)',
      heartbeat_at: 'last proof of life (ms)',
      stale_at: 'from when on recovery would have been allowed (ms)',
      evidence: 'what proved the death, or null',
    },
  },
  'lease.refused': {
    means: 'For the first time, a write under a token was refused whose lease somebody else had ended: a zombie.',
    fields: {
      operation: 'what it tried',
      ended_by: 'the event type that ended its lease',
      ended_at: 'when that was (ms)',
    },
  },
  'clock.jumped': {
    means: "The machine slept, its clock was set, or the store moved: the holder's deadlines start anew.",
    fields: { by_ms: 'wall clock against steady clock (ms)', expires_at: 'the new expiry (ms)' },
  },
  'legacy.event': {
    means: "A row of the proof of concept's log, imported as it was: its columns are the payload's fields.",
    fields: {},
  },
};
