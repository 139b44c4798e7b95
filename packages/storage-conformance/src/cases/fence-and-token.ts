import { createHash } from 'node:crypto';
import type { ClaimRecord, Orchestrator } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, claimCall, holderOf, inventedToken, OTHER_AGENT, seedNumber, TTL_MS } from '../factories.ts';
import { receiptOf } from '../port.ts';
import { thrownBy } from '../thrown.ts';
import { claimed, type World } from '../world.ts';

export const fenceAndToken = chapter('fence and token', {
  'the fence from the log with an invented secret is refused by every call of a holder, and leaves nothing':
    inventedSecret,
  'so it is after the lease ended, by its holder or by another process': afterTheEnd,
  'the secret of another lease opens no lease but its own': otherSecret,
  'a true token of a lease that was taken over is refused, and is on record once': takenOver,
  'an instance names no lease: a holder that was taken over does not write with the lease of its successor':
    fixedInstance,
  'a token is made of the seed of the claim and of the fence': madeOfSeed,
  'a claim sent again with its command id and seed is answered the same token': sameToken,
  'a claim sent again with another seed is another request': otherSeed,
  'a release that claims the next is sent again with its seed, too': releaseWithSeed,
  'a release that claims nothing has no seed: it is the same request without one': releaseWithoutSeed,
  'a batch of claims gives each lease a token of its own': batchOfClaims,
  'no row, event, receipt or answer of a read holds a token or a seed': noSecrets,
});

/** Everything that only a holder may do. */
async function write(orchestrator: Orchestrator, token: string, more: { instance?: string } = {}) {
  return [
    await orchestrator.heartbeat({ token, progress: 'stolen', ...more }),
    await orchestrator.checkpoint({ token, nextAction: 'stolen', ...more }),
    await orchestrator.releaseTask({ token, outcome: 'succeeded', ...more }),
    ...(await orchestrator.releaseTasks([{ token, outcome: 'failed', final: true, ...more }])).items,
  ];
}

const LOST = { ok: false, reason: 'lease_lost', endedBy: null, at: null };

function fourTimes<T>(value: T): T[] {
  return Array.from({ length: 4 }, () => value);
}

async function inventedSecret(world: World): Promise<void> {
  const { lease } = await world.claimNew({}, { instance: 'run-1' });
  const [grant] = await world.events({ types: ['task.claimed'] });

  const replies = await world.changesNothing(() => write(world.rival, inventedToken(grant?.fence ?? 0)));

  const successor = { agent: AGENT, instance: 'run-1', fence: lease.fence };
  expect(grant?.fence).toBe(lease.fence);
  expect(replies).toEqual(fourTimes({ ...LOST, successor }));
}

async function afterTheEnd(world: World): Promise<void> {
  const released = await world.claimNew();
  await world.release(released, { outcome: 'released' });
  const [recovered, taken] = [await world.claimNew(), await world.claimNew()];
  world.clock.advance(TTL_MS);
  const next = await world.claim({ sessionId: taken.lease.sessionId, agent: OTHER_AGENT });
  await world.rival.staleRecovery();
  const invented = (claim: ClaimRecord) => write(world.rival, inventedToken(claim.lease.fence));

  const replies = await world.changesNothing(async () => [
    await invented(released),
    await invented(recovered),
    await invented(taken),
  ]);

  const successor = { agent: OTHER_AGENT, instance: null, fence: next.lease.fence };
  expect(replies).toEqual([fourTimes(LOST), fourTimes(LOST), fourTimes({ ...LOST, successor })]);
}

async function otherSecret(world: World): Promise<void> {
  const [one, other] = [await world.claimNew(), await world.claimNew()];
  const mixed = `${one.lease.fence}-${other.lease.token.split('-')[1]}`;

  const replies = await world.changesNothing(() => write(world.rival, mixed));

  expect(replies).toEqual(fourTimes({ ...LOST, successor: { agent: AGENT, instance: null, fence: one.lease.fence } }));
  expect(await world.orchestrator.heartbeat(holderOf(other))).toMatchObject({ ok: true });
}

async function takenOver(world: World): Promise<void> {
  const old = await world.claimNew({}, { instance: 'run-1' });
  world.clock.advance(TTL_MS);
  const { lease } = await world.claim({ sessionId: old.lease.sessionId, agent: OTHER_AGENT });

  const replies = await write(world.rival, old.lease.token);

  const lost = { ok: false, reason: 'lease_lost', endedBy: 'lease.taken_over', at: world.clock.now };
  expect(replies).toEqual(
    fourTimes({ ...lost, successor: { agent: OTHER_AGENT, instance: null, fence: lease.fence } }),
  );
  expect(await world.events({ types: ['lease.refused'] })).toMatchObject([
    { fence: old.lease.fence, agent: AGENT, instance: 'run-1', payload: { operation: 'heartbeat' } },
  ]);
}

async function fixedInstance(world: World): Promise<void> {
  const old = await world.claimNew({}, { instance: 'main' });
  world.clock.advance(TTL_MS);
  const next = await world.claim({ sessionId: old.lease.sessionId, instance: 'main' });
  await world.rival.checkpoint({ ...holderOf(next), instance: 'main', nextAction: 'mine' });
  const before = await world.session(next.lease.sessionId);

  const replies = await write(world.orchestrator, old.lease.token, { instance: 'main' });

  const successor = { agent: AGENT, instance: 'main', fence: next.lease.fence };
  expect(replies).toMatchObject(fourTimes({ ok: false, reason: 'lease_lost', successor }));
  // One refusal is on record; nothing else of the session moved.
  expect(await world.session(next.lease.sessionId)).toEqual({ ...before, seq: before.seq + 1 });
  expect(await world.release(next, { instance: 'main' })).toMatchObject({ ok: true });
}

