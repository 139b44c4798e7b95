import { OTHER_AGENTS, type AgentPolicy } from '../../src/model/agent.ts';
import type {
  AgentEventDraft,
  EventDraft,
  EventPayloads,
  LeaseEndFacts,
  SessionEventType,
} from '../../src/log/events.ts';
import { DEFAULTS } from '../../src/model/limits.ts';
import { counted } from '../../src/model/quantities.ts';
import { textsForEvent } from '../../src/model/task-texts.ts';
import { tokenFor, tokenHash } from '../../src/model/token.ts';

/*
 * The words of these tests: what happened, as one line per event.
 * The same line stands for an event that is given and for one that is expected.
 * A line may leave fields out: they are as a command with default input would write them.
 */

/** An event as a test says it. `at` is its time for an event that is given; left out, it is NOW. */
export type Said = EventDraft & { readonly at?: number };

/** The time of the tests, in milliseconds: the twelfth day of 1970, so that fences are short. */
export const NOW = 1_000_000_000;

/** The fence of a lease that is granted at NOW. */
export const FENCE_NOW = NOW * 1_000;

/** The two agents. */
export const AGENT = 'company-agent';
export const OTHER_AGENT = 'home-agent';

/** The lease of the tests expires half a minute before it is stale: a test can tell which of the two is asked. */
export const TTL_MS = 60_000;
export const STALE_AFTER_MS = 90_000;

/** The seed that every lease's token is made of. */
export const SEED = '5eed'.repeat(8);

/** The token of the lease with this fence. */
export function tokenOf(fence: number): string {
  return tokenFor(SEED, fence);
}

/** Columns that any line may set. */
type Columns = Partial<Omit<Said, 'type' | 'payload'>>;

/** The event of a type with these columns. */
export function event<T extends SessionEventType>(type: T, payload: EventPayloads[T], columns: Columns = {}): Said {
  return { sessionId: 's', ...columns, type, payload } as Said;
}

/** The session was opened. */
export function opened(sessionId = 's', number = 1, columns: Columns = {}): Said {
  return event('session.opened', { number }, { ...columns, sessionId });
}

export function sessionClosed(sessionId: string, reason: 'requested' | 'task_ended'): Said {
  return event('session.closed', { reason }, { sessionId });
}

type Queued = Partial<EventPayloads['task.queued']> & Pick<Columns, 'sessionId' | 'at' | 'namespace'>;

export function queued(taskId: string, { sessionId = 's', at, namespace, ...said }: Queued = {}): Said {
  const payload = {
    number: 1,
    kind: DEFAULTS.kind,
    title: said.kind ?? DEFAULTS.kind,
    payload: {},
    priority: DEFAULTS.priority,
    dedupe_key: null,
    run_at: null,
    attempts_max: DEFAULTS.attempts_max,
    interruptions_max: DEFAULTS.interruptions_max,
    backoff_ms: DEFAULTS.backoff_ms,
    assignee: null,
    role: null,
    ...textsForEvent({}),
    ...said,
  };
  return event('task.queued', payload, { sessionId, taskId, at, namespace });
}

/** A task was queued that waits for others. */
export function blocked(taskId: string, dependsOn: readonly string[], said: Queued = {}): Said {
  return queued(taskId, { depends_on: dependsOn, on_dependency_failure: 'block', ...said });
}

/** A dependency ended. */
export function dependencyEnded(
  taskId: string,
  dependency: string,
  payload: Partial<EventPayloads['task.dependency_ended']> = {},
  sessionId = 's',
): Said {
  const ended = { dependency, status: 'succeeded', seq: 1, open_dependencies: 0, run_at: null, ...payload } as const;
  return event('task.dependency_ended', ended, { sessionId, taskId });
}

/** Who holds a lease, and for how long. */
export interface LeaseSaid {
  readonly sessionId?: string;
  readonly namespace?: string;
  readonly agent?: string;
  readonly instance?: string | null;
  readonly fence?: number;
  /** When it was granted. */
  readonly at?: number;
  readonly ttlMs?: number;
  readonly staleAfterMs?: number;
  readonly process?: { readonly [part in keyof typeof PROCESS]: (typeof PROCESS)[part] | null };
  readonly group?: number;
  readonly handedOffBy?: string;
  readonly seed?: string;
}

/** The process behind a holder, where a test needs one. */
export const PROCESS = { host: 'laptop', boot: 'boot-1', pid: 4_711, start: '99' };

/** What an observer reports of that process once it is gone, if it holds fence 1; and the same as the log has it. */
export const EVIDENCE = {
  sessionId: 's',
  fence: 1,
  host: PROCESS.host,
  boot: PROCESS.boot,
  pid: PROCESS.pid,
  processStart: PROCESS.start,
};
export const LOGGED_EVIDENCE = {
  host: PROCESS.host,
  boot: PROCESS.boot,
  pid: PROCESS.pid,
  process_start: PROCESS.start,
  observed: null,
};

