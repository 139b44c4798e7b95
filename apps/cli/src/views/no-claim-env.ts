/**
 * Lines for the shell if nothing was claimed: they remove the variables of an earlier lease, and `eval` ends with the
 * exit code of the claim. The token stays, empty: without it, the commands that follow would look for the lease of
 * another claim in this terminal.
 */
export function noClaimEnv(exit: number): string[] {
  return [
    'unset ORCHESTRATOR_SESSION ORCHESTRATOR_TASK ORCHESTRATOR_FENCE',
    'export ORCHESTRATOR_TOKEN=',
    `(exit ${exit})`,
  ];
}
