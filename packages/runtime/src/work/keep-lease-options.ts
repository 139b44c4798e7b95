import type { Lease, Orchestrator } from '@agent-orchestrator/core';
import type { Instant, Time } from '../system/time.ts';
import type { LeaseNews } from './lease-news.ts';

export interface KeepLeaseOptions {
  readonly orchestrator: Pick<Orchestrator, 'heartbeat' | 'checkpoint'>;
  /** The lease as it was granted; its instance is sent with every write. */
  readonly lease: Pick<Lease, 'token' | 'instance' | 'ttlMs'>;
  /** The namespace of the session, if it is not the orchestrator's own. */
  readonly namespace?: string;
  /** The clocks before the claim was first sent: the lease is not older than that. */
  readonly since: Instant;
  /** Called for everything at once; for `unsure`, before anything else can happen. Must not throw. */
  readonly onNews: (news: LeaseNews) => void;
  /** Called before each renewal: whether the holder is alive. */
  readonly isAlive?: () => boolean | Promise<boolean>;
  /**
   * How long a holder may work without progress before its lease is no longer renewed. If given, it counts from the
   * start. By default it is one hour and counts from the first `progress`; a holder that never reports progress has no
   * limit.
   */
  readonly progressWithinMs?: number;
  readonly time?: Time;
  /** Returns a number in [0, 1), for the pauses between attempts. */
  readonly random?: () => number;
}
