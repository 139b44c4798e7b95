import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, claimCall, holderOf, OTHER_AGENT, TTL_MS } from '../factories.ts';
import { race } from '../interleave.ts';
import { thrownBy } from '../thrown.ts';
import type { World } from '../world.ts';

export const agents = chapter('agents', {
  'a registered agent is shown with its roles, machine and kind, and its events are a stream of its own': registered,
  'registering again changes what is given and keeps the rest; the same again changes nothing': registeredAgain,
  'a registered agent claims for the roles that the registry gives it, whatever process asks': rolesOfRegistry,
  'roles that were given or taken away since the last claim count at once': rolesChange,
  'a claim may narrow the roles of a registered agent': narrows,
  'a claim for a role that a registered agent lacks is refused, naming the field, and changes nothing': lacksRole,
  'the next task after a release is claimed for the roles of the registry': nextForRoles,
  'an agent that drains claims nothing more: no head, no session, no restart': drains,
  'an agent that drains may finish what it holds': finishes,
  'a release of an agent that drains takes no next task': noNext,
  'a retired agent is refused, and so is draining it; registered again, it claims': retires,
  'an unknown name can neither drain nor be retired': unknown,
  'where only registered agents may claim, others are refused; what they hold they may finish': registeredOnly,
  'the registry of one namespace means nothing in another': otherNamespace,
  'agents are listed by name in pages, by status and by role': lists,
  'an agent was last seen with its last event or its last heartbeat': lastSeen,
  'a name is known if it is registered and not retired, or holds a session; a role if a registered agent has it': known,
  'of a drain and a claim at once, the later one in the log is the one that was decided later': drainsWhileClaimed,
  'of a first registration and a claim at once, none sees half of it': registersWhileClaimed,
});

async function registered(world: World): Promise<void> {
  const { agent } = await world.orchestrator.registerAgent({
    agent: AGENT,
    roles: ['reviewer', 'builder', 'reviewer'],
    machine: 'desk-1',
    human: true,
  });

  const seen = await world.rival.getAgent(AGENT);
  expect(agent).toEqual({
    namespace: 'default',
    name: AGENT,
    status: 'active',
    roles: ['builder', 'reviewer'],
    machine: 'desk-1',
    human: true,
    publicKey: null,
    firstSeenAt: world.clock.now,
    changedAt: world.clock.now,
  });
  expect(seen).toEqual({ ...agent, lastSeenAt: world.clock.now, holds: 0 });
  const stream = await world.peer.read.events({ namespace: 'default', ofAgent: AGENT, limit: 10 });
  expect(stream).toMatchObject({
    next: null,
    items: [{ streamKind: 'agent', streamId: AGENT, seq: 1, type: 'agent.registered', sessionId: null, agent: AGENT }],
  });
}

async function registeredAgain(world: World): Promise<void> {
  await world.orchestrator.registerAgent({ agent: AGENT, roles: ['builder'], machine: 'desk-1', human: true });
  world.clock.advance(5);
  const firstSeenAt = world.clock.now - 5;

  const { agent } = await world.rival.registerAgent({ agent: AGENT, machine: null });
  const same = await world.changesNothing(() => world.rival.registerAgent({ agent: AGENT, roles: ['builder'] }));

  expect(agent).toMatchObject({ roles: ['builder'], machine: null, human: true, firstSeenAt });
  expect(same.agent).toEqual(agent);
}

async function rolesOfRegistry(world: World): Promise<void> {
  await world.orchestrator.registerAgent({ agent: AGENT, roles: ['reviewer', 'builder'] });
  const [review, build] = [await world.add({ role: 'reviewer' }), await world.add({ role: 'builder', priority: 6 })];
  await world.add({ role: 'owner', priority: 0 });

  const first = await world.claim();
  const second = await world.rival.claimTask(claimCall({ sessionId: build.sessionId }));
  const none = await world.rival.claimTask(claimCall());

  expect(first.task.id).toBe(review.id);
  expect(second).toMatchObject({ ok: true, task: { id: build.id } });
  expect(none).toMatchObject({ ok: false, reason: 'no_task' });
}

