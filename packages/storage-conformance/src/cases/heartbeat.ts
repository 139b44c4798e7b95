import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, holderOf, inventedToken, PROCESS, TTL_MS } from '../factories.ts';
import type { World } from '../world.ts';

export const heartbeat = chapter('heartbeat', {
  'a heartbeat extends the lease by its TTL from now': extendsLease,
  'a heartbeat is counted and not logged': notLogged,
  'staleness is the later of the expiry and the silence allowed since the last heartbeat': staleAt,
  'progress is kept until it is replaced, and gone with the lease': progress,
  'the process group of a holder is told by heartbeats, and gone with the lease': processGroup,
  'a renewal in the last fifth of the TTL is counted as a near miss': nearMiss,
  'a wrong secret, a fence that was never granted and a wrong instance are refused and change nothing': wrongHolder,
  'the holder may leave its instance out': withoutInstance,
});

async function extendsLease(world: World): Promise<void> {
  const claim = await world.claimNew();
  world.clock.advance(TTL_MS / 4);

  const reply = await world.orchestrator.heartbeat(holderOf(claim));

  expect(reply).toEqual({
    ok: true,
    sessionId: claim.lease.sessionId,
    taskId: claim.task.id,
    expiresAt: world.clock.now + TTL_MS,
    cancelRequested: false,
    late: false,
  });
  expect(await world.session(claim.lease.sessionId)).toMatchObject({ leaseExpiresAt: world.clock.now + TTL_MS });
}

async function notLogged(world: World): Promise<void> {
  const claim = await world.claimNew();
  const { events } = await world.everything();

  await world.orchestrator.heartbeat(holderOf(claim));
  await world.orchestrator.heartbeat(holderOf(claim));

  expect((await world.everything()).events).toEqual(events);
  expect(await world.session(claim.lease.sessionId)).toMatchObject({ renewals: 2 });
}

async function staleAt(world: World): Promise<void> {
  const patient = await world.claimNew({}, { ttlMs: 10_000, staleAfterMs: 30_000 });
  const quick = await world.claimNew({}, { ttlMs: 30_000, staleAfterMs: 10_000 });
  world.clock.advance(5_000);

  await world.orchestrator.heartbeat(holderOf(patient));
  await world.orchestrator.heartbeat(holderOf(quick));

  const expected = { heartbeatAt: world.clock.now, staleAt: world.clock.now + 30_000 };
  expect(await world.session(patient.lease.sessionId)).toMatchObject(expected);
  expect(await world.session(quick.lease.sessionId)).toMatchObject(expected);
}

async function progress(world: World): Promise<void> {
  const claim = await world.claimNew();
  const { sessionId } = claim.lease;
  const shown = async () => (await world.session(sessionId)).progress;

  await world.orchestrator.heartbeat({ ...holderOf(claim), progress: { done: 3, of: 7 } });
  const given = await shown();
  await world.orchestrator.heartbeat(holderOf(claim));
  const kept = await shown();
  await world.release(claim, { outcome: 'released' });
  const gone = await shown();

  expect([given, kept, gone]).toEqual([{ done: 3, of: 7 }, { done: 3, of: 7 }, null]);
}

async function processGroup(world: World): Promise<void> {
  const claim = await world.claimNew({}, { process: { ...PROCESS, group: 0 } });
  const shown = async () => (await world.session(claim.lease.sessionId)).processGroup;

  const claimed = await shown();
  await world.orchestrator.heartbeat({ ...holderOf(claim), processGroup: 4_712 });
  await world.orchestrator.heartbeat(holderOf(claim));
  const told = await shown();
  await world.release(claim, { outcome: 'released' });

  expect([claimed, told, await shown()]).toEqual([0, 4_712, null]);
}

async function nearMiss(world: World): Promise<void> {
  const claim = await world.claimNew();
  world.clock.advance(TTL_MS * 0.8);
  await world.orchestrator.heartbeat(holderOf(claim));
  world.clock.advance(TTL_MS * 0.8 + 1);
  await world.orchestrator.heartbeat(holderOf(claim));

  const session = await world.session(claim.lease.sessionId);

  expect(session).toMatchObject({ renewals: 2, nearMisses: 1, lastNearMissAt: world.clock.now });
}

async function wrongHolder(world: World): Promise<void> {
  const claim = await world.claimNew({}, { instance: 'run-1' });
  const other = await world.claimNew();
  const holder = holderOf(claim);
  const { fence, token } = claim.lease;

  const replies = await world.changesNothing(async () => [
    await world.orchestrator.heartbeat({ token: inventedToken(fence) }),
    await world.orchestrator.heartbeat({ token: token.replace(`${fence}`, `${other.lease.fence}`) }),
    await world.orchestrator.heartbeat({ ...holder, instance: 'run-2' }),
    await world.orchestrator.checkpoint({ ...holder, instance: 'run-2' }),
    await world.release(claim, { instance: 'run-2' }),
    await world.orchestrator.heartbeat({ token: inventedToken(other.lease.fence + 1) }),
  ]);

  expect(replies.map((reply) => !reply.ok && reply.reason)).toEqual(Array.from(replies, () => 'lease_lost'));
  const presentHolder = { agent: AGENT, instance: 'run-1', fence };
  expect(replies[2]).toEqual({
    ok: false,
    reason: 'lease_lost',
    endedBy: null,
    at: null,
    successor: presentHolder,
  });
  expect(replies.at(-1)).toEqual({ ok: false, reason: 'lease_lost', endedBy: null, at: null });
}

async function withoutInstance(world: World): Promise<void> {
  const claim = await world.claimNew({}, { instance: 'run-1' });

  const replies = [
    await world.orchestrator.heartbeat(holderOf(claim)),
    await world.orchestrator.heartbeat({ ...holderOf(claim), instance: 'run-1' }),
  ];

  expect(replies).toMatchObject([{ ok: true }, { ok: true }]);
}
