import type { AgentPolicy, Orchestrator } from '@agent-orchestrator/core';
import { AGENT_POLICIES } from '@agent-orchestrator/runtime';
import { Argument } from 'commander';
import type { Call } from '../../call.ts';
import { collect } from '../../input/parse.ts';
import type { Define } from '../../command-module.ts';

const MEANS: Readonly<Record<AgentPolicy, string>> = {
  any: 'any name may claim, registered or not',
  registered_only: 'only registered agents may claim',
};

interface PolicyOptions {
  readonly signedRole?: string[];
  readonly signedRoles?: false;
}

export const definePolicy: Define = (parent, run) => {
  parent
    .command('policy')
    .description('show or set which names may claim in the namespace, and whose verdicts must be signed')
    .addArgument(new Argument('[agents]', 'the new policy (default: show it)').choices(AGENT_POLICIES))
    .option('--signed-role <name>', 'verdicts of this role must be signed; give all of them (repeatable)', collect)
    .option('--no-signed-roles', 'no role demands signed verdicts')
    .action(
      run<PolicyOptions, [AgentPolicy | undefined]>(async (call, policy) => {
        const change = changeOf(call, policy);
        await using orchestrator = await (change === null ? call.open('read-only') : call.openForAsOf('create'));
        const asOf = await orchestrator.asOf();
        const { agents, signedRoles } =
          change === null ? await present(orchestrator) : await orchestrator.setAgentPolicy(change);
        return {
          kind: 'agent_policy',
          data: { agents, signedRoles },
          asOf,
          ids: [agents],
          text: () => [
            `${agents}: ${MEANS[agents]}`,
            ...(signedRoles.length === 0 ? [] : [`verdicts of these roles must be signed: ${signedRoles.join(', ')}`]),
          ],
        };
      }),
    );
};

/** null: it is only shown. */
function changeOf({ options, command }: Call<PolicyOptions>, agents: AgentPolicy | undefined) {
  const signedRoles = options.signedRoles === false ? [] : options.signedRole;
  if (agents === undefined && signedRoles === undefined) return null;
  return { ...(agents && { agents }), ...(signedRoles && { signedRoles }), ...command };
}

async function present(orchestrator: Orchestrator) {
  return { agents: await orchestrator.agentPolicy(), signedRoles: await orchestrator.signedRoles() };
}
