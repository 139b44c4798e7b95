import type { ClaimRecord } from '@agent-orchestrator/core';

/** What `run` and `claim --env` tell of a lease to the programs that work under it. */
export interface LeaseEnvironment {
  readonly namespace: string;
  /** The store as any program can open it. */
  readonly store: string;
}

/** The variables of a lease, for a POSIX shell to evaluate: `eval "$(orchestrator claim --env)"`. */
export function claimEnv({ task, lease }: ClaimRecord, { namespace, store }: LeaseEnvironment): string[] {
  const variables: Readonly<Record<string, string | null>> = {
    ORCHESTRATOR_SESSION: lease.sessionId,
    ORCHESTRATOR_TASK: task.id,
    ORCHESTRATOR_TOKEN: lease.token,
    ORCHESTRATOR_FENCE: String(lease.fence),
    ORCHESTRATOR_AGENT: lease.agent,
    ORCHESTRATOR_INSTANCE: lease.instance,
    ORCHESTRATOR_NAMESPACE: namespace,
    ORCHESTRATOR_STORE: store,
  };
  return Object.entries(variables).map(([name, value]) =>
    value === null ? `unset ${name}` : `export ${name}=${shellQuoted(value)}`,
  );
}

/**
 * What the shell evaluates where nothing was claimed: no earlier lease may be taken for this one, and `eval` ends with the exit
 * code of the claim.
 */
export function noClaimEnv(exit: number): string[] {
  return ['unset ORCHESTRATOR_SESSION ORCHESTRATOR_TASK ORCHESTRATOR_TOKEN ORCHESTRATOR_FENCE', `(exit ${exit})`];
}

/** One word to a POSIX shell, whatever is in it. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
