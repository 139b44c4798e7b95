/**
 * The variables that hold a secret of the process that reads them. They are for that process alone: no program that it
 * starts gets one of them.
 */
export const SECRET_VARIABLES = {
  /** The lease of a claim: with the public fence, it gives the token. */
  seed: 'ORCHESTRATOR_SEED',
  /** The key of an agent: with the file of the key, it signs verdicts. */
  passphrase: 'ORCHESTRATOR_KEY_PASSPHRASE',
  /** What a proxy in front of the dashboard sends with each request. */
  proxy: 'ORCHESTRATOR_PROXY_SECRET',
} as const;

/** The environment of a program that is started. */
export function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const given = { ...env };
  for (const name of Object.values(SECRET_VARIABLES)) delete given[name];
  return given;
}
