import { shellWord } from '@agent-orchestrator/runtime';
import type { Call } from '../../call.ts';
import { agentRefused, notFound } from '../../refusals.ts';
import type { Define } from '../../command-module.ts';
import { agentLine } from '../../views/agent.ts';
import type { Answer } from '../../output/output.ts';

export const defineDrain: Define = (parent, run) => {
  parent
    .command('drain')
    .description('let an agent claim nothing more; what it holds it may finish')
    .argument('<name>', 'the name of the agent')
    .action(run<object, [string]>((call, name) => endAgent(call, name, 'drainAgent')));
};

/** Sends the command, and says what the agent still holds. */
export async function endAgent(call: Call, name: string, method: 'drainAgent' | 'retireAgent'): Promise<Answer> {
  const request = { agent: name, ...call.command };
  await call.check(method, request);
  await using orchestrator = await call.openForAsOf('existing');
  const asOf = await orchestrator.asOf();
  const reply = await orchestrator[method](request);
  if (!reply.ok) throw reply.reason === 'not_found' ? notFound('agent', name) : agentRefused(reply);
  const { agent } = reply;
  const { items } = await orchestrator.listSessions({ status: ['running'], agent: name, limit: 1 });
  return {
    kind: 'agent',
    data: agent,
    asOf,
    ids: [agent.name],
    text: (paint) => [agentLine(agent, paint)],
    chatter:
      items.length === 0
        ? ['it holds nothing']
        : [`it may finish what it holds: orchestrator session list --held-by ${shellWord(agent.name)}`],
  };
}
