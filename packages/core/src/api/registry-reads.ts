/**
 * What the registry and the log tell of agents. No claim writes when an agent was seen, so that is found out here.
 */
import { OTHER_AGENTS, type Agent } from '../model/agent.ts';
import { DEFAULTS } from '../model/limits.ts';
import type { AgentFilter, Page, Reader } from '../storage/storage.ts';
import { toAgentRecord, type SeenAgentRecord } from './records.ts';

/** A registered agent; null: the name is not registered. */
export async function readAgent(reader: Reader, namespace: string, name: string): Promise<SeenAgentRecord | null> {
  const agent = await reader.agent(namespace, name);
  return agent === null ? null : seen(reader, agent, await reader.settledEventId());
}

/** The registered agents by name, without the entry of all other names. */
export async function readAgents(reader: Reader, filter: AgentFilter): Promise<Page<SeenAgentRecord>> {
  // It comes before every name that an agent can have.
  const { items, next } = await reader.agents({ ...filter, after: filter.after ?? OTHER_AGENTS });
  const upTo = await reader.settledEventId();
  return { items: await Promise.all(items.map((agent) => seen(reader, agent, upTo))), next };
}

async function seen(reader: Reader, agent: Agent, upTo: number): Promise<SeenAgentRecord> {
  const { namespace, name } = agent;
  const [held, last] = await Promise.all([
    reader.sessions({ namespace, status: ['running'], agent: name, limit: DEFAULTS.page }),
    reader.events({ namespace, agent: name, before: null, limit: 1, upTo }),
  ]);
  const times = [...held.items.map(({ heartbeatAt }) => heartbeatAt ?? 0), ...last.items.map(({ at }) => at)];
  return { ...toAgentRecord(agent), lastSeenAt: Math.max(agent.updatedAt, ...times), holds: held.items.length };
}
