import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, claimCall, OTHER_AGENT } from '../factories.ts';
import { race } from '../interleave.ts';
import type { World } from '../world.ts';

export const concurrentClaim = chapter('2. concurrent claim: exactly one wins', {
  'of two connections that claim one session at once, exactly one wins, in 100 rounds': oneWinsSession,
  'of two connections that claim the only task at once, exactly one wins, in 100 rounds': oneWinsAny,
  'of two claims of which one begins while the other decides, exactly one wins': rivalWaits,
  'the loser is told which agent holds the session, and until when': loserIsTold,
  'fifty claims at once of fifty tasks take each of them once': allTaken,
});

const ROUNDS = 100;

async function oneWinsSession(world: World): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const { sessionId } = await world.add();

    const replies = await Promise.all([
      world.orchestrator.claimTask(claimCall({ sessionId })),
      world.rival.claimTask(claimCall({ sessionId, agent: OTHER_AGENT })),
    ]);

    expect(
      replies.filter(({ ok }) => ok),
      `winners of round ${round}`,
    ).toHaveLength(1);
    expect(replies.filter((reply) => !reply.ok && reply.reason === 'busy')).toHaveLength(1);
  }
  expect(await world.rival.counts()).toMatchObject({ tasks: { running: ROUNDS, queued: 0 } });
}

async function oneWinsAny(world: World): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    await world.add();

    const replies = await Promise.all([
      world.orchestrator.claimTask(claimCall()),
      world.rival.claimTask(claimCall({ agent: OTHER_AGENT })),
    ]);

    expect(
      replies.filter(({ ok }) => ok),
      `winners of round ${round}`,
    ).toHaveLength(1);
    expect(replies.filter((reply) => !reply.ok && reply.reason === 'no_task')).toHaveLength(1);
  }
}

async function rivalWaits(world: World): Promise<void> {
  for (let round = 0; round < 10; round += 1) {
    const { sessionId } = await world.add();

    const [first, second] = await race(
      world.storage,
      (storage) => world.orchestratorOn(storage).claimTask(claimCall({ sessionId })),
      () => world.rival.claimTask(claimCall({ sessionId, agent: OTHER_AGENT })),
    );

    expect([first.ok, second.ok].filter(Boolean), `winners of round ${round}`).toHaveLength(1);
  }
}

async function loserIsTold(world: World): Promise<void> {
  const { lease } = await world.claimNew({}, { instance: 'run-1' });

  const reply = await world.changesNothing(() =>
    world.rival.claimTask(claimCall({ sessionId: lease.sessionId, agent: OTHER_AGENT })),
  );

  expect(reply).toEqual({
    ok: false,
    reason: 'busy',
    why: 'held',
    sessionId: lease.sessionId,
    heldBy: { agent: AGENT, instance: 'run-1' },
    until: lease.expiresAt,
  });
}

async function allTaken(world: World): Promise<void> {
  const count = 50;
  await world.orchestrator.enqueueTasks(Array.from({ length: count }, () => ({})));

  const replies = await Promise.all(
    Array.from({ length: count }, (_, at) => (at % 2 === 0 ? world.orchestrator : world.rival).claimTask(claimCall())),
  );

  const fences = replies.map((reply) => (reply.ok ? reply.lease.fence : null));
  const tokens = replies.map((reply) => (reply.ok ? reply.lease.token : null));
  const taken = replies.map((reply) => (reply.ok ? reply.task.id : null));
  expect(new Set(fences).size).toBe(count);
  expect(new Set(tokens).size).toBe(count);
  expect(new Set(taken).size).toBe(count);
  expect(taken).not.toContain(null);
}
