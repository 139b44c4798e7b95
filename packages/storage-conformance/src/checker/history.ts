import type { Event, EventPayloads, EventType } from '@agent-orchestrator/core';
import {
  attemptsOf,
  commandKey,
  groupByCommandId,
  type Attempt,
  type IssuedCommand,
  type Journal,
} from '@agent-orchestrator/core/journal';

/** The log and the journals, sorted for the invariants. */
export interface History {
  /** By id. */
  readonly events: readonly Event[];
  readonly sessions: readonly SessionLog[];
  /** The events of each stream, by id. */
  readonly streams: readonly (readonly Event[])[];
  /** Of all sessions, in the order of their grants. */
  readonly leases: readonly Lease[];
  /** By `commandKey`. */
  readonly eventsByCommand: ReadonlyMap<string, readonly Event[]>;
  /** All calls of all journals. */
  readonly attempts: readonly Attempt[];
  readonly commands: readonly IssuedCommand[];
  readonly journals: readonly Journal[];
  readonly tolerances: Tolerances;
}

export interface Tolerances {
  /** How far the authority's clock may have stepped back without being noticed, in milliseconds. */
  readonly clockStepMs: number;
  /** How far a worker's clock may differ from the authority's, in milliseconds. */
  readonly clockSkewMs: number;
  /** How long after its time an event may become visible to others: a commit takes a while. Milliseconds. */
  readonly visibleAfterMs: number;
  /**
   * How long a transaction may be open whose process was halted, or cut off, and never heard of its end: what it grants
   * cannot be seen until then. Milliseconds.
   */
  readonly uncommittedMs: number;
}

/** The events of one session, by id. */
export interface SessionLog {
  readonly namespace: string;
  readonly sessionId: string;
  readonly events: readonly Event[];
  readonly leases: readonly Lease[];
}

/** A lease from its grant on, with the events that carry its fence. */
export interface Lease {
  readonly namespace: string;
  readonly sessionId: string;
  readonly fence: number;
  readonly grant: Event;
  readonly granted: EventPayloads['task.claimed'];
  /** While it was open. */
  readonly checkpoints: readonly Event[];
  readonly clockJumps: readonly Event[];
  /** One, unless something is wrong or the lease is still open. */
  readonly closings: readonly Event[];
}

export function historyOf(events: readonly Event[], journals: readonly Journal[], tolerances: Tolerances): History {
  const byId = events.toSorted((a, b) => a.id - b.id);
  const streams = [...groupBy(byId, streamKey).values()];
  const sessions = streams.filter(([first]) => first?.streamKind === 'session').map(sessionLog);
  const attempts = journals.flatMap(attemptsOf);
  const withCommand = byId.filter(({ commandId }) => commandId !== null);
  return {
    events: byId,
    sessions,
    streams,
    leases: sessions.flatMap(({ leases }) => leases).toSorted((a, b) => a.grant.id - b.grant.id),
    eventsByCommand: groupBy(withCommand, ({ namespace, commandId }) => commandKey(namespace, commandId ?? '')),
    attempts,
    commands: groupByCommandId(attempts),
    journals,
    tolerances,
  };
}

/** The payload of an event whose type was looked at. */
export function payloadOf<T extends EventType>(event: Event, _type: T): EventPayloads[T] {
  return JSON.parse(event.payload) as EventPayloads[T];
}

export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** The events that are about a task, by `taskKey`, in their order. */
export function byTask(events: readonly Event[]): Map<string, Event[]> {
  return groupBy(
    events.filter(({ taskId }) => taskId !== null),
    ({ namespace, taskId }) => taskKey(namespace, taskId),
  );
}

export function taskKey(namespace: string | undefined, taskId: string | null): string {
  return `${namespace}\n${taskId}`;
}

/** The agents that were granted each task, by `taskKey`: each with the event of its first grant. */
export function holdersOf(events: readonly Event[]): Map<string, Map<string, number>> {
  const holders = new Map<string, Map<string, number>>();
  for (const { id, type, namespace, taskId, agent } of events) {
    if (type !== 'task.claimed' || agent === null) continue;
    const key = taskKey(namespace, taskId);
    const ofTask = holders.get(key) ?? new Map<string, number>();
    if (!ofTask.has(agent)) holders.set(key, ofTask.set(agent, id));
  }
  return holders;
}

/** Names an event in a sentence. */
export function name(event: Event): string {
  return `${event.type} (event ${event.id}, ${event.streamId} ${event.seq})`;
}

function sessionLog(events: readonly Event[]): SessionLog {
  const [first] = events;
  const { namespace, streamId: sessionId } = first ?? { namespace: '', streamId: '' };
  const byFence = groupBy(events, ({ fence }) => String(fence));
  const leases = events.flatMap((event) => (event.leaseEffect === 'granted' ? leaseOf(event, byFence) : []));
  return { namespace, sessionId, events, leases };
}

function streamKey({ namespace, streamKind, streamId }: Event): string {
  return `${namespace}\n${streamKind}\n${streamId}`;
}

function leaseOf(grant: Event, byFence: ReadonlyMap<string, readonly Event[]>): Lease {
  const own = byFence.get(String(grant.fence)) ?? [];
  const closings = own.filter(({ leaseEffect }) => leaseEffect === 'ended');
  const until = closings[0]?.id ?? Number.POSITIVE_INFINITY;
  return {
    namespace: grant.namespace,
    sessionId: grant.streamId,
    fence: grant.fence ?? 0,
    grant,
    granted: payloadOf(grant, 'task.claimed'),
    checkpoints: own.filter(({ type, id }) => type === 'session.checkpointed' && id < until),
    clockJumps: own.filter(({ type }) => type === 'clock.jumped'),
    closings,
  };
}
