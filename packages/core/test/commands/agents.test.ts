// The registry of agents: who may claim, and for which roles.
// - registering adds an entry, changes it, and makes one that drains or is retired active again
// - the same registration again changes nothing; what is left out stays as it was
// - draining and retiring are for registered agents; a second request changes nothing
// - the policy of a namespace is an event of the entry for all other names
// - a claim of a registered agent is for the roles of the registry, which the caller may narrow and never widen
// - it is sent again if its scope was made of other roles
// - no agent that drains, is retired, or must be registered and is not, is granted anything
// - a release ends its lease all the same, and takes nothing next
import { expect, test } from 'vitest';
import { claim } from '../../src/commands/claim.ts';
import { drainAgent } from '../../src/commands/drain-agent.ts';
import { execute, requestHash } from '../../src/commands/execute.ts';
import { registerAgent } from '../../src/commands/register-agent.ts';
import { release } from '../../src/commands/release.ts';
import { retireAgent } from '../../src/commands/retire-agent.ts';
import { setAgentPolicy } from '../../src/commands/set-agent-policy.ts';
import type { AgentEventDraft } from '../../src/log/events.ts';
import {
  AGENT,
  agentDraining,
  agentPolicySet,
  agentRegistered,
  agentRetired,
  claimed,
  FENCE_NOW,
  NOW,
  opened,
  OTHER_AGENT,
  queued,
  STALE_AFTER_MS,
  succeeded,
  tokenOf,
  TTL_MS,
} from '../support/events.ts';
import { given, inputOf, refusal } from '../support/given.ts';

const registered = agentRegistered(AGENT, { roles: ['builder', 'reviewer'], machine: 'desk', human: true });
const CLAIM = { agent: AGENT, ttlMs: TTL_MS, staleAfterMs: STALE_AFTER_MS };

test('registering adds an agent: without anything else, a program without roles and without a machine', () => {
  const store = given()
    .when(registerAgent, { agent: AGENT })
    .then([agentRegistered(AGENT)], {
      ok: true,
      agent: expect.objectContaining({
        name: AGENT,
        status: 'active',
        roles: '[]',
        machine: null,
        human: 0,
      }) as unknown,
    });

  expect(store.agent(AGENT)).toMatchObject({ seq: 1, version: 1, createdAt: NOW, updatedAt: NOW });
});

test('roles are kept each once, by code point', () => {
  given()
    .when(registerAgent, { agent: AGENT, roles: ['ｱ', 'b', '𠮷', 'b', 'A'] })
    .then([agentRegistered(AGENT, { roles: ['A', 'b', 'ｱ', '𠮷'] })]);
});

test('what is left out when it is registered again stays as it was', () => {
  given(registered)
    .after(5)
    .when(registerAgent, { agent: AGENT, machine: null })
    .then([agentRegistered(AGENT, { roles: ['builder', 'reviewer'], machine: null, human: true })]);
});

test('the same registration again is answered, and changes nothing', () => {
  const call = { agent: AGENT, roles: ['reviewer', 'builder', 'reviewer'] };

  given(registered)
    .when(registerAgent, call)
    .then([], { ok: true, agent: expect.objectContaining({ name: AGENT }) as unknown });
});

test.each<[string, AgentEventDraft]>([
  ['draining', agentDraining(AGENT)],
  ['retired', agentRetired(AGENT)],
])('an agent that is %s becomes active when it is registered again, with the roles that it had', (_status, event) => {
  const store = given(registered, event).when(registerAgent, { agent: AGENT }).then([registered]);

  expect(store.agent(AGENT)).toMatchObject({ status: 'active', seq: 3 });
});

test('draining and retiring are events, and a second request changes nothing', () => {
  const draining = given(registered)
    .when(drainAgent, { agent: AGENT })
    .then([agentDraining(AGENT)]);
  draining.after(1).when(drainAgent, { agent: AGENT }).then([]);
  const retired = draining
    .after(2)
    .when(retireAgent, { agent: AGENT })
    .then([agentRetired(AGENT)]);
  retired.after(3).when(retireAgent, { agent: AGENT }).then([]);

  expect(retired.agent(AGENT)).toMatchObject({ status: 'retired', seq: 3 });
});

test('a name that is not registered can neither drain nor be retired', () => {
  const store = given(agentRegistered(OTHER_AGENT));

  store.when(drainAgent, { agent: AGENT }).then([], { ok: false, reason: 'not_found' });
  store.when(retireAgent, { agent: AGENT }).then([], { ok: false, reason: 'not_found' });
});

test('a retired agent cannot drain: it claims nothing already', () => {
  given(registered, agentRetired(AGENT))
    .when(drainAgent, { agent: AGENT })
    .then([], { ok: false, reason: 'agent_retired', agent: AGENT });
});

