import { addHolderOptions, asRenewal, holderOf, type HolderOptions } from '../input/holder.ts';
import { readJson } from '../input/content.ts';
import type { Define } from '../command-module.ts';
import { leaseRefused } from '../refusals.ts';
import { renewalRemarks, renewalLine } from '../views/renewal.ts';

interface HeartbeatOptions extends HolderOptions {
  readonly progress?: string;
}

const define: Define = (program, run) => {
  addHolderOptions(program.command('heartbeat'))
    .description('extend the lease; the answer says whether cancellation was requested')
    .option('--progress <json>', 'progress of the work: JSON, @FILE or -')
    .action(
      run<HeartbeatOptions>(async (call) => {
        const progress = await readJson('--progress', call.options.progress);
        const request = { ...(await holderOf(call)), ...(progress !== undefined && { progress }) };
        await call.check('heartbeat', request);
        await using orchestrator = await call.openForAsOf('existing');
        const asOf = await orchestrator.asOf();
        const reply = await orchestrator.heartbeat(await asRenewal(request));
        if (!reply.ok) throw leaseRefused(reply, request);
        const { ok: _, ...renewal } = reply;
        const names = await call.names(orchestrator, { tasks: [renewal.taskId] });
        const now = await orchestrator.now();
        return {
          kind: 'heartbeat',
          data: renewal,
          asOf,
          ids: [renewal.sessionId],
          text: () => [renewalLine(renewal, names, now)],
          ...renewalRemarks(renewal),
        };
      }),
    );
};

export default define;