/** A lease was granted: by default fence 1, to the first agent, at NOW. */
export function claimed(taskId: string, lease: LeaseSaid = {}): Said {
  const { fence = 1, at = NOW, ttlMs = TTL_MS, staleAfterMs = STALE_AFTER_MS, process, group, seed = SEED } = lease;
  const payload = {
    token_hash: tokenHash(tokenFor(seed, fence)),
    ttl_ms: ttlMs,
    stale_after_ms: staleAfterMs,
    expires_at: at + ttlMs,
    host: process?.host ?? null,
    boot: process?.boot ?? null,
    pid: process?.pid ?? null,
    process_start: process?.start ?? null,
    ...(group !== undefined && { process_group: group }),
    ...(lease.handedOffBy !== undefined && { handed_off_by: lease.handedOffBy }),
  };
  return event('task.claimed', payload, { ...columnsOf(lease), taskId, leaseEffect: 'granted' });
}

/** The holder ended its lease. */
export function ended<
  T extends
    | 'task.succeeded'
    | 'task.failed'
    | 'task.released'
    | 'task.handed_off'
    | 'task.asked'
    | 'task.waiting'
    | 'task.cancelled',
>(type: T, taskId: string, payload: EventPayloads[T], lease: LeaseSaid = {}): Said {
  return event(type, payload, { ...columnsOf(lease), taskId, leaseEffect: 'ended' });
}

export function succeeded(taskId: string, lease: LeaseSaid = {}): Said {
  return ended('task.succeeded', taskId, { outcome: 'succeeded', result: null }, lease);
}

/** The holder finished a task that asks for a review, and these reviews began. */
export function reviewRequested(taskId: string, reviews: readonly string[], lease: LeaseSaid = {}): Said {
  const payload = { outcome: 'succeeded', result: null, round: 1, reviews } as const;
  return event('task.review_requested', payload, { ...columnsOf(lease), taskId, leaseEffect: 'ended' });
}

const BY_REVIEW = { review: 'r', round: 1, proof: 'unproven' } as const;

/** The review `r` approved a task. */
export function approved(taskId: string, done: boolean, sessionId = 's'): Said {
  return event('task.approved', { ...BY_REVIEW, done }, { taskId, sessionId });
}

/** The review `r` asked for changes. */
export function changesRequested(taskId: string, final: boolean, sessionId = 's'): Said {
  return event('task.changes_requested', { ...BY_REVIEW, notes: 'name it', final }, { taskId, sessionId });
}

/** An attempt failed; with `run_at: null` the task is a dead letter. */
export function failed(taskId: string, runAt: number | null, lease: LeaseSaid = {}): Said {
  return ended('task.failed', taskId, { outcome: 'failed', error: null, run_at: runAt }, lease);
}

/** An attempt failed; the next one may start after a pause. */
export function failedFor(taskId: string, delayMs: number, lease: LeaseSaid = {}): Said {
  const payload = { outcome: 'failed', error: null, run_at: (lease.at ?? NOW) + delayMs, delay_ms: delayMs } as const;
  return ended('task.failed', taskId, payload, lease);
}

export function rescheduled(taskId: string, payload: EventPayloads['task.rescheduled'], sessionId = 's'): Said {
  return event('task.rescheduled', payload, { taskId, sessionId });
}

/** The holder handed the task off; with `byMs` for so long. */
export function handedOff(
  taskId: string,
  to: { agent: string } | { role: string },
  lease: LeaseSaid = {},
  byMs?: number,
): Said {
  const { at = NOW } = lease;
  const payload = {
    outcome: 'handed_off',
    assignee: 'agent' in to ? to.agent : null,
    role: 'role' in to ? to.role : null,
    note: null,
    ...(byMs !== undefined && { return_at: at + byMs, delay_ms: byMs }),
  } as const;
  return ended('task.handed_off', taskId, payload, lease);
}

/** A handed-off task went back to its sender. */
export function handedBack(taskId: string, from: string, returnAt: number, columns: Columns = {}): Said {
  const payload = { assignee: AGENT, role: null, returned_from: from, return_at: returnAt };
  return event('task.handed_back', payload, { ...columns, taskId });
}

export function givenBack(taskId: string, lease: LeaseSaid = {}): Said {
  return ended('task.released', taskId, { outcome: 'released', note: null }, lease);
}

/** Whom a question asks. */
interface AskedSaid extends LeaseSaid {
  readonly ofAgent?: string;
  readonly ofRole?: string;
}

/** The holder asked a question: the task waits for the answer. */
export function asked(taskId: string, question = 'which?', { ofAgent, ofRole, ...lease }: AskedSaid = {}): Said {
  const of = { asked_agent: ofAgent ?? null, asked_role: ofRole ?? null };
  return ended('task.asked', taskId, { outcome: 'waiting', question, ...of }, lease);
}

