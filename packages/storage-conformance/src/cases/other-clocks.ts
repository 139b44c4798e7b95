import { LIMITS, type ClockState } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { claimCall, holderOf, TTL_MS } from '../factories.ts';
import { receiptOf } from '../port.ts';
import { startedProcess } from '../test-clock.ts';
import { thrownBy } from '../thrown.ts';
import type { World } from '../world.ts';

export const otherClocks = chapter('clocks: processes that differ', {
  'two processes with different clocks go by one of them, and do not stop recovery': twoClocks,
  'a process that starts again and again with another clock does not change the time': startsWithAnotherClock,
  'processes with the right clock work beside a wrong one that came first, until it gives way': wrongClockFirst,
  'clocks that take turns of more than two minutes neither stop recovery nor end the lease of a live holder': longTurns,
  'a command that a process with another clock repeats has its effect once': repeatedByAnotherClock,
  'a process that has just started knows a sleep of the machine from another clock': sleptAndStarted,
  'processes that only poll keep the clock of the store, so that no delay ends early': idlePolls,
  'a container with a boot id of its own is on the same machine: polls write nothing, and a sleep is known': ownBootId,
  'however many clocks differ, each is recorded once, and then nothing is written': recordedOnce,
  'once a clock that was behind is gone, receipts are forgotten again': forgottenAfterwards,
  'a command is answered from its receipt or refused, whichever clock the store takes meanwhile': acrossClocks,
});

/** How far the clock of one process is ahead of the machine's: more than ids of commands may be. */
const AHEAD_MS = 2 * 3_600_000;
const SLEEP_MS = 8 * 3_600_000;

/** When no process with the clock of the store wrote for so long, the next one counts. */
const GIVES_WAY_MS = 2 * 60_000;
const DAY_MS = 24 * 3_600_000;

const gives = ({ storage }: World): boolean => storage.capabilities.sleepGrace;

async function jumps(world: World): Promise<number> {
  return (await world.events({ types: ['clock.jumped'] })).length;
}

/** Processes for as long as a holder may be silent, in turn; each of them takes a turn ten times. */
async function inTurns(world: World, turns: readonly (() => Promise<void>)[]): Promise<void> {
  for (let ms = 0; ms < 2 * TTL_MS; ms += TTL_MS / 5) {
    world.clock.advance(TTL_MS / 5);
    for (const turn of turns) await turn();
  }
}

async function twoClocks(world: World): Promise<void> {
  // The clock of a server is one clock, whatever its clients have.
  if (!gives(world)) return;
  for (const aheadMs of [AHEAD_MS, -AHEAD_MS]) {
    const before = await jumps(world);
    const [right, wrong] = [startedProcess(), startedProcess(aheadMs)];
    const { lease } = await world.clock.as(right, () => world.claimNew());

    await inTurns(world, [
      async () => {
        const { now } = world.clock;
        const { task } = await world.clock.as(wrong, () => world.rival.enqueueTask({}));
        expect(task.createdAt).toBe(now);
      },
      async () => {
        const { now } = world.clock;
        const { recovered } = await world.clock.as(wrong, () => world.rival.staleRecovery());
        if (recovered.length > 0) expect(now).toBeGreaterThanOrEqual(lease.expiresAt);
      },
      async () => void (await world.clock.as(right, () => world.orchestrator.staleRecovery())),
      async () => void (await world.clock.as(right, () => world.orchestrator.enqueueTask({}))),
    ]);

    expect(await jumps(world)).toBe(before);
    expect(await world.eventTypes(lease.sessionId)).toContain('task.recovered');
    const { now } = world.clock;
    expect(await world.clock.as(wrong, () => world.peer.read.now())).toBe(now);
  }
}

async function startsWithAnotherClock(world: World): Promise<void> {
  if (!gives(world)) return;
  const right = startedProcess();
  const { lease } = await world.clock.as(right, () => world.claimNew());

  await inTurns(world, [
    async () => void (await world.clock.as(startedProcess(AHEAD_MS), () => world.rival.staleRecovery())),
    async () => void (await world.clock.as(right, () => world.orchestrator.enqueueTask({}))),
  ]);

  expect(await jumps(world)).toBe(0);
  expect(await world.eventTypes(lease.sessionId)).toContain('task.recovered');
}

