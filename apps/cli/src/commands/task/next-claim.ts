import type { Call } from '../../call.ts';

/** The next step for a waiting task. An agent that is configured need not be named again. */
export function nextClaim({ options }: Call): string {
  return options.agent === undefined ? 'next: orchestrator claim --agent NAME' : 'next: orchestrator claim';
}
