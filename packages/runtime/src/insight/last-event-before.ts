import type { OrchestratorReads } from '@agent-orchestrator/core';

/** The id of the last event of a namespace before a time, by binary search over the log; 0 if there is none. */
export async function lastEventBefore(
  reads: Pick<OrchestratorReads, 'listEvents'>,
  { at, asOf, namespace }: { readonly at: number; readonly asOf: number; readonly namespace?: string },
): Promise<number> {
  let [before, notBefore] = [0, asOf];
  while (before < notBefore) {
    const middle = Math.floor((before + notBefore) / 2);
    const asked = { after: String(middle), limit: 1, upTo: asOf, ...(namespace !== undefined && { namespace }) };
    const [next] = (await reads.listEvents(asked)).items;
    if (next === undefined || next.at >= at) notBefore = middle;
    else before = next.id;
  }
  return before;
}
