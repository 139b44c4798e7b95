import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, holderOf, inventedToken, OTHER_AGENT, TTL_MS } from '../factories.ts';
import type { World } from '../world.ts';

export const zombies = chapter('zombies', {
  'the first write of a holder whose lease another process ended is on record, and only the first': firstIsOnRecord,
  'a zombie is on record once per lease, even where several of its writes come at once': oncePerLease,
  'a zombie after recovery is on record, while the session waits and after it closed': afterRecovery,
  'a holder that ended its lease itself leaves no record when it writes again': ownRelease,
  'invented tokens leave nothing': inventedTokens,
  'the fence of one lease with the secret of another leaves nothing': mixedTokens,
  'a zombie is told which holder came next, not which one holds the session by now': toldWhoCameNext,
  'a refused write never reaches what its successor does': successorUntouched,
});

async function fencedOff(world: World) {
  const old = await world.claimNew({}, { instance: 'run-1' });
  world.clock.advance(TTL_MS);
  const next = await world.claim({ sessionId: old.lease.sessionId, agent: OTHER_AGENT });
  return { old, next, endedAt: world.clock.now };
}

async function firstIsOnRecord(world: World): Promise<void> {
  const { old, endedAt } = await fencedOff(world);
  world.clock.advance(1_000);

  await world.orchestrator.checkpoint({ ...holderOf(old), data: 'late' });
  const again = await world.changesNothing(async () => [
    await world.orchestrator.heartbeat(holderOf(old)),
    await world.release(old),
  ]);

  expect(again).toMatchObject([{ reason: 'lease_lost' }, { reason: 'lease_lost' }]);
  const refused = await world.events({ types: ['lease.refused'] });
  expect(refused).toHaveLength(1);
  expect(refused[0]).toMatchObject({
    sessionId: old.lease.sessionId,
    fence: old.lease.fence,
    leaseEffect: 'refused',
    agent: AGENT,
    instance: 'run-1',
    at: world.clock.now,
    payload: { operation: 'checkpoint', ended_by: 'lease.taken_over', ended_at: endedAt },
  });
}

async function toldWhoCameNext(world: World): Promise<void> {
  const { old, next } = await fencedOff(world);
  world.clock.advance(TTL_MS);
  await world.claim({ sessionId: old.lease.sessionId, agent: AGENT });

  const reply = await world.orchestrator.heartbeat(holderOf(old));

  expect(reply).toMatchObject({ ok: false, successor: { agent: OTHER_AGENT, fence: next.lease.fence } });
}

async function oncePerLease(world: World): Promise<void> {
  const { old } = await fencedOff(world);

  const replies = await Promise.all([
    world.orchestrator.heartbeat(holderOf(old)),
    world.rival.heartbeat(holderOf(old)),
    world.orchestrator.checkpoint(holderOf(old)),
    world.rival.checkpoint(holderOf(old)),
  ]);

  expect(replies.map(({ ok }) => ok)).toEqual([false, false, false, false]);
  expect(await world.events({ types: ['lease.refused'] })).toHaveLength(1);
}

async function afterRecovery(world: World): Promise<void> {
  const waits = await world.claimNew();
  const closes = await world.claimNew({ interruptionsMax: 0 });
  world.clock.advance(TTL_MS);
  await world.rival.staleRecovery();

  const replies = [await world.release(waits), await world.release(closes)];

  expect(replies).toMatchObject([
    { ok: false, reason: 'lease_lost', endedBy: 'task.recovered' },
    { ok: false, reason: 'lease_lost', endedBy: 'task.recovered' },
  ]);
  const refused = await world.events({ types: ['lease.refused'] });
  expect(refused.map(({ fence }) => fence)).toEqual([waits.lease.fence, closes.lease.fence]);
  expect(await world.session(closes.lease.sessionId)).toMatchObject({ status: 'closed' });
}

async function ownRelease(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.release(claim, { outcome: 'released' });

  const replies = await world.changesNothing(async () => [
    await world.orchestrator.heartbeat(holderOf(claim)),
    await world.orchestrator.checkpoint(holderOf(claim)),
    await world.release(claim, { outcome: 'succeeded' }),
  ]);

  const lost = { ok: false, reason: 'lease_lost', endedBy: 'task.released', at: world.clock.now };
  expect(replies).toEqual([lost, lost, lost]);
}

async function inventedTokens(world: World): Promise<void> {
  const claim = await world.claimNew();
  const { fence } = claim.lease;
  const beyondAnyNumber = `9999999999999999-${'0'.repeat(32)}`;

  const replies = await world.changesNothing(async () => [
    await world.orchestrator.heartbeat({ token: inventedToken(fence - 1) }),
    await world.orchestrator.checkpoint({ token: inventedToken(1) }),
    await world.orchestrator.heartbeat({ token: beyondAnyNumber }),
    await world.orchestrator.releaseTask({ token: inventedToken(Number.MAX_SAFE_INTEGER), outcome: 'succeeded' }),
  ]);

  const lost = { ok: false, reason: 'lease_lost', endedBy: null, at: null };
  expect(replies).toEqual([lost, lost, lost, lost]);
}

async function mixedTokens(world: World): Promise<void> {
  const { old } = await fencedOff(world);
  const other = await world.claimNew();
  const mixed = other.lease.token.replace(`${other.lease.fence}`, `${old.lease.fence}`);

  const replies = await world.changesNothing(async () => [
    await world.orchestrator.heartbeat({ token: mixed }),
    await world.orchestrator.checkpoint({ token: mixed }),
    await world.orchestrator.releaseTask({ token: mixed, outcome: 'succeeded' }),
  ]);

  const lost = { ok: false, reason: 'lease_lost', endedBy: null };
  expect(replies).toMatchObject([lost, lost, lost]);
}

async function successorUntouched(world: World): Promise<void> {
  const { old, next } = await fencedOff(world);
  await world.rival.checkpoint({ ...holderOf(next), nextAction: 'mine' });
  const before = await world.session(next.lease.sessionId);

  await world.orchestrator.checkpoint({ ...holderOf(old), nextAction: 'not mine' });
  await world.release(old, { outcome: 'failed', final: true });

  expect(await world.session(next.lease.sessionId)).toEqual({ ...before, seq: before.seq + 1 });
  expect(await world.task(next.task.id)).toMatchObject({ status: 'running', error: null });
  expect(await world.orchestrator.releaseTask({ ...holderOf(next), outcome: 'succeeded' })).toMatchObject({ ok: true });
}