async function wrongClockFirst(world: World): Promise<void> {
  if (!gives(world)) return;
  for (const aheadMs of [AHEAD_MS, -AHEAD_MS, 9 * DAY_MS, -9 * DAY_MS]) {
    const wrong = startedProcess(aheadMs);
    const { lease } = await world.clock.as(wrong, () => world.claimNew());

    await inTurns(world, [
      async () => {
        const { now } = world.clock;
        const { task } = await world.clock.as(startedProcess(), () => world.rival.enqueueTask({}));
        expect(task.createdAt).toBe(now + aheadMs);
      },
      async () => void (await world.clock.as(startedProcess(), () => world.rival.staleRecovery())),
      async () => void (await world.clock.as(wrong, () => world.orchestrator.enqueueTask({}))),
    ]);
    expect(await world.eventTypes(lease.sessionId)).toContain('task.recovered');
    world.clock.advance(GIVES_WAY_MS + 1);

    const { now } = world.clock;
    const { task } = await world.clock.as(startedProcess(), () => world.rival.enqueueTask({}));
    expect(task.createdAt).toBe(now);
    world.clock.advance(GIVES_WAY_MS + 1);
  }
}

async function longTurns(world: World): Promise<void> {
  if (!gives(world)) return;
  const turnMs = 1.25 * GIVES_WAY_MS;
  const deadlines = { ttlMs: 2.5 * turnMs, staleAfterMs: 2.5 * turnMs };
  for (const aheadMs of [AHEAD_MS, -AHEAD_MS]) {
    const [dead, alive] = await world.clock.as(startedProcess(), async () => [
      await world.claimNew({}, deadlines),
      await world.claimNew({}, deadlines),
    ]);

    for (let turn = 1; turn <= 8; turn += 1) {
      world.clock.advance(turnMs);
      if (turn % 2 === 0) {
        const beat = world.clock.as(startedProcess(), () => world.orchestrator.heartbeat(holderOf(alive)));
        expect(await beat).toMatchObject({ ok: true, late: false });
      }
      const process = startedProcess(turn % 2 === 1 ? aheadMs : 0);
      const { recovered } = await world.clock.as(process, () => world.rival.staleRecovery());
      expect(recovered.map(({ sessionId }) => sessionId)).toEqual(turn === 3 ? [dead.lease.sessionId] : []);
    }

    expect((await world.session(alive.lease.sessionId)).status).toBe('running');
    expect((await clockOf(world)).others?.some(({ byMs }) => byMs === aheadMs)).toBe(true);
    const { type } = (await world.events({ sessionId: alive.lease.sessionId })).at(-1) ?? {};
    expect(type).toBe('clock.jumped');
    await world.release(alive);
  }
  const taken = await world.events({ types: ['clock.jumped'] });
  expect(taken.every(({ payload }) => (payload as { taken?: boolean }).taken)).toBe(true);
}

async function repeatedByAnotherClock(world: World): Promise<void> {
  if (!gives(world)) return;
  const [first, behind] = [startedProcess(), startedProcess(-9 * DAY_MS)];
  await world.clock.as(first, () => world.add());
  const sent = await world.clock.as(behind, async () => {
    const commandId = world.newCommandId();
    return { commandId, reply: await world.rival.enqueueTask({ commandId }) };
  });
  world.clock.advance(1_000);
  await world.clock.as(first, () => world.add());

  const again = await world.clock.as(behind, () => world.rival.enqueueTask({ commandId: sent.commandId }));

  expect(again).toEqual(sent.reply);
}

async function sleptAndStarted(world: World): Promise<void> {
  const claim = await world.clock.as(startedProcess(), () => world.claimNew());
  world.clock.sleep(SLEEP_MS);
  const { now } = world.clock;

  const { recovered } = await world.clock.as(startedProcess(), () => world.rival.staleRecovery());

  expect(recovered).toHaveLength(gives(world) ? 0 : 1);
  expect(await world.clock.as(startedProcess(), () => world.peer.read.now())).toBe(now);
  expect(await jumps(world)).toBe(gives(world) ? 1 : 0);
  expect((await world.session(claim.lease.sessionId)).status).toBe(gives(world) ? 'running' : 'idle');
}

async function idlePolls(world: World): Promise<void> {
  if (!gives(world)) return;
  for (const aheadMs of [AHEAD_MS, -AHEAD_MS]) {
    const [right, wrong] = [startedProcess(), startedProcess(aheadMs)];
    await world.clock.as(right, () => world.add({ delayMs: AHEAD_MS / 2 }));

    for (let ms = 0; ms < 5 * GIVES_WAY_MS; ms += 5_000) {
      world.clock.advance(5_000);
      const polls = [
        await world.clock.as(wrong, () => world.rival.claimTask(claimCall())),
        await world.clock.as(right, () => world.orchestrator.claimTask(claimCall())),
      ];
      expect(polls.map(({ ok }) => ok)).toEqual([false, false]);
    }

    const { now } = world.clock;
    expect(await world.clock.as(wrong, () => world.peer.read.now())).toBe(now);
    expect((await clockOf(world)).jump).toBeNull();
  }
}

