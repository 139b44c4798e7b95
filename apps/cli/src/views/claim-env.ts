import { shellQuoted } from '@agent-orchestrator/runtime';

/** Variables for a POSIX shell to evaluate: `eval "$(orchestrator claim --env)"`. null: the variable is to be absent. */
export function claimEnv(variables: Readonly<Record<string, string | null>>): string[] {
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
