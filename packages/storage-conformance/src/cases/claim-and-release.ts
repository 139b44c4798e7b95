import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, claimCall, holderOf, idsOf, inventedToken, OTHER_AGENT, STALE_AFTER_MS, TTL_MS } from '../factories.ts';
import type { World } from '../world.ts';

export const claimAndRelease = chapter('1. claim and release', {
  'a claim takes the session and starts its head, under a lease of the requested length': claimGrants,
  'what one connection claimed, the other sees': bothSee,
  'a release ends the lease, and the task with what its holder reported': releaseEnds,
  'the log tells the life of a task: opened, queued, claimed, succeeded, closed': logTells,
  'after a release the session can be claimed for its next task': nextTask,
  'a release with claimNext takes the next head in the same unit of work': claimNext,
  'a batch of releases ends each lease by itself and answers in order': batchOfReleases,
  'a claim of many takes the head of as many sessions as asked for, each under a lease of its own': claimMany,
});

async function claimGrants(world: World): Promise<void> {
  const { id, sessionId } = await world.add({ kind: 'review', payload: { pull: 7 }, title: 'Review it' });

  const reply = await world.orchestrator.claimTask(claimCall({ instance: 'run-1' }));

  const { now } = world.clock;
  expect(reply).toMatchObject({
    ok: true,
    task: {
      id,
      kind: 'review',
      payload: { pull: 7 },
      title: 'Review it',
      status: 'running',
      attempt: 1,
      startedAt: now,
    },
    lease: {
      sessionId,
      agent: AGENT,
      instance: 'run-1',
      expiresAt: now + TTL_MS,
      ttlMs: TTL_MS,
      staleAfterMs: STALE_AFTER_MS,
    },
    context: null,
    takeover: null,
  });
}

async function bothSee(world: World): Promise<void> {
  const { task, lease } = await world.claimNew();

  const session = await world.rival.getSession(lease.sessionId);
  const running = await world.rival.getTask(task.id);

  expect(session).toMatchObject({
    status: 'running',
    agent: AGENT,
    fence: lease.fence,
    taskId: task.id,
    leaseExpiresAt: lease.expiresAt,
  });
  expect(running).toEqual(task);
}

async function releaseEnds(world: World): Promise<void> {
  const claim = await world.claimNew();
  world.clock.advance(5_000);

  const reply = await world.release(claim, { result: { merged: true } });

  expect(reply).toEqual({
    ok: true,
    sessionId: claim.lease.sessionId,
    taskId: claim.task.id,
    status: 'succeeded',
    runAt: null,
    repeated: false,
    next: null,
  });
  expect(await world.task(claim.task.id)).toMatchObject({
    status: 'succeeded',
    result: { merged: true },
    finishedAt: world.clock.now,
  });
  expect(await world.session(claim.lease.sessionId)).toMatchObject({
    status: 'closed',
    fence: null,
    agent: null,
    taskId: null,
    leaseExpiresAt: null,
  });
}

async function logTells(world: World): Promise<void> {
  const claim = await world.claimNew();

  await world.release(claim);

  const events = await world.events();
  expect(events.map(({ type }) => type)).toEqual([
    'session.opened',
    'task.queued',
    'task.claimed',
    'task.succeeded',
    'session.closed',
  ]);
  expect(events.map(({ fence }) => fence)).toEqual([null, null, claim.lease.fence, claim.lease.fence, null]);
  expect(events.map(({ leaseEffect }) => leaseEffect)).toEqual([null, null, 'granted', 'ended', null]);
  expect(events.map(({ taskId }) => taskId)).toEqual([null, claim.task.id, claim.task.id, claim.task.id, null]);
}

async function nextTask(world: World): Promise<void> {
  const [first, second] = idsOf(await world.addSession('branch', [{}, {}]));
  const claim = await world.claim({ sessionId: 'branch' });
  await world.release(claim);

  const next = await world.rival.claimTask(claimCall({ sessionId: 'branch', agent: OTHER_AGENT }));

  expect(claim.task.id).toBe(first);
  expect(next).toMatchObject({ ok: true, task: { id: second }, lease: { agent: OTHER_AGENT }, takeover: null });
}

async function claimNext(world: World): Promise<void> {
  const [, second] = idsOf(await world.addSession('branch', [{}, {}]));
  const claim = await world.claim();

  const reply = await world.release(claim, { claimNext: { agent: AGENT, ttlMs: TTL_MS } });

  expect(reply).toMatchObject({
    ok: true,
    status: 'succeeded',
    next: { task: { id: second, status: 'running' }, lease: { agent: AGENT } },
  });
  const [released, granted] = (await world.events({ sessionId: 'branch' })).slice(-2);
  expect(released).toMatchObject({ type: 'task.succeeded', commandId: granted?.commandId });
  expect(granted).toMatchObject({ type: 'task.claimed', taskId: second });
}

async function batchOfReleases(world: World): Promise<void> {
  const [first, second, third] = [await world.claimNew(), await world.claimNew(), await world.claimNew()];

  const reply = await world.orchestrator.releaseTasks([
    { ...holderOf(first), outcome: 'succeeded' },
    { token: inventedToken(second.lease.fence), outcome: 'succeeded' },
    { ...holderOf(third), outcome: 'failed', final: true },
  ]);

  expect(reply).toMatchObject({
    ok: true,
    items: [
      { ok: true, sessionId: first.lease.sessionId, taskId: first.task.id, status: 'succeeded' },
      { ok: false, reason: 'lease_lost' },
      { ok: true, sessionId: third.lease.sessionId, taskId: third.task.id, status: 'failed' },
    ],
    next: [],
  });
}

async function claimMany(world: World): Promise<void> {
  await world.addSession('one', [{}, {}]);
  await world.addSession('two');
  await world.addSession('three');

  const reply = await world.orchestrator.claimTasks({ ...claimCall(), limit: 2 });

  if (!reply.ok) throw new Error(reply.reason);
  expect(reply.claims.map(({ lease }) => lease.sessionId)).toEqual(['one', 'two']);
  const [first, second] = reply.claims.map(({ lease }) => lease);
  expect(second?.fence).toBeGreaterThan(first?.fence ?? 0);
  expect(second?.token).not.toBe(first?.token);
}
