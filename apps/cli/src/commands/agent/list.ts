import type { AgentStatus } from '@agent-orchestrator/core';
import { AGENT_STATUS_NAMES, shellWord } from '@agent-orchestrator/runtime';
import { Option } from 'commander';
import { collect, parseCount } from '../../input/parse.ts';
import type { Define } from '../../command-module.ts';
import { agentTable } from '../../views/agent.ts';

interface ListOptions {
  readonly status?: AgentStatus[];
  readonly role?: string;
  readonly limit?: number;
  readonly after?: string;
}

export const defineList: Define = (parent, run) => {
  parent
    .command('list')
    .description('list registered agents by name')
    .addOption(
      new Option('--status <status>', `only these: ${AGENT_STATUS_NAMES.join(', ')} (repeatable)`).argParser(collect),
    )
    .option('--role <name>', 'only agents with this role')
    .option('--limit <n>', 'maximum number (default: 50)', parseCount)
    .option('--after <name>', 'the page after this one')
    .action(
      run<ListOptions>(async (call) => {
        const { status, role, limit, after } = call.options;
        await using orchestrator = await call.open('read-only');
        const asOf = await orchestrator.asOf();
        const { items, next } = await orchestrator.listAgents({
          ...(status !== undefined && { status }),
          ...(role !== undefined && { role }),
          ...(limit !== undefined && { limit }),
          ...(after !== undefined && { after }),
        });
        const policy = await orchestrator.agentPolicy();
        const now = await orchestrator.now();
        return {
          kind: 'agents',
          data: items,
          asOf,
          meta: { next, agents: policy },
          ids: items.map(({ name }) => name),
          text: (paint) => agentTable(items, now, paint),
          chatter: [
            ...(next === null
              ? []
              : [`${items.length} shown, there are more: --after ${shellWord(next)}, or a larger --limit`]),
            policy === 'any' ? 'names that are not registered may claim, too' : 'only registered agents may claim',
          ],
        };
      }),
    );
};
