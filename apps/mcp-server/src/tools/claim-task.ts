import { z } from 'zod';
import { claim } from '../leases/claim.ts';
import { said } from '../text/answer.ts';
import { notClaimed } from '../text/claim-refusals.ts';
import { claimedAnswer, heldPart } from '../text/held.ts';
import { defineTool } from './tool.ts';

export const claimTask = defineTool({
  name: 'claim_task',
  description: 'Take the next task under a lease. The lease is renewed for you.',
  loadAtOnce: true,
  input: z.strictObject({
    session: z.string().optional().describe('only this session: s17, or t42 for that of a task'),
    kind: z.string().optional(),
  }),

  async run({ session, kind }, context, { ended }) {
    // Its answer was lost: another claim would leave a task that is held and not worked on.
    const { untold } = context.held;
    if (untold !== undefined)
      return said(...(await context.store.use('existing', (one) => heldPart(one, untold, context, ended))));
    const terms = {
      ...(session !== undefined && { sessionId: session }),
      ...(kind !== undefined && { kinds: [kind] }),
    };
    const claimed = await claim(context, terms, ended);
    return claimed.ok ? claimedAnswer(claimed, context, ended) : notClaimed(claimed, { session, kind }, context);
  },
});
