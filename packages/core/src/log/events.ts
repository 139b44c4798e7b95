import type { StoredContext } from '../model/context.ts';
import type { Json, JsonText } from '../model/json.ts';
import { TASK_TEXTS_IN_EVENT, type TaskTextsInEvent } from '../model/task-texts.ts';

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
  } & TaskTextsInEvent;
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
  };
  'task.succeeded': Imported & { outcome: 'succeeded'; result: Json };
  'task.failed': Imported & { outcome: 'failed' | null; error: Json; run_at: number | null; delay_ms?: number };
  'task.rescheduled': { by_ms: number; run_at: number; delay_ms: number };
  'task.retried': Record<string, never>;
  'task.released': { outcome: 'released'; note: string | null };
  'task.handed_off': { outcome: 'handed_off'; assignee: string | null; role: string | null; note: string | null };
  'task.cancelled': Imported & { outcome: ReleaseOutcome | null; error: Json };
  'task.cancel_requested': Record<string, never>;
  'task.recovered': LeaseEndFacts & { reason: 'stale' | 'dead' | 'restored' };
  'lease.taken_over': LeaseEndFacts & { reason: 'expired' | 'resumed' | 'dead' };
  'lease.refused': { operation: HolderOperation; ended_by: string; ended_at: number };
  'clock.jumped': { by_ms: number; expires_at: number; taken?: true };
  'legacy.event': { [key: string]: Json };
}

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
export type ReleaseOutcome = 'succeeded' | 'failed' | 'released' | 'handed_off' | 'cancelled';

/** The calls that only a lease's holder may make. */
export type HolderOperation = 'heartbeat' | 'checkpoint' | 'release';

export type EventType = keyof EventPayloads;

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

/** The events that end a lease: by its holder, or by another process. */
export const LEASE_END_EVENTS = {
  holder: ['task.succeeded', 'task.failed', 'task.released', 'task.handed_off', 'task.cancelled'],
  other: ['task.recovered', 'lease.taken_over'],
} as const satisfies Record<string, readonly EventType[]>;

const OCCURRED_AT = "of an imported event: when it happened (ms), if that is before the session's last event";