async function rolesChange(world: World): Promise<void> {
  const task = await world.add({ role: 'reviewer' });
  const before = await world.orchestrator.claimTask(claimCall());
  await world.rival.registerAgent({ agent: AGENT, roles: ['reviewer'] });

  const given = await world.claim();
  await world.release(given, { outcome: 'released' });
  await world.rival.registerAgent({ agent: AGENT, roles: [] });
  const taken = await world.orchestrator.claimTask(claimCall());

  expect(before).toMatchObject({ ok: false, reason: 'no_task' });
  expect(given.task.id).toBe(task.id);
  expect(taken).toMatchObject({ ok: false, reason: 'no_task' });
}

async function narrows(world: World): Promise<void> {
  await world.orchestrator.registerAgent({ agent: AGENT, roles: ['reviewer', 'builder'] });
  await world.add({ role: 'reviewer', priority: 0 });
  const build = await world.add({ role: 'builder' });

  const claim = await world.claim({ roles: ['builder'] });
  const none = await world.orchestrator.claimTask(claimCall({ roles: ['builder'] }));

  expect(claim.task.id).toBe(build.id);
  expect(none).toMatchObject({ ok: false, reason: 'no_task' });
}

async function lacksRole(world: World): Promise<void> {
  await world.orchestrator.registerAgent({ agent: AGENT, roles: ['builder'] });
  const { sessionId } = await world.add({ role: 'reviewer' });
  const roles = ['builder', 'reviewer'];

  const errors = await world.changesNothing(async () => [
    await thrownBy(world.orchestrator.claimTask(claimCall({ roles }))),
    await thrownBy(world.orchestrator.claimTask(claimCall({ roles, sessionId }))),
  ]);

  expect(errors).toMatchObject([
    { code: 'ROLE_NOT_HELD', field: 'roles' },
    { code: 'ROLE_NOT_HELD', field: 'roles' },
  ]);
}

async function nextForRoles(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.orchestrator.registerAgent({ agent: AGENT, roles: ['reviewer'] });
  const review = await world.add({ role: 'reviewer' });

  const reply = await world.release(claim, { claimNext: { agent: AGENT } });

  expect(reply).toMatchObject({ ok: true, status: 'succeeded', next: { task: { id: review.id } } });
}

async function drains(world: World): Promise<void> {
  await world.orchestrator.registerAgent({ agent: AGENT });
  const { lease } = await world.claimNew({}, { instance: 'run-1' });
  const { sessionId } = await world.add();
  world.clock.advance(TTL_MS);
  const reply = await world.rival.drainAgent({ agent: AGENT });

  const refused = await world.changesNothing(async () => [
    await world.orchestrator.claimTask(claimCall()),
    await world.orchestrator.claimTask(claimCall({ sessionId })),
    await world.orchestrator.claimTask(claimCall({ resume: true, instance: 'run-2' })),
    await world.orchestrator.claimTask(claimCall({ resume: true, sessionId: lease.sessionId, instance: 'run-2' })),
  ]);
  const other = await world.claim({ agent: OTHER_AGENT, sessionId });

  expect(reply).toMatchObject({ ok: true, agent: { name: AGENT, status: 'draining' } });
  const why = { ok: false, reason: 'agent_draining', agent: AGENT };
  expect(refused).toEqual([why, why, why, why]);
  expect(other.lease.agent).toBe(OTHER_AGENT);
}

async function finishes(world: World): Promise<void> {
  await world.orchestrator.registerAgent({ agent: AGENT });
  const claim = await world.claimNew();
  await world.rival.drainAgent({ agent: AGENT });

  const replies = [
    await world.orchestrator.heartbeat(holderOf(claim)),
    await world.orchestrator.checkpoint({ ...holderOf(claim), nextAction: 'continue' }),
    await world.release(claim, { result: 'done' }),
  ];

  expect(replies).toMatchObject([{ ok: true }, { ok: true, turn: 1 }, { ok: true, status: 'succeeded' }]);
}

