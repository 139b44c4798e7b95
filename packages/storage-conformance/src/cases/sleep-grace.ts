import { LIMITS } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { claimCall, holderOf, OTHER_AGENT, TTL_MS } from '../factories.ts';
import type { World } from '../world.ts';

export const sleepGrace = chapter('clocks: sleep and jumps', {
  'after the machine slept, holders get a new TTL where the storage says so, and none where it does not': afterSleep,
  'after the clock was set forward it is the same': afterSetForward,
  'a claim of the session, or of any, respects the new TTL': claimsRespectIt,
  'a clock jump that one connection detected is processed by the other before it recovers': seenByAnother,
  'two recoverers after one jump grant one new TTL': onlyOnce,
  'after the new TTL a silent holder is recovered': recoveredAfterwards,
  'every held session gets it, in all namespaces, however many there are': all,
  'a second jump grants it again': secondJump,
});

const SLEEP_MS = 8 * 3_600_000;

const gives = ({ storage }: World): boolean => storage.capabilities.sleepGrace;

async function jumps(world: World): Promise<number> {
  return (await world.events({ types: ['clock.jumped'] })).length;
}

async function afterSleep(world: World): Promise<void> {
  const claim = await world.claimNew();
  world.clock.sleep(SLEEP_MS);

  const { recovered } = await world.rival.staleRecovery();

  expect(recovered).toHaveLength(gives(world) ? 0 : 1);
  if (!gives(world)) return;
  const expiresAt = world.clock.now + TTL_MS;
  expect(await world.session(claim.lease.sessionId)).toMatchObject({ leaseExpiresAt: expiresAt, staleAt: expiresAt });
  expect(await world.events({ types: ['clock.jumped'] })).toMatchObject([
    { fence: claim.lease.fence, payload: { by_ms: SLEEP_MS, expires_at: expiresAt } },
  ]);
  expect(await world.orchestrator.heartbeat(holderOf(claim))).toMatchObject({ ok: true, late: false });
}

async function afterSetForward(world: World): Promise<void> {
  await world.claimNew();
  world.clock.setWall(SLEEP_MS);

  const { recovered } = await world.rival.staleRecovery();

  expect(recovered).toHaveLength(gives(world) ? 0 : 1);
}

async function claimsRespectIt(world: World): Promise<void> {
  const { lease } = await world.claimNew();
  world.clock.sleep(SLEEP_MS);

  const any = await world.rival.claimTask(claimCall({ agent: OTHER_AGENT }));
  const named = await world.rival.claimTask(claimCall({ agent: OTHER_AGENT, sessionId: lease.sessionId }));

  expect(any.ok).toBe(!gives(world));
  expect(named).toMatchObject({ ok: false, reason: 'busy' });
}

async function seenByAnother(world: World): Promise<void> {
  await world.claimNew();
  world.clock.sleep(SLEEP_MS);
  await world.orchestrator.enqueueTask({});
  const before = await jumps(world);

  const { recovered } = await world.rival.staleRecovery();

  expect(before).toBe(0);
  expect(recovered).toHaveLength(gives(world) ? 0 : 1);
}

async function onlyOnce(world: World): Promise<void> {
  await world.claimNew();
  world.clock.sleep(SLEEP_MS);

  const replies = await Promise.all([
    world.orchestrator.staleRecovery(),
    world.rival.staleRecovery(),
    world.rival.claimTask(claimCall()),
  ]);

  expect(replies[0].recovered.length + replies[1].recovered.length + (replies[2].ok ? 1 : 0)).toBeLessThanOrEqual(
    gives(world) ? 0 : 2,
  );
  expect(await jumps(world)).toBe(gives(world) ? 1 : 0);
}

async function recoveredAfterwards(world: World): Promise<void> {
  const claim = await world.claimNew();
  world.clock.sleep(SLEEP_MS);
  await world.rival.staleRecovery();
  world.clock.advance(TTL_MS);

  await world.rival.staleRecovery();

  expect(await world.session(claim.lease.sessionId)).toMatchObject({ status: 'idle' });
  expect(await world.release(claim)).toMatchObject({ ok: false, reason: 'lease_lost', endedBy: 'task.recovered' });
}

async function all(world: World): Promise<void> {
  const count = LIMITS.sweep_page_max + 1;
  const elsewhere = world.orchestratorOn(world.storage, { namespace: 'elsewhere' });
  for (const orchestrator of [world.orchestrator, elsewhere]) {
    await orchestrator.enqueueTasks(Array.from({ length: count }, () => ({})));
    await orchestrator.claimTasks({ ...claimCall(), limit: count });
  }
  world.clock.sleep(SLEEP_MS);

  const here = await world.rival.staleRecovery({ limit: count });
  const there = await elsewhere.staleRecovery({ limit: count });

  expect([here.recovered.length, there.recovered.length]).toEqual(gives(world) ? [0, 0] : [count, count]);
}

async function secondJump(world: World): Promise<void> {
  await world.claimNew();
  world.clock.sleep(SLEEP_MS);
  await world.rival.staleRecovery();
  world.clock.sleep(SLEEP_MS);

  const { recovered } = await world.rival.staleRecovery();

  expect(recovered).toEqual([]);
  expect(await jumps(world)).toBe(gives(world) ? 2 : 0);
}
