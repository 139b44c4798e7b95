import { fields } from '@agent-orchestrator/runtime';
import type { Call } from '../call.ts';
import { usage } from '../failure.ts';

/** The agent of `--agent`. Only the flag counts: the variable and the file name the agent of this shell. */
export function agentOfFlag({ settings }: Pick<Call, 'settings'>): string | null {
  const { value, from } = settings.agent;
  return from !== 'argument' || value === null ? null : agentNamed(value);
}

/** @throws `USAGE` if it is no name of an agent */
export function agentNamed(text: string): string {
  const { success, data } = fields.name.safeParse(text);
  if (success) return data;
  throw usage('This is no name of an agent.', 'Begin with a letter or digit; then also use . _ @ + and -.', 'agent');
}
