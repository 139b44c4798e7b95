import {
  agentOfHost,
  registerHost,
  resolveSettings,
  type AgentPlace,
  type RegisteredHost,
} from '@agent-orchestrator/runtime';

/**
 * The agent that lives in a host, and its store: as the server of the tools has them, from the same settings. Whichever
 * of the two comes first names the agent, so that both mean the same one, wherever they were started.
 */
export async function placeOf(host: RegisteredHost): Promise<AgentPlace> {
  const { store, namespace, agent } = await resolveSettings();
  const named = agent.from === 'default' ? null : agent.value;
  return { store: store.value, namespace: namespace.value, agent: agentIn(host, named) };
}

function agentIn(host: RegisteredHost, named: string | null): string {
  if (named !== null && named !== host.agent) registerHost({ agent: named });
  const settled = named ?? host.agent;
  if (settled !== null) return settled;
  const agentIfNone = agentOfHost(host.name);
  return registerHost({ agentIfNone }).agent ?? agentIfNone;
}