/** The holder waits for other tasks. */
export function waiting(
  taskId: string,
  dependsOn: readonly string[],
  { lease, ...payload }: Partial<EventPayloads['task.waiting']> & { readonly lease?: LeaseSaid } = {},
): Said {
  const added = { depends_on: dependsOn, on_dependency_failure: 'block', ...payload } as const;
  return ended('task.waiting', taskId, { outcome: 'waiting', ...added }, lease);
}

/** The question that was asked at a time was answered. */
export function answered(
  taskId: string,
  answer = 'that one',
  columns: Columns & { readonly askedAt?: number } = {},
): Said {
  const { askedAt = NOW, ...rest } = columns;
  return event('task.answered', { answer, asked_at: askedAt }, { agent: OTHER_AGENT, ...rest, taskId });
}

/** A task was cancelled that no agent held. */
export function cancelledWaiting(taskId: string, sessionId = 's'): Said {
  return event('task.cancelled', { outcome: null, error: null }, { sessionId, taskId });
}

export function cancelAsked(taskId: string, columns: Columns = {}): Said {
  return event('task.cancel_requested', {}, { ...columns, taskId });
}

export function checkpointed(taskId: string, turn: number, lease: LeaseSaid = {}): Said {
  const context = {
    turn,
    last_action: `did ${turn}`,
    next_action: `do ${turn + 1}`,
    memory_ref: 'notes.md',
    hash: 'h',
    data: { seen: [turn] },
  };
  return event('session.checkpointed', context, { ...columnsOf(lease), taskId });
}

/** How another process ended a lease: who did it, what was known of the holder, and what proved its death. */
export interface EndSaid {
  readonly by?: { readonly agent?: string; readonly instance?: string };
  readonly lease?: LeaseSaid;
  readonly heartbeatAt?: number;
  readonly evidence?: LeaseEndFacts['evidence'];
}

export function recovered(taskId: string, reason: 'stale' | 'dead' | 'restored', said: EndSaid = {}): Said {
  return event('task.recovered', { ...factsOf(said), reason }, endColumns(taskId, said));
}

export function takenOver(taskId: string, reason: 'expired' | 'resumed' | 'dead', said: EndSaid = {}): Said {
  return event('lease.taken_over', { ...factsOf(said), reason }, endColumns(taskId, said));
}

/** A task ended that another process had just taken from its holder: as a dead letter, after so many lost leases. */
export function interruptedTooOften(taskId: string, lost: number, sessionId = 's'): Said {
  const error = {
    code: 'interrupted_too_often',
    message: `Its lease was lost ${counted(lost, 'time')}; the limit is ${lost - 1}.`,
  };
  return event('task.failed', { outcome: null, error, run_at: null }, { sessionId, taskId });
}

/** The first refusal of a token whose lease another process ended. */
export function refused(payload: EventPayloads['lease.refused'], lease: LeaseSaid = {}): Said {
  return event('lease.refused', payload, { ...columnsOf(lease), leaseEffect: 'refused' });
}

function columnsOf({ sessionId = 's', namespace, agent = AGENT, instance = null, fence = 1, at }: LeaseSaid): Columns {
  return { sessionId, namespace, agent, instance, fence, at };
}

function endColumns(taskId: string, { by = {}, lease = {} }: EndSaid): Columns {
  const { sessionId, namespace, fence } = columnsOf(lease);
  return { sessionId, namespace, ...by, fence, taskId, leaseEffect: 'ended' };
}

function factsOf({ lease = {}, heartbeatAt = lease.at ?? NOW, evidence = null }: EndSaid): LeaseEndFacts {
  const { agent = AGENT, instance = null, ttlMs = TTL_MS, staleAfterMs = STALE_AFTER_MS } = lease;
  return {
    from_agent: agent,
    from_instance: instance,
    expires_at: heartbeatAt + ttlMs,
    heartbeat_at: heartbeatAt,
    stale_at: heartbeatAt + Math.max(ttlMs, staleAfterMs),
    evidence,
  };
}

/** The agent was registered. */
export function agentRegistered(
  name: string,
  { roles = [], machine = null, human = false }: Partial<EventPayloads['agent.registered']> = {},
): AgentEventDraft {
  return { type: 'agent.registered', name, payload: { roles, machine, human } };
}

export function agentDraining(name: string): AgentEventDraft {
  return { type: 'agent.draining', name, payload: {} };
}

export function agentRetired(name: string): AgentEventDraft {
  return { type: 'agent.retired', name, payload: {} };
}

export function agentKeySet(publicKey: string | null, name = AGENT): AgentEventDraft {
  return { type: 'agent.key_set', name, payload: { public_key: publicKey } };
}

export function signedRolesSet(...roles: string[]): AgentEventDraft {
  return { type: 'agent.signed_roles_set', name: OTHER_AGENTS, payload: { signed_roles: roles } };
}

export function agentPolicySet(agents: AgentPolicy): AgentEventDraft {
  return { type: 'agent.policy_set', name: OTHER_AGENTS, payload: { agents } };
}
