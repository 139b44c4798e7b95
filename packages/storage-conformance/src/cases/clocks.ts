import { LIMITS } from '@agent-orchestrator/core';
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
  'a pause that began by a clock that was ahead is over in time, once the clock is right': pauseAfterSetBack,
  'so is a delay, also after a start of the machine': delayAfterSetBack,
  'the time that passed since it began counts where the storage can tell it': elapsedCounts,
  'no task waits longer than its delay from the moment in which that is seen': delayFromNow,
  'what was delayed before the clock went ahead and back keeps its time': delayedBefore,
  'it is so for tasks of all namespaces and sessions, held ones too, however many there are': delayedEverywhere,
  'two processes that do it at once leave none out': delayedForTwo,
  'a clock that stands at 1970 makes no time before that': since1970,
  'the preview of a claim shows it before it is done': delayPreviewed,
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

/** How long a delay of the cases is, and for how long at most it varies. */
const DELAY_MS = 5_000;
const VARIED_MS = 6_000;

async function rescheduledTasks(world: World): Promise<readonly (string | null)[]> {
  return (await world.events({ types: ['task.rescheduled'] })).map(({ taskId }) => taskId);
}

async function pauseAfterSetBack(world: World): Promise<void> {
  world.clock.setWall(9 * HOUR_MS);
  const claim = await world.claimNew({ backoffMs: DELAY_MS });
  await world.release(claim, { outcome: 'failed' });
  world.clock.setWall(-9 * HOUR_MS);
  await world.rival.staleRecovery();
  world.clock.advance(VARIED_MS);

  const again = await world.claim({ sessionId: claim.lease.sessionId });

  expect(again.task.id).toBe(claim.task.id);
  expect(await rescheduledTasks(world)).toEqual([claim.task.id]);
}

async function elapsedCounts(world: World): Promise<void> {
  world.clock.setWall(9 * HOUR_MS);
  const task = await world.add({ delayMs: DELAY_MS });
  world.clock.setWall(-9 * HOUR_MS);
  world.clock.advance(DELAY_MS);

  const reply = await world.rival.claimTask(claimCall());

  // A server has no steady clock: there the delay begins anew.
  expect(reply).toMatchObject(
    world.storage.capabilities.sleepGrace
      ? { ok: true, task: { id: task.id } }
      : { ok: false, reason: 'no_task', nextDueAt: world.clock.now + DELAY_MS },
  );
}

async function delayAfterSetBack(world: World): Promise<void> {
  world.clock.setWall(9 * HOUR_MS);
  const task = await world.add({ delayMs: DELAY_MS });
  world.clock.reboot();
  world.clock.setWall(-9 * HOUR_MS);

  await world.rival.staleRecovery();
  world.clock.advance(DELAY_MS);

  expect((await world.task(task.id)).runAt).toBe(world.clock.now);
  expect((await world.claim()).task.id).toBe(task.id);
}

async function delayFromNow(world: World): Promise<void> {
  world.clock.setWall(9 * HOUR_MS);
  const task = await world.add({ delayMs: DELAY_MS });
  world.clock.setWall(-9 * HOUR_MS);
  await world.rival.enqueueTask({ delayMs: HOUR_MS });
  // A jump that explains nothing replaces the one that would.
  world.clock.setWall(HOUR_MS);

  await world.rival.staleRecovery();

  const { runAt, queuedAt } = await world.task(task.id);
  expect(runAt).toBeLessThanOrEqual(world.clock.now + DELAY_MS);
  expect(queuedAt).toBe(runAt);
}

async function delayedBefore(world: World): Promise<void> {
  const task = await world.add({ delayMs: HOUR_MS });
  world.clock.setWall(HOUR_MS / 2);
  await world.add({ delayMs: HOUR_MS });
  world.clock.setWall(-HOUR_MS / 2);

  await world.rival.staleRecovery();

  expect(await world.task(task.id)).toEqual(task);
  expect(await rescheduledTasks(world)).toHaveLength(1);
}

async function delayedEverywhere(world: World): Promise<void> {
  const count = LIMITS.sweep_page_max + 1;
  world.clock.setWall(9 * HOUR_MS);
  const elsewhere = world.orchestratorOn(world.storage, { namespace: 'elsewhere' });
  const { lease } = await world.claimNew();
  for (const orchestrator of [world.orchestrator, elsewhere])
    await orchestrator.enqueueTasks(
      Array.from({ length: count }, (_, at) => ({
        delayMs: DELAY_MS,
        ...(at % 2 === 0 && { sessionId: lease.sessionId }),
      })),
    );
  world.clock.setWall(-9 * HOUR_MS);

  await world.rival.staleRecovery();

  const due = world.clock.now + DELAY_MS;
  for (const orchestrator of [world.orchestrator, elsewhere]) {
    const { items } = await orchestrator.listTasks({ status: ['scheduled'], limit: LIMITS.page_max });
    expect(items.map(({ runAt }) => runAt)).toEqual(Array.from({ length: count }, () => due));
  }
}

async function delayedForTwo(world: World): Promise<void> {
  const count = 2 * LIMITS.sweep_page_max + 1;
  world.clock.setWall(9 * HOUR_MS);
  await world.orchestrator.enqueueTasks(Array.from({ length: count }, () => ({ delayMs: DELAY_MS })));
  world.clock.setWall(-9 * HOUR_MS);

  const left = await Promise.all(
    [world.orchestrator, world.rival].map(async (one) => {
      await one.staleRecovery();
      const { items } = await one.listTasks({ status: ['scheduled'], limit: LIMITS.page_max });
      return items.filter(({ runAt }) => runAt !== world.clock.now + DELAY_MS).length;
    }),
  );

  expect(left).toEqual([0, 0]);
  expect(await rescheduledTasks(world)).toHaveLength(count);
}

async function since1970(world: World): Promise<void> {
  const task = await world.add({ delayMs: DELAY_MS });
  world.clock.advance(DELAY_MS - 1_000);
  world.clock.setWall(-world.clock.read().wall + 1_000);

  await world.rival.staleRecovery();

  const { runAt, queuedAt } = await world.task(task.id);
  expect(runAt).toBe(queuedAt);
  expect(runAt).toBeGreaterThanOrEqual(0);
  expect(runAt).toBeLessThanOrEqual(world.clock.now + DELAY_MS);
}

async function delayPreviewed(world: World): Promise<void> {
  // By the time that it has before, this one would be due first.
  await world.add({ delayMs: HOUR_MS });
  world.clock.setWall(9 * HOUR_MS);
  const task = await world.add({ delayMs: DELAY_MS });
  world.clock.setWall(-9 * HOUR_MS);
  const due = world.clock.now + DELAY_MS;

  const before = await world.changesNothing(() => world.rival.whyAgent(OTHER_AGENT));
  const why = await world.rival.whyTask(task.id, { agent: OTHER_AGENT });
  const reply = await world.rival.claimTask(claimCall({ agent: OTHER_AGENT }));
  const after = await world.rival.whyTask(task.id, { agent: OTHER_AGENT });

  expect(before).toMatchObject({ claimable: false, nextDueAt: due });
  expect(reply).toMatchObject({ ok: false, reason: 'no_task', nextDueAt: due });
  expect((await world.task(task.id)).runAt).toBe(due);
  for (const { conditions } of [why, after].filter((one) => one !== null))
    expect(conditions.find(({ name }) => name === 'due')).toMatchObject({
      holds: false,
      changesAt: due,
      says: expect.stringContaining('The clock was set back after its delay began'),
    });
}
