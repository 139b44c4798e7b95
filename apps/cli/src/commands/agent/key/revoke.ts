import type { Define } from '../../../command-module.ts';
import { notFound } from '../../../refusals.ts';
import { agentLine } from '../../../views/agent.ts';

export const defineKeyRevoke: Define = (parent, run) => {
  parent
    .command('revoke')
    .description('let the key of an agent count for nothing more; what it signed before stays proven')
    .argument('<name>', 'the name of the agent')
    .action(
      run<object, [string]>(async (call, name) => {
        const request = { agent: name, publicKey: null, ...call.command };
        await call.check('setAgentKey', request);
        await using orchestrator = await call.openForAsOf('existing');
        const asOf = await orchestrator.asOf();
        const reply = await orchestrator.setAgentKey(request);
        if (!reply.ok) throw notFound('agent', name);
        const { agent } = reply;
        return {
          kind: 'agent',
          data: agent,
          asOf,
          ids: [agent.name],
          text: (paint) => [agentLine(agent, paint)],
          chatter: ['it has no key: its verdicts are not signed, unless its role demands it'],
        };
      }),
    );
};
