import type { Call } from '../../call.ts';

/** What to do with a task that waits; whoever is named already need not be named again. */
export function nextClaim({ options }: Call): string {
  return options.agent === undefined ? 'next: orchestrator claim --agent NAME' : 'next: orchestrator claim';
}
