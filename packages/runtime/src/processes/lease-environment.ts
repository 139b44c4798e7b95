import type { ClaimRecord } from '@agent-orchestrator/core';
import { SECRET_VARIABLES } from '../system/secret-variables.ts';

/** Where the programs that work under a lease find its store. */
export interface LeasePlace {
  readonly namespace: string;
  /** The store URL, valid in any current folder. null: the variable stays as it is. */
  readonly store: string | null;
}

/**
 * The variables that tell a program its lease. `orchestrator run` sets them for its command, `claim --env` for a shell.
 * null: the variable must be absent.
 */
export function leaseEnvironment(
  { task, lease }: ClaimRecord,
  { namespace, store }: LeasePlace,
): Readonly<Record<string, string | null>> {
  return {
    ORCHESTRATOR_SESSION: lease.sessionId,
    ORCHESTRATOR_TASK: task.id,
    ORCHESTRATOR_TOKEN: lease.token,
    ORCHESTRATOR_FENCE: String(lease.fence),
    ORCHESTRATOR_AGENT: lease.agent,
    ORCHESTRATOR_INSTANCE: lease.instance,
    ORCHESTRATOR_NAMESPACE: namespace,
    ...(store !== null && { ORCHESTRATOR_STORE: store }),
    // With the public fence, it would give the token of the lease that was claimed with it.
    [SECRET_VARIABLES.seed]: null,
  };
}