/** For the generated reference: what each event means, and its payload fields. */
export const EVENT_DOCS: {
  readonly [T in EventType]: {
    readonly means: string;
    readonly fields: { readonly [F in keyof EventPayloads[T]]?: string };
  };
} = {
  'session.opened': {
    means: 'A new session was opened, or an enqueue or a retry opened a closed one again.',
    fields: {
      number: 'its number for people (`s17`); a session made for one task has the number of the task (`t42`, `s42`)',
      context: 'of an imported session: its context, instead of a checkpoint',
    },
  },
  'session.closed': {
    means: 'A session was closed: no task of it is open.',
    fields: { reason: '`requested`, or `task_ended` for a session that was made for one task' },
  },
  'session.checkpointed': {
    means: 'The holder saved the context for the next holder.',
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
      run_at: 'it cannot be claimed before this time (ms), or null',
      delay_ms: 'the delay that was asked for, if `run_at` is the end of one (ms)',
      attempts_max: 'failed attempts after which it is a dead letter',
      interruptions_max: 'lost leases after which it is still requeued',
      backoff_ms: 'pause after the first failed attempt',
      assignee: 'the only agent that may claim it',
      role: 'the only role that may claim it',
      ...TASK_TEXTS_IN_EVENT,
      occurred_at: OCCURRED_AT,
    },
  },
  'task.claimed': {
    means: 'A lease was granted: the agent has the lock of the session, and its head is running.',
    fields: {
      token_hash: "SHA-256 of the lease's token",
      ttl_ms: 'length of the lease',
      stale_after_ms: 'time without a heartbeat after which recovery may end the lease',
      expires_at: 'first expiry (ms); heartbeats extend it and are not logged',
      host: "the holder's machine",
      boot: "the machine's boot id",
      pid: "the holder's process id",
      process_start: 'when that process started',
      process_group: 'the process group of its keeper; 0: a later heartbeat gives it',
      occurred_at: OCCURRED_AT,
    },
  },
  'task.succeeded': {
    means: 'The holder finished the task.',
    fields: { outcome: 'as reported', result: 'any JSON', occurred_at: OCCURRED_AT },
  },
  'task.failed': {
    means: 'The attempt failed; or, with outcome null, the task was interrupted too often.',
    fields: {
      outcome: 'as reported by the holder, or null',
      error: '`{ code?, message, data? }`',
      run_at: 'the time of the next attempt (ms); null: none, it is a dead letter',
      delay_ms: 'the pause before the next attempt (ms)',
      occurred_at: OCCURRED_AT,
    },
  },
  'task.rescheduled': {
    means:
      'The clock was set back: a scheduled task waits no longer than the delay that was asked for. ' +
      'It keeps this time if the clock goes forward again.',
    fields: {
      by_ms: 'how far the wall clock moved against the steady clock (ms)',
      run_at: 'it cannot be claimed before this time (ms)',
      delay_ms: 'the delay that was asked for (ms)',
    },
  },
  'task.retried': {
    means: 'A failed or cancelled task was queued again by hand; its counters start from zero.',
    fields: {},
  },
  'task.released': {
    means: 'The holder gave the task back; no attempt is counted.',
    fields: { outcome: 'as reported', note: 'for the next holder' },
  },
  'task.handed_off': {
    means: 'The holder handed the task to an agent or a role.',
    fields: { outcome: 'as reported', assignee: 'the agent', role: 'the role', note: 'for the next holder' },
  },
  'task.cancelled': {
    means: 'The task ended without being done.',
    fields: {
      outcome: 'as reported by the holder, or null if no agent held it',
      error: "the holder's error, or null",
      occurred_at: OCCURRED_AT,
    },
  },
  'task.cancel_requested': {
    means: 'The cancellation of a running task was requested; the next heartbeat tells its holder.',
    fields: {},
  },
  'task.recovered': {
    means: 'Recovery ended the lease of a dead holder and put the task back in its old place in the queue.',
    fields: {
      reason: '`stale`, `dead` (on evidence) or `restored`',
      from_agent: 'the agent that held it',
      from_instance: 'the run of that agent',
      expires_at: 'expiry of the lease (ms)',
      heartbeat_at: 'last proof of life (ms)',
      stale_at: 'when recovery became allowed (ms)',
      evidence: 'the proof that the holder is dead, or null',
    },
  },
  'lease.taken_over': {
    means: 'A claim of the session ended the lease of the old holder.',
    fields: {
      reason: '`expired`, `resumed` (same agent, restarted) or `dead` (on evidence)',
      from_agent: 'the agent that held it',
      from_instance: 'the run of that agent',
      expires_at: 'expiry of the lease (ms)',
      heartbeat_at: 'last proof of life (ms)',
      stale_at: 'when recovery would have become allowed (ms)',
      evidence: 'the proof that the holder is dead, or null',
    },
  },
  'lease.refused': {
    means: 'A call of a zombie was refused: another process had ended its lease. Only the first one is logged.',
    fields: {
      operation: 'the call that was refused',
      ended_by: 'the type of the event that ended its lease',
      ended_at: 'the time of that event (ms)',
    },
  },
  'clock.jumped': {
    means:
      'The machine slept, its clock was set, the store moved, or it took the clock of another process: ' +
      'the holder got new deadlines.',
    fields: {
      by_ms: 'how far the wall clock moved against the steady clock (ms)',
      expires_at: 'the new expiry (ms)',
      taken: 'true if the store took another clock: the deadlines moved with it, and the holder got no new TTL',
    },
  },
  'legacy.event': {
    means: "A row of the proof of concept's log, imported unchanged: its columns are the fields of the payload.",
    fields: {},
  },
};
