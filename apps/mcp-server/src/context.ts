import type { RegisteredHost, StoreAccess } from '@agent-orchestrator/runtime';
import type { HeldTasks } from './leases/held-tasks.ts';

/** What a person sets for every call of a server. */
export interface Terms {
  readonly roles: readonly string[];
  readonly ttlMs: number;
  readonly staleAfterMs: number;
  /** After how long without progress the tasks are parked, in milliseconds. */
  readonly parkAfterMs: number;
}

/** What every tool works with: looked up at each call. */
export interface ToolContext extends Terms {
  readonly agent: string;
  /** This run of the server. */
  readonly instance: string;
  readonly store: StoreAccess;
  /** The host that calls. */
  readonly host: RegisteredHost;
  readonly held: HeldTasks;
}
