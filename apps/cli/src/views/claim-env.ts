import { shellQuoted } from '@agent-orchestrator/runtime';

/** Lines for a POSIX shell: `eval "$(orchestrator claim --env)"`. null: the variable must be absent. */
export function claimEnv(variables: Readonly<Record<string, string | null>>): string[] {
  return Object.entries(variables).map(([name, value]) =>
    value === null ? `unset ${name}` : `export ${name}=${shellQuoted(value)}`,
  );
}

/**
 * Lines for the shell if nothing was claimed: they remove the variables of an earlier lease, and `eval` ends with the
 * exit code of the claim.
 */
export function noClaimEnv(exit: number): string[] {
  return ['unset ORCHESTRATOR_SESSION ORCHESTRATOR_TASK ORCHESTRATOR_TOKEN ORCHESTRATOR_FENCE', `(exit ${exit})`];
}
