import type { Call } from '../call.ts';
import { interruption } from '../interruption.ts';
import { claimOnce, claimWithin, type ClaimRequest } from '../claim-within.ts';
import { addClaimOptions, claimRequest, type ClaimOptions } from '../input/claim.ts';
import type { Answer } from '../output/output.ts';
import type { Define } from '../command-module.ts';
import { claimRefused } from '../refusals.ts';
import { claimCard, holderFlags } from '../views/claim.ts';

const define: Define = (program, run) => {
  addClaimOptions(program.command('claim'))
    .description('take the next task under a lease; nothing to claim, or busy: exit 75')
    .action(run<ClaimOptions>(claim));
};

export default define;

async function claim(call: Call<ClaimOptions>): Promise<Answer> {
  const { session, wait } = call.options;
  const request = requestOf(call);
  await call.check(async (orchestrator) => orchestrator.claimTask(request));
  await using orchestrator = await call.open('create');
  const { asOf, claimed } = await (wait === undefined
    ? claimOnce(orchestrator, request)
    : claimWithin(orchestrator, request, wait, interruption()));
  const now = await orchestrator.now();
  if (!claimed.ok) throw claimRefused(claimed, session, now);

  const { task, lease, context, takeover } = claimed;
  return {
    kind: 'claim',
    data: { task, lease, context, takeover },
    asOf,
    ids: [task.id],
    text: (paint) => claimCard(claimed, now, paint),
    chatter: [
      `next: orchestrator checkpoint ${holderFlags(lease)} --next-action TEXT`,
      `then: orchestrator release ${holderFlags(lease)} --outcome succeeded`,
    ],
  };
}

function requestOf(call: Call<ClaimOptions>): ClaimRequest {
  return { ...call.requireAgent(), ...call.command, ...claimRequest(call.options) };
}