async function ownBootId(world: World): Promise<void> {
  if (!gives(world)) return;
  const [host, container] = [startedProcess(), startedProcess(0, 'boot-of-container')];
  const { lease } = await world.clock.as(host, () => world.claimNew());
  const before = await clockOf(world);

  for (let ms = 0; ms < TTL_MS / 2; ms += 1_000) {
    world.clock.advance(1_000);
    for (const one of [container, host])
      expect(await world.clock.as(one, () => world.rival.claimTask(claimCall()))).toMatchObject({ reason: 'no_task' });
    expect(await clockOf(world)).toEqual(before);
  }

  await world.clock.as(container, () => world.rival.enqueueTask({ delayMs: DAY_MS }));
  for (const one of [host, container]) {
    world.clock.sleep(SLEEP_MS);
    expect((await world.clock.as(one, () => world.rival.staleRecovery())).recovered).toEqual([]);
  }
  expect((await world.session(lease.sessionId)).status).toBe('running');
  expect(await jumps(world)).toBe(2);
}

async function clockOf({ peer }: World): Promise<ClockState> {
  const { clock } = await peer.read.claimPreview({
    by: 'session',
    namespace: 'default',
    sessionId: 'none',
    scheduledLimit: 1,
  });
  const { reading: _reading, ...state } = clock;
  return state;
}

async function recordedOnce(world: World): Promise<void> {
  if (!gives(world)) return;
  const processes = [0, AHEAD_MS, -AHEAD_MS, DAY_MS].map((aheadMs) => startedProcess(aheadMs));
  const pollAll = async () => {
    for (const one of processes) await world.clock.as(one, () => world.rival.claimTask(claimCall()));
  };
  await world.clock.as(startedProcess(), () => world.add({ delayMs: DAY_MS }));
  await pollAll();
  const before = await clockOf(world);

  for (let ms = 0; ms < GIVES_WAY_MS / 4; ms += 1_000) {
    world.clock.advance(1_000);
    await pollAll();
    expect(await clockOf(world)).toEqual(before);
  }
  expect(before.others?.map(({ byMs }) => byMs)).toEqual([AHEAD_MS, -AHEAD_MS, DAY_MS]);
}

async function forgottenAfterwards(world: World): Promise<void> {
  if (!gives(world)) return;
  const right = startedProcess();
  const add = async () => {
    const commandId = world.newCommandId();
    await world.clock.as(right, () => world.orchestrator.enqueueTask({ commandId }));
    return commandId;
  };
  const first = await add();
  await world.clock.as(startedProcess(-90 * DAY_MS), () => world.rival.claimTask(claimCall({ agent: 'behind' })));

  world.clock.advance(LIMITS.receipt_kept_ms - 1);
  await add();
  const kept = await receiptOf(world.peer, first);
  world.clock.advance(DAY_MS);
  await add();

  expect(kept).not.toBeNull();
  expect(await receiptOf(world.peer, first)).toBeNull();
}

async function acrossClocks(world: World): Promise<void> {
  if (!gives(world)) return;
  for (const aheadMs of [-9 * DAY_MS, 9 * DAY_MS]) {
    const [other, right] = [startedProcess(aheadMs), startedProcess()];
    const write = () => world.clock.as(right, () => world.orchestrator.enqueueTask({}));
    const first = await world.clock.as(other, async () => {
      const commandId = world.newCommandId();
      return { commandId, reply: await world.rival.enqueueTask({ commandId, title: `${aheadMs}` }) };
    });
    const again = () =>
      world.clock.as(other, () => world.rival.enqueueTask({ commandId: first.commandId, title: `${aheadMs}` }));

    world.clock.advance(GIVES_WAY_MS + 1);
    const { now } = world.clock;
    expect((await write()).task.createdAt).toBe(now);
    await write();
    expect(await again()).toEqual(first.reply);

    for (let days = 0; days < 10; days += 1) {
      world.clock.advance(DAY_MS);
      await write();
    }
    if (aheadMs < 0) expect(await thrownBy(again())).toMatchObject({ code: 'COMMAND_ID_EXPIRED' });
    else expect(await again()).toEqual(first.reply);
    const { items } = await world.orchestrator.listTasks({ limit: 100 });
    expect(items.filter(({ title }) => title === `${aheadMs}`)).toHaveLength(1);
    world.clock.advance(GIVES_WAY_MS + 1);
  }
}
