import type { AgentPolicy } from '@agent-orchestrator/core';
import { AGENT_POLICIES } from '@agent-orchestrator/runtime';
import { Argument } from 'commander';
import type { Define } from '../../command-module.ts';

const MEANS: Readonly<Record<AgentPolicy, string>> = {
  any: 'any name may claim, registered or not',
  registered_only: 'only registered agents may claim',
};

export const definePolicy: Define = (parent, run) => {
  parent
    .command('policy')
    .description('show or set which names may claim in the namespace')
    .addArgument(new Argument('[agents]', 'the new policy (default: show it)').choices(AGENT_POLICIES))
    .action(
      run<object, [AgentPolicy | undefined]>(async (call, policy) => {
        await using orchestrator = await (policy === undefined ? call.open('read-only') : call.openForAsOf('create'));
        const asOf = await orchestrator.asOf();
        const agents =
          policy === undefined
            ? await orchestrator.agentPolicy()
            : (await orchestrator.setAgentPolicy({ agents: policy, ...call.command })).agents;
        return {
          kind: 'agent_policy',
          data: { agents },
          asOf,
          ids: [agents],
          text: () => [`${agents}: ${MEANS[agents]}`],
        };
      }),
    );
};
