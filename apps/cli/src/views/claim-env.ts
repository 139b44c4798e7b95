import { shellQuoted } from '@agent-orchestrator/runtime';

/** Lines for a POSIX shell: `eval "$(orchestrator claim --env)"`. null: the variable must be absent. */
export function claimEnv(variables: Readonly<Record<string, string | null>>): string[] {
  return Object.entries(variables).map(([name, value]) =>
    value === null ? `unset ${name}` : `export ${name}=${shellQuoted(value)}`,
  );
}
