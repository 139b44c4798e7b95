import type { Orchestrator } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { claimCall, evidenceAgainst, holderOf, TTL_MS } from '../factories.ts';
import type { World } from '../world.ts';

export const namespaces = chapter('namespaces are isolated', {
  'the same ids live in two namespaces side by side': sameIds,
  'a claim does not see the tasks of another namespace': claimStaysInside,
  'a claim does not see the due times of another namespace': dueTimesInside,
  'a lease of one namespace is none in another': leaseInside,
  'recovery leaves the stale sessions of another namespace alone': recoveryInside,
  'a claim leaves the stale sessions of another namespace alone': claimRecoversInside,
  'resume does not take back what the agent holds in another namespace': resumeInside,
  'cancel, retry and close find nothing in another namespace': tasksInside,
  'a dedupe key is taken in its own namespace alone': dedupeInside,
  'lists, counts and look-ups show their own namespace alone': readsInside,
  'fences grow across all namespaces': fencesAcross,
  'the namespaces that hold a session are told': told,
});

const OTHER = 'other';

function elsewhere(world: World): Orchestrator {
  return world.orchestratorOn(world.peer, { namespace: OTHER });
}

async function sameIds(world: World): Promise<void> {
  const there = elsewhere(world);
  await world.add({ id: 'same', sessionId: 'branch', title: 'here' });
  await there.enqueueTask({ id: 'same', sessionId: 'branch', title: 'there' });

  const claim = await world.claim({ sessionId: 'branch' });
  await world.orchestrator.checkpoint({ ...holderOf(claim), nextAction: 'here' });
  await world.release(claim);

  expect(claim.task).toMatchObject({ namespace: 'default', title: 'here' });
  expect(await there.getTask('same')).toMatchObject({ namespace: OTHER, title: 'there', status: 'queued' });
  expect(await there.getSession('branch')).toMatchObject({ status: 'idle', context: null, seq: 2 });
}

async function claimStaysInside(world: World): Promise<void> {
  const { task } = await elsewhere(world).enqueueTask({ priority: 0 });

  const replies = await world.changesNothing(async () => [
    await world.orchestrator.claimTask(claimCall()),
    await world.orchestrator.claimTask(claimCall({ kinds: ['task'] })),
    await world.orchestrator.claimTask(claimCall({ sessionId: task.sessionId })),
  ]);

  expect(replies).toMatchObject([{ reason: 'no_task' }, { reason: 'no_task' }, { reason: 'not_found' }]);
}

async function dueTimesInside(world: World): Promise<void> {
  const { task } = await elsewhere(world).enqueueTask({ delayMs: 1_000 });
  const waiting = await world.changesNothing(() => world.orchestrator.claimTask(claimCall()));
  world.clock.advance(1_000);

  const due = await world.orchestrator.claimTask(claimCall());

  expect([waiting, due]).toEqual([
    { ok: false, reason: 'no_task', nextDueAt: null },
    { ok: false, reason: 'no_task', nextDueAt: null },
  ]);
  expect(await elsewhere(world).claimTask(claimCall())).toMatchObject({ ok: true, task: { id: task.id } });
}

async function leaseInside(world: World): Promise<void> {
  const there = elsewhere(world);
  await there.enqueueTask({ sessionId: 'branch' });
  const claim = await world.claimNew({ sessionId: 'branch' });

  const replies = await world.changesNothing(async () => [
    await there.heartbeat(holderOf(claim)),
    await there.checkpoint(holderOf(claim)),
    await there.releaseTask({ ...holderOf(claim), outcome: 'succeeded' }),
  ]);

  const lost = { ok: false, reason: 'lease_lost', endedBy: null, at: null };
  expect(replies).toEqual([lost, lost, lost]);
}

async function recoveryInside(world: World): Promise<void> {
  const claim = await world.claimNew();
  world.clock.advance(TTL_MS);
  const evidence = [evidenceAgainst(claim)];

  const { recovered } = await world.changesNothing(() => elsewhere(world).staleRecovery({ evidence }));

  expect(recovered).toEqual([]);
}

async function claimRecoversInside(world: World): Promise<void> {
  await world.claimNew();
  world.clock.advance(TTL_MS);

  const reply = await world.changesNothing(() => elsewhere(world).claimTask(claimCall()));

  expect(reply).toMatchObject({ ok: false, reason: 'no_task' });
}

async function resumeInside(world: World): Promise<void> {
  const { lease } = await world.claimNew();

  const replies = await world.changesNothing(async () => [
    await elsewhere(world).claimTask(claimCall({ resume: true })),
    await elsewhere(world).claimTask(claimCall({ resume: true, sessionId: lease.sessionId })),
  ]);

  expect(replies).toMatchObject([{ reason: 'no_task' }, { reason: 'not_found' }]);
}

async function tasksInside(world: World): Promise<void> {
  const { id, sessionId } = await world.add();
  const cancelled = await world.add();
  await world.orchestrator.cancelTask({ taskId: cancelled.id });
  const there = elsewhere(world);

  const replies = await world.changesNothing(async () => [
    await there.cancelTask({ taskId: id }),
    await there.retryTask({ taskId: cancelled.id }),
    await there.closeSession({ sessionId, cancelTasks: true }),
  ]);

  const notFound = { ok: false, reason: 'not_found' };
  expect(replies).toEqual([notFound, notFound, notFound]);
}

async function dedupeInside(world: World): Promise<void> {
  await world.add({ dedupeKey: 'pull/7' });

  const there = await elsewhere(world).enqueueTask({ dedupeKey: 'pull/7' });

  expect(there.outcome).toBe('enqueued');
}

async function readsInside(world: World): Promise<void> {
  const claim = await world.claimNew();
  const there = elsewhere(world);

  const read = [
    await there.getTask(claim.task.id),
    await there.getSession(claim.lease.sessionId),
    (await there.listSessions()).items,
    (await there.listTasks({ sessionId: claim.lease.sessionId })).items,
    (await there.listEvents()).items,
    (await there.listEvents({ sessionId: claim.lease.sessionId })).items,
  ];

  expect(read).toEqual([null, null, [], [], [], []]);
  expect(await there.counts()).toMatchObject({ sessions: { idle: 0, running: 0 }, tasks: { running: 0 } });
}

async function fencesAcross(world: World): Promise<void> {
  const there = elsewhere(world);
  const first = await world.claimNew();
  await there.enqueueTask({});

  const second = await there.claimTask(claimCall());

  expect(second).toMatchObject({ ok: true, lease: { fence: first.lease.fence + 1 } });
}

async function told(world: World): Promise<void> {
  await elsewhere(world).enqueueTask({});
  await world.add();
  await world.add();

  expect(await world.peer.read.namespaces()).toEqual(['default', OTHER]);
}
