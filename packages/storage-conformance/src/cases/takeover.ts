import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, claimCall, holderOf, OTHER_AGENT, TTL_MS } from '../factories.ts';
import type { World } from '../world.ts';

export const takeover = chapter('3. takeover after the lease expired', {
  'a claim of the session takes over at the expiry of its lease, and is told from whom': takesOver,
  'until the expiry the session is busy': busyBefore,
  'the context is handed on': contextHandedOn,
  'the old holder is fenced: heartbeat, checkpoint and release are refused, and it is told which holder came next':
    oldHolderFenced,
  'the new fence is greater than the old one, and the new token is another one': fenceGrows,
  'late is not lost: a holder keeps an expired lease that no other agent took over, flagged as late': lateIsNotLost,
  'a heartbeat that came first wins': heartbeatFirst,
  'the interrupted task goes back to its place, is taken first, and is charged an interruption': interruptionCharged,
  'an expired lease ends even where the head is not for the claimant': closedInAnyCase,
  'of two takeovers at once exactly one wins': oneTakeover,
});

async function takesOver(world: World): Promise<void> {
  const { task, lease } = await world.claimNew({}, { instance: 'run-1' });
  world.clock.advance(TTL_MS);

  const reply = await world.rival.claimTask(claimCall({ sessionId: lease.sessionId, agent: OTHER_AGENT }));

  expect(reply).toMatchObject({
    ok: true,
    task: { id: task.id, status: 'running' },
    lease: { agent: OTHER_AGENT },
    takeover: { from: { agent: AGENT, instance: 'run-1', fence: lease.fence }, reason: 'expired' },
  });
  const [closed, granted] = (await world.events({ sessionId: lease.sessionId })).slice(-2);
  expect(closed).toMatchObject({
    type: 'lease.taken_over',
    fence: lease.fence,
    leaseEffect: 'ended',
    agent: OTHER_AGENT,
    payload: { reason: 'expired', from_agent: AGENT, from_instance: 'run-1', expires_at: lease.expiresAt },
  });
  expect(granted).toMatchObject({ type: 'task.claimed', leaseEffect: 'granted' });
}

async function busyBefore(world: World): Promise<void> {
  const { lease } = await world.claimNew();
  world.clock.advance(TTL_MS - 1);

  const reply = await world.changesNothing(() =>
    world.rival.claimTask(claimCall({ sessionId: lease.sessionId, agent: OTHER_AGENT })),
  );

  expect(reply).toMatchObject({ ok: false, reason: 'busy' });
}

async function contextHandedOn(world: World): Promise<void> {
  const claim = await world.claimNew();
  const saved = {
    lastAction: 'wrote the test',
    nextAction: 'make it pass',
    memoryRef: 'git:abc',
    hash: 'digest',
    data: { files: 3 },
  };
  await world.orchestrator.checkpoint({ ...holderOf(claim), ...saved });
  world.clock.advance(TTL_MS);

  const next = await world.claim({ sessionId: claim.lease.sessionId, agent: OTHER_AGENT });

  expect(next.context).toEqual({ turn: 1, ...saved });
}

async function oldHolderFenced(world: World): Promise<void> {
  const old = await world.claimNew();
  world.clock.advance(TTL_MS);
  const next = await world.claim({ sessionId: old.lease.sessionId, agent: OTHER_AGENT, instance: 'run-2' });
  const at = world.clock.now;
  world.clock.advance(1_000);

  const refusals = [
    await world.orchestrator.heartbeat(holderOf(old)),
    await world.orchestrator.checkpoint({ ...holderOf(old), data: 'late' }),
    await world.release(old),
  ];

  const lost = {
    ok: false,
    reason: 'lease_lost',
    endedBy: 'lease.taken_over',
    at,
    successor: { agent: OTHER_AGENT, instance: 'run-2', fence: next.lease.fence },
  };
  expect(refusals).toEqual([lost, lost, lost]);
  expect(await world.session(old.lease.sessionId)).toMatchObject({
    fence: next.lease.fence,
    context: null,
    renewals: 0,
  });
  expect(await world.task(old.task.id)).toMatchObject({ status: 'running' });
}

async function fenceGrows(world: World): Promise<void> {
  const old = await world.claimNew();
  world.clock.advance(TTL_MS);

  const next = await world.claim({ sessionId: old.lease.sessionId });

  expect(next.lease.fence).toBeGreaterThan(old.lease.fence);
  expect(next.lease.fence).toBe(world.clock.now * 1_000);
  expect(next.lease.token).not.toBe(old.lease.token);
}

async function lateIsNotLost(world: World): Promise<void> {
  const claim = await world.claimNew();
  world.clock.advance(TTL_MS * 10);

  const heartbeat = await world.orchestrator.heartbeat(holderOf(claim));
  world.clock.advance(TTL_MS * 10);
  const checkpoint = await world.orchestrator.checkpoint(holderOf(claim));
  world.clock.advance(TTL_MS * 10);
  const release = await world.release(claim);

  expect(heartbeat).toMatchObject({ ok: true, late: true });
  expect(checkpoint).toMatchObject({ ok: true, late: true, turn: 1 });
  expect(release).toMatchObject({ ok: true, status: 'succeeded' });
}

async function heartbeatFirst(world: World): Promise<void> {
  const claim = await world.claimNew();
  world.clock.advance(TTL_MS);
  const heartbeat = await world.orchestrator.heartbeat(holderOf(claim));

  const reply = await world.rival.claimTask(claimCall({ sessionId: claim.lease.sessionId, agent: OTHER_AGENT }));

  expect(heartbeat).toMatchObject({ ok: true, expiresAt: world.clock.now + TTL_MS, late: true });
  expect(reply).toMatchObject({ ok: false, reason: 'busy', until: world.clock.now + TTL_MS });
}

async function interruptionCharged(world: World): Promise<void> {
  const [first] = await world.addSession('branch', [{}, {}]);
  await world.claim({ sessionId: 'branch' });
  world.clock.advance(TTL_MS);

  const next = await world.claim({ sessionId: 'branch', agent: OTHER_AGENT });

  expect(next.task).toMatchObject({ id: first?.id, attempt: 1, interruptions: 1, queuedAt: first?.queuedAt });
}

async function closedInAnyCase(world: World): Promise<void> {
  const old = await world.claimNew({ assignee: AGENT });
  world.clock.advance(TTL_MS);

  const reply = await world.rival.claimTask(claimCall({ sessionId: old.lease.sessionId, agent: OTHER_AGENT }));

  expect(reply).toEqual({ ok: false, reason: 'no_task', nextDueAt: null });
  expect(await world.session(old.lease.sessionId)).toMatchObject({
    status: 'idle',
    fence: null,
    headTaskId: old.task.id,
  });
  expect(await world.release(old)).toMatchObject({ ok: false, reason: 'lease_lost' });
}

async function oneTakeover(world: World): Promise<void> {
  for (let round = 0; round < 10; round += 1) {
    const { lease } = await world.claimNew();
    world.clock.advance(TTL_MS);

    const replies = await Promise.all([
      world.orchestrator.claimTask(claimCall({ sessionId: lease.sessionId, agent: 'first' })),
      world.rival.claimTask(claimCall({ sessionId: lease.sessionId, agent: 'second' })),
    ]);

    expect(
      replies.filter(({ ok }) => ok),
      `winners of round ${round}`,
    ).toHaveLength(1);
  }
}
