import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { holderOf, OTHER_AGENT, TTL_MS } from '../factories.ts';
import type { World } from '../world.ts';

export const checkpointAndContext = chapter('checkpoint and context', {
  'the first turn is 1, and each checkpoint adds one': turnsGrow,
  'a turn may be given if it does not fall behind; the next one counts on from it': turnGiven,
  'a turn behind the last is refused and changes nothing': turnBehind,
  'a checkpoint replaces the whole context': replacesAll,
  'a digest is made of the context unless one is given': digest,
  'a checkpoint counts as a heartbeat': countsAsHeartbeat,
  'the log keeps every context, under the fence of the lease that saved it': logged,
  'the context stays with the session: through a release, and for its next task': staysWithSession,
  'the next holder counts on from the last turn': countsOn,
  'a new session has no context': noContext,
});

async function turnsGrow(world: World): Promise<void> {
  const claim = await world.claimNew();

  const replies = [
    await world.orchestrator.checkpoint(holderOf(claim)),
    await world.orchestrator.checkpoint(holderOf(claim)),
  ];

  expect(replies).toMatchObject([
    { ok: true, turn: 1, cancelRequested: false, late: false },
    { ok: true, turn: 2 },
  ]);
}

async function turnGiven(world: World): Promise<void> {
  const claim = await world.claimNew();
  const checkpoint = async (turn?: number) =>
    world.orchestrator.checkpoint({ ...holderOf(claim), ...(turn !== undefined && { turn }) });

  const replies = [await checkpoint(7), await checkpoint(7), await checkpoint()];

  expect(replies).toMatchObject([{ turn: 7 }, { turn: 7 }, { turn: 8 }]);
}

async function turnBehind(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.orchestrator.checkpoint({ ...holderOf(claim), turn: 7, nextAction: 'kept' });

  const reply = await world.changesNothing(() => world.orchestrator.checkpoint({ ...holderOf(claim), turn: 6 }));

  expect(reply).toEqual({ ok: false, reason: 'turn_behind', turn: 7 });
  expect(await world.session(claim.lease.sessionId)).toMatchObject({ context: { turn: 7, nextAction: 'kept' } });
}

async function replacesAll(world: World): Promise<void> {
  const claim = await world.claimNew();
  const all = { lastAction: 'a', nextAction: 'b', memoryRef: 'c', hash: 'd', data: { e: [1, null, 'ü'] } };
  await world.orchestrator.checkpoint({ ...holderOf(claim), ...all });

  await world.orchestrator.checkpoint({ ...holderOf(claim), nextAction: 'only this', hash: 'h' });

  const { context } = await world.session(claim.lease.sessionId);
  expect(context).toEqual({
    turn: 2,
    lastAction: null,
    nextAction: 'only this',
    memoryRef: null,
    hash: 'h',
    data: null,
  });
}

async function digest(world: World): Promise<void> {
  const claim = await world.claimNew();
  const hashOf = async (data: number) => {
    await world.orchestrator.checkpoint({ ...holderOf(claim), turn: 1, data });
    return (await world.session(claim.lease.sessionId)).context?.hash;
  };

  const [one, two, oneAgain] = [await hashOf(1), await hashOf(2), await hashOf(1)];

  expect(one).toMatch(/^[0-9a-f]{64}$/);
  expect(two).not.toBe(one);
  expect(oneAgain).toBe(one);
}

async function countsAsHeartbeat(world: World): Promise<void> {
  const claim = await world.claimNew();
  world.clock.advance(TTL_MS / 2);

  const reply = await world.orchestrator.checkpoint(holderOf(claim));

  const { now } = world.clock;
  expect(reply).toMatchObject({ ok: true, expiresAt: now + TTL_MS });
  expect(await world.session(claim.lease.sessionId)).toMatchObject({
    leaseExpiresAt: now + TTL_MS,
    heartbeatAt: now,
    renewals: 1,
  });
}

async function logged(world: World): Promise<void> {
  const claim = await world.claimNew({}, { instance: 'run-1' });
  const { sessionId, fence } = claim.lease;
  await world.orchestrator.checkpoint({ ...holderOf(claim), data: 1 });
  await world.orchestrator.checkpoint({ ...holderOf(claim), data: 2 });

  const events = await world.events({ sessionId, types: ['session.checkpointed'] });

  expect(events).toMatchObject([
    { fence, agent: claim.lease.agent, instance: 'run-1', taskId: claim.task.id, payload: { turn: 1, data: 1 } },
    { fence, payload: { turn: 2, data: 2 } },
  ]);
}

async function staysWithSession(world: World): Promise<void> {
  await world.addSession('branch', [{}, {}]);
  const first = await world.claim({ sessionId: 'branch' });
  await world.orchestrator.checkpoint({ ...holderOf(first), nextAction: 'continue' });
  await world.release(first);

  const second = await world.claim({ sessionId: 'branch', agent: OTHER_AGENT });

  expect(second.context).toMatchObject({ turn: 1, nextAction: 'continue' });
}

async function countsOn(world: World): Promise<void> {
  const first = await world.claimNew();
  await world.orchestrator.checkpoint({ ...holderOf(first), turn: 41 });
  await world.release(first, { outcome: 'released' });
  const second = await world.claim({ sessionId: first.lease.sessionId });

  const reply = await world.orchestrator.checkpoint(holderOf(second));

  expect(reply).toMatchObject({ ok: true, turn: 42 });
}

async function noContext(world: World): Promise<void> {
  const claim = await world.claimNew();

  expect(claim.context).toBeNull();
  expect(await world.session(claim.lease.sessionId)).toMatchObject({ context: null });
}