async function madeOfSeed(world: World): Promise<void> {
  const seed = seedNumber(0xabc);

  const { lease } = await world.claimNew({}, { seed });

  const digest = createHash('sha256').update(`${seed}:${lease.fence}`).digest('hex');
  const kept = await world.peer.read.session('default', lease.sessionId);
  expect(lease.token).toBe(`${lease.fence}-${digest.slice(0, 32)}`);
  expect(kept?.session.tokenHash).toBe(createHash('sha256').update(lease.token).digest('hex'));
}

async function sameToken(world: World): Promise<void> {
  await world.add();
  const call = claimCall(world.newIdentity());
  const first = claimed(await world.orchestrator.claimTask(call));

  const again = claimed(await world.changesNothing(() => world.rival.claimTask(call)));

  expect(again.lease).toEqual(first.lease);
  expect(await world.rival.heartbeat(holderOf(again))).toMatchObject({ ok: true });
}

async function otherSeed(world: World): Promise<void> {
  await world.add();
  const identity = world.newIdentity();
  await world.orchestrator.claimTask(claimCall(identity));

  const error = await world.changesNothing(() =>
    thrownBy(world.rival.claimTask(claimCall({ ...identity, seed: world.newSeed() }))),
  );

  expect(error).toMatchObject({ code: 'COMMAND_ID_REUSED', field: 'commandId' });
}

async function releaseWithSeed(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.add();
  const call = {
    ...holderOf(claim),
    ...world.newIdentity(),
    outcome: 'succeeded',
    claimNext: { agent: AGENT },
  } as const;
  const first = await world.orchestrator.releaseTask(call);

  const again = await world.changesNothing(() => world.rival.releaseTask(call));
  const error = await world.changesNothing(() => thrownBy(world.rival.releaseTask({ ...call, seed: world.newSeed() })));

  if (!again.ok || again.next === null) throw new Error('the next task was claimed');
  expect(again).toEqual(first);
  expect(error).toMatchObject({ code: 'COMMAND_ID_REUSED' });
  expect(await world.rival.heartbeat(holderOf(again.next))).toMatchObject({ ok: true });
}

async function releaseWithoutSeed(world: World): Promise<void> {
  const [one, two] = [await world.claimNew(), await world.claimNew()];
  const call = { ...holderOf(one), outcome: 'succeeded', commandId: world.newCommandId() } as const;
  const items = [{ ...holderOf(two), outcome: 'succeeded' }] as const;
  const batch = { commandId: world.newCommandId() };
  const first = [await world.orchestrator.releaseTask(call), await world.orchestrator.releaseTasks(items, batch)];

  const again = await world.changesNothing(async () => [
    await world.rival.releaseTask(call),
    await world.rival.releaseTasks(items, { ...batch, seed: world.newSeed() }),
  ]);

  expect(first).toMatchObject([{ ok: true }, { ok: true }]);
  expect(again).toEqual(first);
}

async function batchOfClaims(world: World): Promise<void> {
  await world.orchestrator.enqueueTasks([{}, {}, {}]);

  const reply = await world.orchestrator.claimTasks({ ...claimCall(), limit: 3 });

  if (!reply.ok) throw new Error(reply.reason);
  const secrets = reply.claims.map(({ lease }) => lease.token.split('-')[1]);
  expect(new Set(secrets).size).toBe(3);
  for (const claim of reply.claims)
    expect(await world.release(claim)).toMatchObject({ ok: true, taskId: claim.task.id });
}

async function noSecrets(world: World): Promise<void> {
  const identities = Array.from({ length: 4 }, () => world.newIdentity());
  const [one, two, three, four] = identities as [Identity, Identity, Identity, Identity];
  const old = await world.claimNew({ sessionId: 'branch' }, one);
  await world.orchestrator.heartbeat({ ...holderOf(old), progress: 1 });
  await world.orchestrator.checkpoint({ ...holderOf(old), nextAction: 'continue' });
  world.clock.advance(TTL_MS);
  const next = await world.claim({ sessionId: 'branch', ...two });
  await world.orchestrator.heartbeat(holderOf(old));
  await world.orchestrator.enqueueTasks([{}, {}, {}]);
  const call = { ...holderOf(next), ...three, outcome: 'succeeded', claimNext: { agent: AGENT } } as const;
  const released = await world.orchestrator.releaseTask(call);
  const many = await world.orchestrator.claimTasks({ ...claimCall(four), limit: 2 });
  if (!released.ok || released.next === null || !many.ok) throw new Error('all was granted');

  const said = JSON.stringify([
    await world.everything(),
    await Promise.all(identities.map(({ commandId }) => receiptOf(world.peer, commandId))),
    await world.rival.listSessions(),
    await world.rival.listTasks(),
    await world.rival.listEvents(),
    await world.rival.getSession('branch'),
    await world.rival.whyTask(released.next.task.id),
    await world.rival.whySession(released.next.lease.sessionId),
    await world.rival.whyAgent(AGENT),
  ]);

  const claims = [old, next, released.next, ...many.claims];
  const secrets = claims.flatMap(({ lease }) => [lease.token, lease.token.split('-')[1] ?? '']);
  for (const secret of [...secrets, ...identities.map(({ seed }) => seed)]) expect(said).not.toContain(secret);
  expect(said).toContain(String(old.lease.fence));
}

type Identity = ReturnType<World['newIdentity']>;
