// What events do to an entry of the registry, and which of them the log cannot have:
// - each event leads to its status, and changes nothing else that it does not say
// - every change of status that the table of transitions does not have is refused
// - an event of a session is none of an agent, and the other way round
// - the policy is of the entry for all other names alone
// - the log of one agent is replayed from empty: a gap, a broken chain and an edit are found
import { expect, test } from 'vitest';
import { chained, chainedToAgent } from '../../src/log/chain.ts';
import type { AgentEventDraft, Event } from '../../src/log/events.ts';
import { evolve } from '../../src/log/evolve.ts';
import { evolveAgent } from '../../src/log/evolve-agent.ts';
import { AGENT_TRANSITIONS } from '../../src/log/lifecycle.ts';
import { AgentReplay } from '../../src/log/replay.ts';
import { AGENT_STATUS_NAMES, OTHER_AGENTS, type Agent, type AgentStatus } from '../../src/model/agent.ts';
import { AGENT, agentDraining, agentPolicySet, agentRegistered, agentRetired, NOW, opened } from '../support/events.ts';
import { refusal } from '../support/given.ts';

const OF = { namespace: 'default', commandId: null, now: NOW };

function after(...drafts: readonly AgentEventDraft[]): Agent | null {
  return drafts.reduce<Agent | null>((agent, draft) => evolveAgent(agent, chainedToAgent(draft, agent, OF)), null);
}

/** The log of an agent, as a storage would have it. */
function logOf(...drafts: readonly AgentEventDraft[]): Event[] {
  let agent: Agent | null = null;
  return drafts.map((draft, at) => {
    const event = chainedToAgent(draft, agent, OF);
    agent = evolveAgent(agent, event);
    return { ...event, id: at + 1 };
  });
}

const GIVEN = { roles: ['builder'], machine: 'desk', human: true };
const BEGUN: Readonly<Record<AgentStatus, readonly AgentEventDraft[]>> = {
  active: [agentRegistered(AGENT, GIVEN)],
  draining: [agentRegistered(AGENT, GIVEN), agentDraining(AGENT)],
  retired: [agentRegistered(AGENT, GIVEN), agentRetired(AGENT)],
};
const EVENTS = [agentRegistered(AGENT, GIVEN), agentDraining(AGENT), agentRetired(AGENT)];

test.each(AGENT_STATUS_NAMES)('an agent that is %s keeps its roles, its machine and its kind', (status) => {
  expect(after(...BEGUN[status])).toMatchObject({ status, roles: '["builder"]', machine: 'desk', human: 1 });
});

/** Each status with each event, and the status that the table says; undefined: none. */
const pairs = [null, ...AGENT_STATUS_NAMES].flatMap((from) =>
  EVENTS.map((event) => ({
    from,
    event,
    type: event.type,
    to: AGENT_TRANSITIONS.find((row) => row.from === from && row.event === event.type)?.to,
  })),
);
const begun = (from: AgentStatus | null) => (from === null ? [] : BEGUN[from]);

test.each(pairs.filter(({ to }) => to !== undefined))('$type of an agent that is $from makes it $to', (pair) => {
  expect(after(...begun(pair.from), pair.event)).toMatchObject({ status: pair.to });
});

test.each(pairs.filter(({ to }) => to === undefined))('$type of an agent that is $from is refused', (pair) => {
  expect(() => after(...begun(pair.from), pair.event)).toThrow(refusal('INTERNAL', /an agent cannot go from/u));
});

test('the policy is of the entry for all other names, and of no other', () => {
  const others = after(agentPolicySet('registered_only'));
  const ofAgent = { ...chainedToAgent(agentPolicySet('any'), null, OF), streamId: AGENT };
  const registered = { ...chainedToAgent(agentRegistered(AGENT), null, OF), streamId: OTHER_AGENTS };

  expect(others).toMatchObject({ name: OTHER_AGENTS, status: 'retired', roles: '[]' });
  for (const event of [ofAgent, registered])
    expect(() => evolveAgent(null, event)).toThrow(refusal('INTERNAL', /it is about another name/u));
});

test('events of sessions and of agents are not taken for each other', () => {
  const ofSession = chained(opened(), null, OF);
  const ofAgent = chainedToAgent(agentRegistered(AGENT), null, OF);
  const disguised = { ...ofAgent, streamKind: 'session' as const, streamId: 's', sessionId: 's' };
  const error = refusal('INTERNAL', /it is of another stream/u);

  expect(() => evolveAgent(null, ofSession)).toThrow(error);
  expect(() => evolve({ session: null, task: null }, ofAgent)).toThrow(error);
  expect(() => evolve({ session: null, task: null }, disguised)).toThrow(error);
});

test('the log of an agent is replayed to its entry', () => {
  const replay = new AgentReplay();
  const drafts = [...BEGUN.draining, agentRegistered(AGENT), agentRetired(AGENT)];

  expect(logOf(...drafts).map((event) => replay.add(event))).toEqual([null, null, null, null]);
  expect(replay.agent).toEqual(after(...drafts));
});

/** What a replay finds in the last of these events. */
function kindOf(...events: readonly Event[]): string | null | undefined {
  const replay = new AgentReplay();
  return events.map((event) => replay.add(event)?.kind ?? null).at(-1);
}

test('a gap, a broken chain and an edit are found', () => {
  const [first, second, third] = logOf(...BEGUN.draining, agentRegistered(AGENT)) as [Event, Event, Event];

  expect(kindOf(first, third)).toBe('gap');
  expect(kindOf(second)).toBe('gap');
  expect(kindOf(first, { ...second, prevHash: third.hash })).toBe('chain');
  expect(kindOf(first, { ...second, agent: null })).toBe('chain');
  expect(kindOf(first, second, third)).toBeNull();
});
