import { everyRow } from '@agent-orchestrator/runtime';
import type { Define } from '../../../command-module.ts';
import { keyOf, keyTable, type AgentKey } from '../../../views/key.ts';

export const defineKeyList: Define = (parent, run) => {
  parent
    .command('list')
    .description('list the keys of agents, and the roles whose verdicts must be signed')
    .action(
      run<object>(async (call) => {
        await using orchestrator = await call.open('read-only');
        const asOf = await orchestrator.asOf();
        const keys: AgentKey[] = [];
        for await (const agent of everyRow(({ limit, after }) =>
          orchestrator.listAgents({ limit, ...(after && { after }) }),
        ))
          if (agent.publicKey !== null) keys.push(keyOf(agent));
        const signedRoles = await orchestrator.signedRoles();
        return {
          kind: 'agent_keys',
          data: keys,
          asOf,
          meta: { signedRoles },
          ids: keys.map(({ agent }) => agent),
          text: (paint) => keyTable(keys, paint),
          chatter: [
            signedRoles.length === 0
              ? 'no role demands signed verdicts; `orchestrator agent policy --signed-role ROLE` lets one do so'
              : `verdicts of these roles must be signed: ${signedRoles.join(', ')}`,
          ],
        };
      }),
    );
};
