import type { AgentRecord, SeenAgentRecord } from '@agent-orchestrator/core';
import { keyFingerprint, OTHER_AGENTS, shellWord } from '@agent-orchestrator/runtime';
import { state, type Paint } from '../output/style.ts';
import { fields, table } from '../output/table.ts';
import { moment, relative } from '../output/time.ts';

export function agentLine(agent: AgentRecord, paint: Paint): string {
  const roles = agent.roles.length === 0 ? 'no role' : `roles: ${agent.roles.join(', ')}`;
  return `${state(agent.status, paint)}  ${agent.name}  ${paint('dim', `${kindOf(agent)}, ${roles}`)}`;
}

export function agentTable(agents: readonly SeenAgentRecord[], now: number, paint: Paint): string[] {
  if (agents.length === 0) return ['no registered agents'];
  const rows = agents.map((agent) => [
    state(agent.status, paint),
    agent.name,
    kindOf(agent),
    String(agent.holds),
    relative(agent.lastSeenAt, now),
    agent.machine ?? '-',
    agent.roles.join(', '),
  ]);
  return table(['STATE', 'AGENT', 'KIND', 'HOLDS', 'LAST SEEN', 'MACHINE', 'ROLES'], rows, paint);
}

export function agentCard(agent: SeenAgentRecord, now: number, paint: Paint): string[] {
  return [
    `${state(agent.status, paint)}  ${agent.name}`,
    ...fields(
      [
        ['kind', kindOf(agent)],
        ['roles', agent.roles.length === 0 ? 'none' : agent.roles.join(', ')],
        ['machine', agent.machine],
        ['key', agent.publicKey === null ? null : keyFingerprint(agent.publicKey)],
        [
          'holds',
          agent.holds === 0
            ? 'nothing'
            : `${agent.holds} (orchestrator session list --held-by ${shellWord(agent.name)})`,
        ],
        ['first seen', moment(agent.firstSeenAt, now)],
        ['last seen', moment(agent.lastSeenAt, now)],
        ['changed', moment(agent.changedAt, now)],
      ],
      paint,
    ),
  ];
}

/** An entry of the registry in a sentence: an agent, by the name to show, or all agents that have none of their own. */
export function registryEntry(name: string | null, shown = name): string {
  return name === OTHER_AGENTS ? 'all other agents' : `agent ${shown ?? ''}`;
}

function kindOf({ human }: AgentRecord): string {
  return human ? 'person' : 'program';
}
