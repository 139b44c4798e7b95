import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { claimCall, holderOf, OTHER_AGENT, TTL_MS } from '../factories.ts';
import type { World } from '../world.ts';

export const clocks = chapter('clocks', {
  'the store tells the time in whole milliseconds, however fine its clock is': wholeMilliseconds,
  'an event never goes back in time within its session, though the clock does': neverBack,
  'a fence grows though the clock goes back': fenceGrows,
  'deadlines that a wrong clock set too far ahead are pulled back to one TTL from now': pulledBack,
  'after a start with a corrected clock a dead holder is recovered within its TTL': correctedAtBoot,
  'a claim of the session pulls a deadline that is too far ahead back as well': pulledBackByClaim,
  'a deadline that is too far ahead by less than a jump is pulled back by the claim that sees it':
    pulledBackWithoutJump,
  'so does any command that sees it': pulledBackByAny,
  'after a clean restart of the machine a silent holder is recovered as usual': restart,
  'a scheduled task goes by the wall clock': scheduledByWall,
  'clocks that drift apart by less than two seconds are no jump': drift,
});

const HOUR_MS = 3_600_000;

async function wholeMilliseconds(world: World): Promise<void> {
  world.clock.advance(0.6);

  const { task, lease } = await world.claimNew();
  const now = await world.peer.read.now();

  expect(now).toBe(world.clock.now);
  expect([task.createdAt, task.startedAt, lease.expiresAt]).toEqual([now, now, now + TTL_MS]);
}

async function neverBack(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.orchestrator.checkpoint(holderOf(claim));
  const before = world.clock.now;
  world.clock.setWall(-HOUR_MS);

  await world.orchestrator.checkpoint(holderOf(claim));
  await world.release(claim, { outcome: 'released' });

  const events = await world.events({ sessionId: claim.lease.sessionId });
  expect(events.slice(-2).map(({ at }) => at)).toEqual([before, before]);
}

async function fenceGrows(world: World): Promise<void> {
  const first = await world.claimNew();
  world.clock.setWall(-HOUR_MS);

  const second = await world.claimNew();
  const third = await world.claimNew();

  expect([second.lease.fence, third.lease.fence]).toEqual([first.lease.fence + 1, first.lease.fence + 2]);
}

async function pulledBack(world: World): Promise<void> {
  const claim = await world.claimNew();
  world.clock.setWall(-HOUR_MS);

  const early = await world.rival.staleRecovery();
  const session = await world.session(claim.lease.sessionId);
  world.clock.advance(TTL_MS);
  const late = await world.rival.staleRecovery();

  expect(early.recovered).toEqual([]);
  expect(session).toMatchObject({ leaseExpiresAt: world.clock.now, fence: claim.lease.fence });
  expect(late.recovered).toMatchObject([{ sessionId: claim.lease.sessionId }]);
}

async function correctedAtBoot(world: World): Promise<void> {
  world.clock.setWall(HOUR_MS * 24);
  const claim = await world.claimNew();
  world.clock.reboot();
  world.clock.setWall(-HOUR_MS * 24);

  const early = await world.rival.staleRecovery();
  world.clock.advance(TTL_MS);
  const late = await world.rival.staleRecovery();

  expect(early.recovered).toEqual([]);
  expect(late.recovered).toMatchObject([{ sessionId: claim.lease.sessionId }]);
}

async function pulledBackByClaim(world: World): Promise<void> {
  const { lease } = await world.claimNew();
  world.clock.setWall(-HOUR_MS);

  const busy = await world.rival.claimTask(claimCall({ sessionId: lease.sessionId, agent: OTHER_AGENT }));
  world.clock.advance(TTL_MS);
  const taken = await world.rival.claimTask(claimCall({ sessionId: lease.sessionId, agent: OTHER_AGENT }));

  expect(busy).toMatchObject({ ok: false, reason: 'busy', until: world.clock.now });
  expect(taken).toMatchObject({ ok: true, takeover: { reason: 'expired' } });
}

async function pulledBackByAny(world: World): Promise<void> {
  const { lease, task } = await world.claimNew();
  world.clock.setWall(-1_500);

  await world.rival.cancelTask({ taskId: task.id });

  const { now } = world.clock;
  expect(await world.session(lease.sessionId)).toMatchObject({
    leaseExpiresAt: now + TTL_MS,
    heartbeatAt: now,
    renewals: 0,
  });
}

async function pulledBackWithoutJump(world: World): Promise<void> {
  const { lease } = await world.claimNew();
  world.clock.setWall(-1_500);

  const busy = await world.rival.claimTask(claimCall({ sessionId: lease.sessionId, agent: OTHER_AGENT }));

  const until = world.clock.now + TTL_MS;
  expect(busy).toMatchObject({ ok: false, reason: 'busy', until });
  expect(await world.session(lease.sessionId)).toMatchObject({ leaseExpiresAt: until, staleAt: until, renewals: 0 });
  expect(await world.events({ types: ['clock.jumped'] })).toEqual([]);
}

async function restart(world: World): Promise<void> {
  const claim = await world.claimNew();
  world.clock.reboot(TTL_MS);

  const { recovered } = await world.rival.staleRecovery();

  expect(recovered).toMatchObject([{ sessionId: claim.lease.sessionId }]);
}

async function scheduledByWall(world: World): Promise<void> {
  const task = await world.add({ delayMs: HOUR_MS });
  world.clock.sleep(HOUR_MS);

  const claim = await world.claim();

  expect(claim.task.id).toBe(task.id);
}

async function drift(world: World): Promise<void> {
  const claim = await world.claimNew();
  world.clock.setWall(1_900);
  world.clock.advance(TTL_MS - 1_900);

  const { recovered } = await world.rival.staleRecovery();

  expect(recovered).toMatchObject([{ sessionId: claim.lease.sessionId }]);
  expect(await world.events({ types: ['clock.jumped'] })).toEqual([]);
}
