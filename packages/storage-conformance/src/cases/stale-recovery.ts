import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, claimCall, holderOf, OTHER_AGENT, STALE_AFTER_MS, TTL_MS } from '../factories.ts';
import type { World } from '../world.ts';

export const staleRecovery = chapter('stale recovery', {
  'recovery closes a lease past its expiry and its heartbeats, and requeues the task in its old place': recovers,
  'recovery keeps the context for the next holder': keepsContext,
  'recovery says from whom it took what, and the log says on which evidence': tellsEvidence,
  'missed heartbeats are not enough: before the expiry nothing is recovered': notBeforeExpiry,
  'expiry is not enough: with staleAfter above the TTL a claim of the session takes over while recovery must not':
    expiryIsNotEnough,
  'a heartbeat moves the time from which recovery may act': heartbeatMoves,
  'a recovered holder is fenced': fenced,
  'a claim without a session recovers stale sessions on its way, and takes what they held': claimRecovers,
  'a claim without a session leaves expired sessions alone that are not stale': claimLeavesExpired,
  'recovery works in batches, the longest stale first, and says whether there may be more': batches,
  'with nothing stale, recovery has no effect': nothingStale,
});

async function recovers(world: World): Promise<void> {
  const [first] = await world.addSession('branch', [{}, {}]);
  await world.claim({ sessionId: 'branch' });
  world.clock.advance(TTL_MS);

  const reply = await world.rival.staleRecovery();

  expect(reply).toMatchObject({ ok: true, more: false, recovered: [{ sessionId: 'branch', outcome: 'requeued' }] });
  expect(await world.session('branch')).toMatchObject({ status: 'idle', fence: null, headTaskId: first?.id });
  expect(await world.task(first?.id ?? '')).toMatchObject({
    status: 'queued',
    queuedAt: first?.queuedAt,
    attempt: 0,
    interruptions: 1,
  });
}

async function keepsContext(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.orchestrator.checkpoint({ ...holderOf(claim), nextAction: 'continue here' });
  world.clock.advance(TTL_MS);

  await world.rival.staleRecovery();

  const next = await world.claim({ agent: OTHER_AGENT });
  expect(next).toMatchObject({ context: { turn: 1, nextAction: 'continue here' }, takeover: null });
}

async function tellsEvidence(world: World): Promise<void> {
  const { task, lease } = await world.claimNew({}, { instance: 'run-1' });
  const known = { expires_at: lease.expiresAt, heartbeat_at: world.clock.now, stale_at: lease.expiresAt };
  world.clock.advance(TTL_MS + 5_000);

  const { recovered } = await world.rival.staleRecovery({ agent: 'janitor', instance: 'run-9' });

  expect(recovered).toEqual([
    {
      sessionId: lease.sessionId,
      taskId: task.id,
      from: { agent: AGENT, instance: 'run-1', fence: lease.fence },
      reason: 'stale',
      outcome: 'requeued',
      expiresAt: known.expires_at,
      heartbeatAt: known.heartbeat_at,
      staleAt: known.stale_at,
    },
  ]);
  expect((await world.events()).at(-1)).toMatchObject({
    type: 'task.recovered',
    leaseEffect: 'ended',
    fence: lease.fence,
    agent: 'janitor',
    instance: 'run-9',
    at: world.clock.now,
    payload: { reason: 'stale', from_agent: AGENT, from_instance: 'run-1', evidence: null, ...known },
  });
}

async function notBeforeExpiry(world: World): Promise<void> {
  await world.claimNew({}, { ttlMs: TTL_MS, staleAfterMs: 1_000 });
  world.clock.advance(TTL_MS - 1);

  const reply = await world.changesNothing(() => world.rival.staleRecovery());

  expect(reply).toEqual({ ok: true, recovered: [], more: false });
}

async function expiryIsNotEnough(world: World): Promise<void> {
  const { lease } = await world.claimNew({}, { ttlMs: TTL_MS, staleAfterMs: TTL_MS * 3 });
  world.clock.advance(TTL_MS * 3 - 1);

  const recovery = await world.changesNothing(() => world.rival.staleRecovery());
  const takeover = await world.rival.claimTask(
    claimCall({ sessionId: lease.sessionId, ttlMs: TTL_MS, staleAfterMs: TTL_MS * 3 }),
  );
  world.clock.advance(TTL_MS * 3);
  const later = await world.rival.staleRecovery();

  expect(recovery.recovered).toEqual([]);
  expect(takeover).toMatchObject({ ok: true, takeover: { reason: 'expired' } });
  expect(later.recovered).toHaveLength(1);
}

async function heartbeatMoves(world: World): Promise<void> {
  const claim = await world.claimNew();
  world.clock.advance(TTL_MS - 1);
  await world.orchestrator.heartbeat(holderOf(claim));
  world.clock.advance(TTL_MS - 1);

  const early = await world.rival.staleRecovery();
  world.clock.advance(1);
  const late = await world.rival.staleRecovery();

  expect(early.recovered).toEqual([]);
  expect(late.recovered).toHaveLength(1);
}

async function fenced(world: World): Promise<void> {
  const claim = await world.claimNew();
  world.clock.advance(TTL_MS);
  await world.rival.staleRecovery();
  const at = world.clock.now;

  const refusals = [await world.orchestrator.heartbeat(holderOf(claim)), await world.release(claim)];

  const lost = { ok: false, reason: 'lease_lost', endedBy: 'task.recovered', at };
  expect(refusals).toEqual([lost, lost]);
  expect(await world.task(claim.task.id)).toMatchObject({ status: 'queued' });
}

async function claimRecovers(world: World): Promise<void> {
  const claim = await world.claimNew();
  world.clock.advance(TTL_MS);

  const next = await world.claim({ agent: OTHER_AGENT });

  expect(next).toMatchObject({ task: { id: claim.task.id, interruptions: 1 }, takeover: null });
  expect(await world.eventTypes(claim.lease.sessionId)).toEqual([
    'session.opened',
    'task.queued',
    'task.claimed',
    'task.recovered',
    'task.claimed',
  ]);
}

async function claimLeavesExpired(world: World): Promise<void> {
  await world.claimNew({}, { ttlMs: 1_000, staleAfterMs: STALE_AFTER_MS });
  world.clock.advance(STALE_AFTER_MS - 1);

  const reply = await world.changesNothing(() => world.rival.claimTask(claimCall()));

  expect(reply).toEqual({ ok: false, reason: 'no_task', nextDueAt: null });
}

async function batches(world: World): Promise<void> {
  for (const name of ['third', 'second', 'first']) {
    const ttlMs = { first: 1_000, second: 2_000, third: 3_000 }[name] ?? TTL_MS;
    await world.claimNew({ sessionId: name }, { ttlMs, staleAfterMs: 1_000 });
  }
  world.clock.advance(TTL_MS);

  const pages = [await world.rival.staleRecovery({ limit: 2 }), await world.rival.staleRecovery({ limit: 2 })];

  expect(pages.map(({ recovered }) => recovered.map(({ sessionId }) => sessionId))).toEqual([
    ['first', 'second'],
    ['third'],
  ]);
  expect(pages.map(({ more }) => more)).toEqual([true, false]);
}

async function nothingStale(world: World): Promise<void> {
  await world.claimNew();
  await world.add();

  const reply = await world.changesNothing(() => world.rival.staleRecovery());

  expect(reply).toEqual({ ok: true, recovered: [], more: false });
}
