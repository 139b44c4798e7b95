/**
 * Lines for the shell if nothing was claimed: they remove the variables of an earlier lease, and `eval` ends with the
 * exit code of the claim.
 */
export function noClaimEnv(exit: number): string[] {
  return ['unset ORCHESTRATOR_SESSION ORCHESTRATOR_TASK ORCHESTRATOR_TOKEN ORCHESTRATOR_FENCE', `(exit ${exit})`];
}