async function noNext(world: World): Promise<void> {
  await world.orchestrator.registerAgent({ agent: AGENT, roles: ['builder'] });
  const claims = [await world.claimNew(), await world.claimNew()];
  await world.add();
  const [first, second] = claims;
  if (first === undefined || second === undefined) throw new Error('two tasks were claimed');

  const lacking = await world.release(first, { claimNext: { agent: AGENT, roles: ['reviewer'] } });
  await world.rival.drainAgent({ agent: AGENT });
  const draining = await world.release(second, { claimNext: { agent: AGENT } });

  expect([lacking, draining]).toMatchObject([
    { ok: true, status: 'succeeded', next: null },
    { ok: true, status: 'succeeded', next: null },
  ]);
}

async function retires(world: World): Promise<void> {
  await world.orchestrator.registerAgent({ agent: AGENT });
  await world.add();
  const reply = await world.rival.retireAgent({ agent: AGENT });

  const refused = await world.changesNothing(async () => [
    await world.orchestrator.claimTask(claimCall()),
    await world.orchestrator.drainAgent({ agent: AGENT }),
    await world.orchestrator.retireAgent({ agent: AGENT }),
  ]);
  await world.rival.registerAgent({ agent: AGENT });
  const claim = await world.claim();

  expect(reply).toMatchObject({ ok: true, agent: { status: 'retired' } });
  const why = { ok: false, reason: 'agent_retired', agent: AGENT };
  expect(refused).toEqual([why, why, reply]);
  expect(claim.lease.agent).toBe(AGENT);
}

async function unknown(world: World): Promise<void> {
  const replies = await world.changesNothing(async () => [
    await world.orchestrator.drainAgent({ agent: AGENT }),
    await world.orchestrator.retireAgent({ agent: AGENT }),
    await world.orchestrator.setAgentPolicy({ agents: 'any' }),
    await world.orchestrator.getAgent(AGENT),
  ]);

  const notFound = { ok: false, reason: 'not_found' };
  expect(replies).toEqual([notFound, notFound, { ok: true, agents: 'any', signedRoles: [] }, null]);
}

async function registeredOnly(world: World): Promise<void> {
  const held = await world.claimNew();
  await world.add();
  const before = await world.rival.agentPolicy();
  await world.rival.setAgentPolicy({ agents: 'registered_only' });

  const refused = await world.changesNothing(() => world.orchestrator.claimTask(claimCall()));
  const released = await world.release(held, { claimNext: { agent: AGENT } });
  const policy = await world.orchestrator.agentPolicy();
  await world.rival.registerAgent({ agent: OTHER_AGENT });
  const claim = await world.claim({ agent: OTHER_AGENT });
  await world.rival.setAgentPolicy({ agents: 'any' });
  await world.add();
  const again = await world.claim();

  expect([before, policy]).toEqual(['any', 'registered_only']);
  expect(refused).toEqual({ ok: false, reason: 'agent_unregistered', agent: AGENT });
  expect(released).toMatchObject({ ok: true, next: null });
  expect([claim.lease.agent, again.lease.agent]).toEqual([OTHER_AGENT, AGENT]);
  const [set] = await world.events({ types: ['agent.policy_set'] });
  expect(set).toMatchObject({ streamId: '*', agent: null, payload: { agents: 'registered_only' } });
}

async function otherNamespace(world: World): Promise<void> {
  const there = world.orchestratorOn(world.peer, { namespace: 'other' });
  await there.registerAgent({ agent: AGENT, roles: ['reviewer'] });
  await there.retireAgent({ agent: AGENT });
  await there.setAgentPolicy({ agents: 'registered_only' });
  await world.add();

  const claim = await world.claim();

  expect(claim.lease.agent).toBe(AGENT);
  expect(await world.orchestrator.getAgent(AGENT)).toBeNull();
  expect(await world.peer.read.namespaces()).toEqual(['default', 'other']);
}

