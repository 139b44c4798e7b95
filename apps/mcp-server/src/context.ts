import type { HeldTasks } from './leases/held-tasks.ts';
import type { StoreAccess } from './store-access.ts';

/** What every tool works with. */
export interface ToolContext {
  readonly agent: string;
  /** This run of the server. */
  readonly instance: string;
  readonly roles: readonly string[];
  readonly ttlMs: number;
  readonly staleAfterMs: number;
  readonly store: StoreAccess;
  readonly held: HeldTasks;
}
