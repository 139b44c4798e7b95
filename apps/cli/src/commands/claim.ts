import type { Call } from '../call.ts';
import { interruption } from '../changes.ts';
import { claimOnce, claimWithin, type ClaimRequest } from '../claim-within.ts';
import { leaseRequest, type LeaseOptions } from '../input/lease.ts';
import { collect, parseDuration } from '../input/parse.ts';
import type { Answer } from '../output/output.ts';
import type { Define } from '../program.ts';
import { claimRefused } from '../refusals.ts';
import { claimCard, holderFlags } from '../views/claim.ts';

interface ClaimOptions extends LeaseOptions {
  readonly session?: string;
  readonly wait?: number;
  readonly resume?: true;
}

const define: Define = (program, run) => {
  program
    .command('claim')
    .description('take the next task under a lease; nothing to claim, or busy: exit 75')
    .option('--session <id>', 'only this session; it is taken over if its lease has expired')
    .option('--kind <name>', 'only tasks of this kind (may be repeated)', collect)
    .option('--role <name>', 'a role of the agent: it may also take what waits for the role (may be repeated)', collect)
    .option(
      '--ttl <duration>',
      'how long the lease lasts without a heartbeat (default: 120s, see `config list`)',
      parseDuration,
    )
    .option(
      '--stale-after <duration>',
      'silence after which anybody may recover it (default: 60s, see `config list`)',
      parseDuration,
    )
    .option('--wait <duration>', 'wait so long for something to claim', parseDuration)
    .option('--resume', 'the same agent, restarted: take back at once what its earlier run held')
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
  const { session, resume } = call.options;
  return {
    ...call.requireAgent(),
    ...call.command,
    ...(session !== undefined && { sessionId: session }),
    ...leaseRequest(call.options),
    ...(resume && { resume }),
  };
}
