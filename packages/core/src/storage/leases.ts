import type { Event, EventType } from '../log/events.ts';

/**
 * A lease as the log tells it: from the event that granted it to the one that ended it. Times are milliseconds since
 * 1970, UTC. null: it has not ended; no write was refused.
 */
export interface LeaseInterval {
  readonly namespace: string;
  readonly sessionId: string;
  readonly taskId: string;
  readonly fence: number;
  readonly agent: string;
  readonly instance: string | null;
  /** The id of the event that granted it. */
  readonly grantedId: number;
  readonly grantedAt: number;
  readonly endedId: number | null;
  readonly endedAt: number | null;
  /** The event that ended it says how. */
  readonly endedType: EventType | null;
  /** The first write of its holder that was refused after another process had ended it. */
  readonly refusedId: number | null;
  readonly refusedAt: number | null;
}

/** The fields of a lease that the event of its grant has, and their names there. */
export const GRANT_FIELDS = {
  namespace: 'namespace',
  sessionId: 'sessionId',
  taskId: 'taskId',
  fence: 'fence',
  agent: 'agent',
  instance: 'instance',
  grantedId: 'id',
  grantedAt: 'at',
} as const;

/** Those of its end, and of the refusal. */
export const END_FIELDS = { endedId: 'id', endedAt: 'at', endedType: 'type' } as const;
export const REFUSAL_FIELDS = { refusedId: 'id', refusedAt: 'at' } as const;

/**
 * A lease of its events.
 *
 * @param grant an event that granted a lease
 */
export function leaseInterval(grant: Event, end: Event | undefined, refusal: Event | undefined): LeaseInterval {
  const { namespace, sessionId, taskId, fence, agent, instance, id, at } = grant;
  return {
    namespace,
    sessionId: sessionId ?? '',
    taskId: taskId ?? '',
    fence: fence ?? 0,
    agent: agent ?? '',
    instance,
    grantedId: id,
    grantedAt: at,
    endedId: end?.id ?? null,
    endedAt: end?.at ?? null,
    endedType: end?.type ?? null,
    refusedId: refusal?.id ?? null,
    refusedAt: refusal?.at ?? null,
  };
}

/** The cursor of lists of leases. */
export function leaseCursor({ fence }: LeaseInterval): string {
  return String(fence);
}

export interface LeaseFilter {
  readonly namespace: string;
  readonly limit: number;
  /** Only leases with a greater fence. */
  readonly after?: string;
  /** The last lease first: only those with a smaller fence; null: from the end. Not given together with `after`. */
  readonly before?: string | null;
  readonly sessionId?: string;
  /** Only leases that were granted at this time (ms) or later. */
  readonly from?: number;
  /** What the leases were when this event was the last one. A settled id. */
  readonly upTo: number;
}

/** The head of a session's queue. */
export interface OldestHead {
  readonly taskId: string;
  /** In milliseconds. */
  readonly queuedAt: number;
}

/** How many heads to look at, and how many of them to tell. */
export interface OldestHeadsAsked {
  readonly max: number;
  readonly limit: number;
}

/** Of the heads that were looked at, those that were queued before the others. */
export interface OldestHeads {
  /** How many there were: as many as `max` means that there may be more. */
  readonly lookedAt: number;
  readonly oldest: readonly OldestHead[];
}