async function lists(world: World): Promise<void> {
  await world.orchestrator.setAgentPolicy({ agents: 'registered_only' });
  for (const [agent, roles] of [
    ['회사재규', ['검토', 'builder']],
    ['alpha', ['builder']],
    ['Zeta', []],
    ['beta', ['build']],
  ] as const)
    await world.orchestrator.registerAgent({ agent, roles: [...roles] });
  await world.orchestrator.drainAgent({ agent: 'alpha' });
  const namesOf = async (filter: Parameters<World['rival']['listAgents']>[0]) =>
    (await world.rival.listAgents(filter)).items.map(({ name }) => name);

  const first = await world.rival.listAgents({ limit: 3 });

  expect(first.items.map(({ name }) => name)).toEqual(['Zeta', 'alpha', 'beta']);
  expect(await namesOf({ limit: 3, after: first.next ?? '' })).toEqual(['회사재규']);
  expect(await namesOf({ status: ['draining'] })).toEqual(['alpha']);
  expect(await namesOf({ role: 'builder' })).toEqual(['alpha', '회사재규']);
  expect(await namesOf({ role: '검토', status: ['active'] })).toEqual(['회사재규']);
  expect(await namesOf({ role: 'buil' })).toEqual([]);
}

async function lastSeen(world: World): Promise<void> {
  await world.orchestrator.registerAgent({ agent: AGENT });
  await world.orchestrator.registerAgent({ agent: OTHER_AGENT });
  const firstSeenAt = world.clock.now;
  world.clock.advance(10);
  const claim = await world.claimNew();
  const claimed = await world.rival.getAgent(AGENT);
  world.clock.advance(10);
  await world.orchestrator.heartbeat(holderOf(claim));
  const alive = await world.rival.getAgent(AGENT);
  world.clock.advance(10);
  await world.release(claim);

  const released = await world.rival.listAgents();

  expect(claimed).toMatchObject({ firstSeenAt, lastSeenAt: firstSeenAt + 10, holds: 1 });
  expect(alive).toMatchObject({ lastSeenAt: firstSeenAt + 20, holds: 1 });
  expect(released.items).toMatchObject([
    { name: AGENT, firstSeenAt, lastSeenAt: firstSeenAt + 30, holds: 0 },
    { name: OTHER_AGENT, firstSeenAt, lastSeenAt: firstSeenAt, holds: 0 },
  ]);
}

async function known(world: World): Promise<void> {
  const { orchestrator } = world;
  await orchestrator.registerAgent({ agent: AGENT, roles: ['builder'] });
  await orchestrator.registerAgent({ agent: 'former', roles: ['owner'] });
  await orchestrator.retireAgent({ agent: 'former' });
  await world.claimNew({}, { agent: OTHER_AGENT });

  const names = await Promise.all(
    [AGENT, OTHER_AGENT, 'former', 'unheard-of'].map((one) => world.rival.agentKnown(one)),
  );
  const roles = await Promise.all(['builder', 'owner', 'reviewer'].map((one) => world.rival.roleKnown(one)));

  expect(names).toEqual([true, true, false, false]);
  expect(roles).toEqual([true, false, false]);
}

const ROUNDS = 20;

/** After each round the invariants are read off the log: I19 holds by the ids of events. */
async function drainsWhileClaimed(world: World): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    await world.orchestrator.registerAgent({ agent: AGENT });
    await world.add();
    await world.add();

    const [claimed, drained, raced] = await Promise.all([
      world.orchestrator.claimTask(claimCall()),
      world.rival.drainAgent({ agent: AGENT }),
      world.orchestrator.claimTask(claimCall()),
    ]);
    const after = await world.orchestrator.claimTask(claimCall());

    for (const reply of [claimed, raced])
      if (!reply.ok) expect(reply, `round ${round}`).toMatchObject({ reason: 'agent_draining' });
    expect(drained).toMatchObject({ ok: true });
    expect(after).toMatchObject({ ok: false, reason: 'agent_draining' });
  }
}

async function registersWhileClaimed(world: World): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const agent = `agent-${round}`;
    await world.add();
    const first = () => world.rival.registerAgent({ agent }).then(() => world.rival.retireAgent({ agent }));

    const [claimed] = await race(
      world.storage,
      (storage) => world.orchestratorOn(storage).claimTask(claimCall({ agent })),
      first,
    );

    if (!claimed.ok) expect(claimed, `round ${round}`).toMatchObject({ reason: 'agent_retired' });
    expect(await world.orchestrator.claimTask(claimCall({ agent }))).toMatchObject({ reason: 'agent_retired' });
  }
}
