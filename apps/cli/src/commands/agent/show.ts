import { notFound } from '../../refusals.ts';
import type { Define } from '../../command-module.ts';
import { agentCard } from '../../views/agent.ts';

export const defineShow: Define = (parent, run) => {
  parent
    .command('show')
    .description('show a registered agent: its roles, and when it was last seen')
    .argument('<name>', 'the name of the agent')
    .action(
      run<object, [string]>(async (call, name) => {
        await using orchestrator = await call.open('read-only');
        const asOf = await orchestrator.asOf();
        const agent = await orchestrator.getAgent(name);
        if (agent === null) throw notFound('agent', name);
        const now = await orchestrator.now();
        return {
          kind: 'agent',
          data: agent,
          asOf,
          ids: [agent.name],
          text: (paint) => agentCard(agent, now, paint),
        };
      }),
    );
};