test('the policy is an event of the entry for all other names, and the same again is none', () => {
  given().when(setAgentPolicy, { agents: 'any' }).then([], { ok: true, agents: 'any', signedRoles: [] });
  const store = given()
    .when(setAgentPolicy, { agents: 'registered_only' })
    .then([agentPolicySet('registered_only')]);
  store.after(1).when(setAgentPolicy, { agents: 'registered_only' }).then([]);
  store
    .after(2)
    .when(setAgentPolicy, { agents: 'any' })
    .then([agentPolicySet('any')]);
});

const ROLES = [opened(), queued('a', { role: 'reviewer' })];

test('a registered agent claims for the roles of the registry', () => {
  given(...ROLES, registered)
    .when(claim, CLAIM)
    .then([claimed('a', { fence: FENCE_NOW })]);
});

test('a claim may narrow the roles, and then finds what is for these alone', () => {
  given(...ROLES, registered)
    .when(claim, { ...CLAIM, roles: ['builder'] })
    .then([], { ok: false, reason: 'no_task', nextDueAt: null });
});

test.each([{}, { sessionId: 's' }])('a role that a registered agent lacks is refused: %o', (call) => {
  const decide = () => given(...ROLES, agentRegistered(AGENT)).when(claim, { ...CLAIM, roles: ['reviewer'], ...call });

  expect(decide).toThrow(refusal('ROLE_NOT_HELD', /company-agent is registered without the role reviewer/u, 'roles'));
});

test('an agent that is not registered has the roles that it says', () => {
  given(...ROLES, agentRegistered(OTHER_AGENT))
    .when(claim, { ...CLAIM, roles: ['reviewer'] })
    .then([claimed('a', { fence: FENCE_NOW })]);
});

test('made of other roles than the registry has, a claim is to be sent again, and writes nothing', () => {
  const store = given(...ROLES, registered);
  const input = inputOf(claim, CLAIM);
  const judged = (known: readonly string[]) =>
    execute(claim, input, requestHash(claim, input), store.load(claim.scope(input, { registered: known })), {
      registered: known,
    });

  const first = judged([]);
  const second = judged(['builder', 'reviewer']);

  expect(first).toMatchObject({
    reply: { kind: 'again', registered: ['builder', 'reviewer'] },
    events: [],
    receipt: null,
    clock: null,
  });
  expect(second).toMatchObject({ reply: { kind: 'reply', reply: { ok: true } } });
});

test('its scope has the entries of the claimant and of all other names', () => {
  expect(claim.scope(inputOf(claim, CLAIM), { registered: ['builder'] })).toMatchObject({
    agents: [AGENT, '*'],
    addressees: ['', `agent:${AGENT}`, 'role:builder'],
  });
  expect(claim.scope(inputOf(claim, { ...CLAIM, roles: ['x'] }), { registered: ['builder'] })).toMatchObject({
    addressees: ['', `agent:${AGENT}`, 'role:x'],
  });
});

const WORK = [opened(), queued('a')];
const REFUSED: readonly (readonly [reason: string, events: readonly AgentEventDraft[]])[] = [
  ['agent_draining', [registered, agentDraining(AGENT)]],
  ['agent_retired', [registered, agentRetired(AGENT)]],
  ['agent_unregistered', [agentRegistered(OTHER_AGENT), agentPolicySet('registered_only')]],
];

test.each(REFUSED)('a claim is refused with %s, whatever it names', (reason, events) => {
  const store = given(...WORK, ...events);
  const why = { ok: false, reason, agent: AGENT };

  store.when(claim, CLAIM).then([], why);
  store.when(claim, { ...CLAIM, sessionId: 's' }).then([], why);
  store.when(claim, { ...CLAIM, resume: true, roles: ['nothing'] }).then([], why);
});

test.each(REFUSED)(
  'a release of an agent that is refused with %s ends its lease and takes nothing next',
  (_r, events) => {
    given(...WORK, queued('b'), claimed('a'), ...events)
      .when(release, { items: [{ token: tokenOf(1), outcome: 'succeeded' }], claimNext: { agent: AGENT } })
      .then([succeeded('a')], { ok: true, items: [expect.objectContaining({ ok: true }) as unknown], next: [] });
  },
);

test('a release whose next claim names a role that the agent lacks takes nothing next', () => {
  given(...WORK, queued('b'), claimed('a'), registered)
    .when(release, { items: [{ token: tokenOf(1), outcome: 'succeeded' }], claimNext: { agent: AGENT, roles: ['x'] } })
    .then([succeeded('a')], { ok: true, items: [expect.objectContaining({ ok: true }) as unknown], next: [] });
});

test('the next task after a release is for the roles of the registry', () => {
  const store = given(opened(), queued('a'), queued('b', { role: 'reviewer' }), claimed('a'), registered);

  const { reply } = store.when(release, {
    items: [{ token: tokenOf(1), outcome: 'succeeded' }],
    claimNext: { agent: AGENT },
  });

  expect(reply.next).toMatchObject([{ task: { id: 'b' } }]);
});

test('where only registered agents may claim, a registered one does', () => {
  given(...WORK, registered, agentPolicySet('registered_only'))
    .when(claim, CLAIM)
    .then([claimed('a', { fence: FENCE_NOW })]);
});
