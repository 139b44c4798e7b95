import { AGENT } from '../factories.ts';
import type { World } from '../world.ts';
import { NOTHING, type Move, type Subject } from './lifecycle-moves.ts';

const registeredAgent = async (world: World): Promise<Subject> => {
  await world.orchestrator.registerAgent({ agent: AGENT });
  return NOTHING;
};
const after =
  (...further: readonly Move['when'][]): Move['given'] =>
  async (world) => {
    for (const act of further) await act(world, NOTHING);
    return NOTHING;
  };
const register: Move['when'] = async (world) =>
  (await world.orchestrator.registerAgent({ agent: AGENT, roles: ['reviewer'] })).agent;
const drain: Move['when'] = async (world) => agentIn(await world.orchestrator.drainAgent({ agent: AGENT }));
const retire: Move['when'] = async (world) => agentIn(await world.orchestrator.retireAgent({ agent: AGENT }));
const closed: Move['when'] = async (world) => ({
  ...(await world.orchestrator.setAgentPolicy({ agents: 'registered_only' })),
  status: 'retired',
});
const open: Move['when'] = async (world) => ({
  ...(await world.orchestrator.setAgentPolicy({ agents: 'any' })),
  status: 'active',
});

function agentIn(reply: Awaited<ReturnType<World['orchestrator']['drainAgent']>>): object {
  return reply.ok ? reply.agent : reply;
}

/** One for each row of AGENT_TRANSITIONS. */
export const AGENT_MOVES: Readonly<Record<string, Move>> = {
  'nothing → active by register_agent (agent.registered)': { given: async () => NOTHING, when: register },
  'active → active by register_agent (agent.registered)': { given: registeredAgent, when: register },
  'draining → active by register_agent (agent.registered)': { given: after(register, drain), when: register },
  'retired → active by register_agent (agent.registered)': { given: after(register, retire), when: register },
  'active → draining by drain_agent (agent.draining)': { given: registeredAgent, when: drain },
  'active → retired by retire_agent (agent.retired)': { given: registeredAgent, when: retire },
  'draining → retired by retire_agent (agent.retired)': { given: after(register, drain), when: retire },
  'nothing → retired by set_agent_policy (agent.policy_set)': { given: async () => NOTHING, when: closed },
  'active → retired by set_agent_policy (agent.policy_set)': { given: after(closed, open), when: closed },
  'retired → active by set_agent_policy (agent.policy_set)': { given: after(closed), when: open },
};
