import type { JsonText } from './json.ts';
import type { SessionStatus } from './statuses.ts';

/**
 * A line of work with one worker at a time. It owns the lock, the context and a strict queue of tasks. Times are
 * milliseconds since 1970, UTC.
 */
export interface Session {
  readonly namespace: string;
  readonly id: string;
  /** The number for people, as `s17`; unique in the database. */
  readonly number: number;
  readonly status: SessionStatus;
  /** The lease, while it is held; all null otherwise. */
  readonly agent: string | null;
  readonly instance: string | null;
  readonly host: string | null;
  readonly boot: string | null;
  readonly pid: number | null;
  readonly processStart: string | null;
  /** The process group that works for that process; 0: not known yet. */
  readonly processGroup: number | null;
  readonly fence: number | null;
  /** SHA-256 of the lease's token. */
  readonly tokenHash: string | null;
  readonly ttlMs: number | null;
  readonly staleAfterMs: number | null;
  readonly leaseExpiresAt: number | null;
  readonly heartbeatAt: number | null;
  /** max(leaseExpiresAt, heartbeatAt + staleAfterMs): from then on recovery may act. */
  readonly staleAt: number | null;
  readonly progress: JsonText | null;
  /** The task that runs under the lease. */
  readonly taskId: string | null;
  /** Renewals so far, over all leases of the session. */
  readonly renewals: number;
  /** Renewals that came in the last fifth of the TTL or later. */
  readonly nearMisses: number;
  readonly lastNearMissAt: number | null;
  /** The last checkpoint (see `Context`). */
  readonly context: JsonText | null;
  /** Tasks of this session that have not ended. */
  readonly tasksOpen: number;
  /** Number and hash of the session's last event: the end of its chain. */
  readonly seq: number;
  readonly hash: string;
  /** Grows with each change of the row: the guard of optimistic storages. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** The columns of a session that heartbeats change. They are not in the log, so `verify()` leaves them out. */
export const UNLOGGED_SESSION_FIELDS = [
  'leaseExpiresAt',
  'heartbeatAt',
  'staleAt',
  'processGroup',
  'progress',
  'renewals',
  'nearMisses',
  'lastNearMissAt',
  'version',
  'updatedAt',
] as const satisfies readonly (keyof Session)[];

/** The columns that no event and no heartbeat changes. */
export const FIXED_SESSION_FIELDS = [
  'namespace',
  'id',
  'number',
  'createdAt',
] as const satisfies readonly (keyof Session)[];

/** The columns of a lease, all null while no agent holds the session. */
export const NO_LEASE = {
  agent: null,
  instance: null,
  host: null,
  boot: null,
  pid: null,
  processStart: null,
  processGroup: null,
  fence: null,
  tokenHash: null,
  ttlMs: null,
  staleAfterMs: null,
  leaseExpiresAt: null,
  heartbeatAt: null,
  staleAt: null,
  progress: null,
  taskId: null,
} as const satisfies Partial<Session>;

/** Whether any task other than the running one is open. Without one the queue has no head to look for. */
export function hasQueue({ tasksOpen, taskId }: Session): boolean {
  return tasksOpen > (taskId === null ? 0 : 1);
}
