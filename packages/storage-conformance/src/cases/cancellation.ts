import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { claimCall, holderOf, OTHER_AGENT, TTL_MS } from '../factories.ts';
import type { World } from '../world.ts';

export const cancellation = chapter('cancellation', {
  'a waiting task is cancelled at once, queued or scheduled': waiting,
  'the holder of a running task learns of it with its next heartbeat or checkpoint': holderLearns,
  'asking twice leaves one event': askedTwice,
  'a task whose cancellation was requested ends as cancelled when it fails, is given back or handed off': endsCancelled,
  'success counts, though cancellation was requested': successStands,
  'recovery of a task whose cancellation was requested ends it as cancelled': recoveryCancels,
  'takeover of a task whose cancellation was requested ends it, and takes the next of the session': takeoverCancels,
  'a holder may end its task as cancelled by itself, with an error': holderCancels,
  'an ended task is not cancelled: the answer says how it ended': ended,
  'cancelling a cancelled task changes nothing': twice,
  'a retried task is no longer to be cancelled': retried,
});

async function waiting(world: World): Promise<void> {
  const [queued, scheduled] = [await world.add(), await world.add({ delayMs: 60_000 })];
  world.clock.advance(1_000);

  const replies = [
    await world.rival.cancelTask({ taskId: queued.id }),
    await world.rival.cancelTask({ taskId: scheduled.id }),
  ];

  expect(replies).toEqual([
    { ok: true, status: 'cancelled' },
    { ok: true, status: 'cancelled' },
  ]);
  for (const { id } of [queued, scheduled]) {
    expect(await world.task(id)).toMatchObject({ status: 'cancelled', finishedAt: world.clock.now });
    expect(await world.session(id)).toMatchObject({ status: 'closed', headTaskId: null });
  }
  expect(await world.orchestrator.claimTask(claimCall())).toEqual({ ok: false, reason: 'no_task', nextDueAt: null });
}

async function holderLearns(world: World): Promise<void> {
  const claim = await world.claimNew();
  const before = await world.orchestrator.heartbeat(holderOf(claim));

  const reply = await world.rival.cancelTask({ taskId: claim.task.id });

  const beat = await world.orchestrator.heartbeat(holderOf(claim));
  const checkpoint = await world.orchestrator.checkpoint(holderOf(claim));
  expect(before).toMatchObject({ ok: true, cancelRequested: false });
  expect(reply).toEqual({ ok: true, status: 'running' });
  expect([beat, checkpoint]).toMatchObject([{ cancelRequested: true }, { cancelRequested: true }]);
  expect(await world.task(claim.task.id)).toMatchObject({ status: 'running', cancelRequestedAt: world.clock.now });
}

async function askedTwice(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.rival.cancelTask({ taskId: claim.task.id });

  const again = await world.changesNothing(() => world.orchestrator.cancelTask({ taskId: claim.task.id }));

  expect(again).toEqual({ ok: true, status: 'running' });
}

async function endsCancelled(world: World): Promise<void> {
  const endings = [
    { outcome: 'failed', error: { message: 'interrupted' } },
    { outcome: 'released' },
    { outcome: 'handed_off', to: { agent: OTHER_AGENT } },
  ] as const;
  for (const ending of endings) {
    const claim = await world.claimNew();
    await world.rival.cancelTask({ taskId: claim.task.id });

    const reply = await world.release(claim, ending);

    expect(reply).toMatchObject({ ok: true, status: 'cancelled', runAt: null });
    expect(await world.task(claim.task.id)).toMatchObject({
      status: 'cancelled',
      attempt: 0,
      error: 'error' in ending ? ending.error : null,
    });
  }
}

async function successStands(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.rival.cancelTask({ taskId: claim.task.id });

  const reply = await world.release(claim, { result: 'done' });

  expect(reply).toMatchObject({ ok: true, status: 'succeeded' });
  expect(await world.task(claim.task.id)).toMatchObject({ status: 'succeeded', result: 'done' });
}

async function recoveryCancels(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.rival.cancelTask({ taskId: claim.task.id });
  world.clock.advance(TTL_MS);

  const { recovered } = await world.rival.staleRecovery();

  expect(recovered).toMatchObject([{ outcome: 'cancelled' }]);
  expect(await world.task(claim.task.id)).toMatchObject({ status: 'cancelled' });
  expect(await world.session(claim.lease.sessionId)).toMatchObject({ status: 'closed' });
}

async function takeoverCancels(world: World): Promise<void> {
  const [first, second] = await world.addSession('branch', [{}, {}]);
  await world.claim({ sessionId: 'branch' });
  await world.rival.cancelTask({ taskId: first?.id ?? '' });
  world.clock.advance(TTL_MS);

  const claim = await world.claim({ sessionId: 'branch', agent: OTHER_AGENT });

  expect(claim).toMatchObject({ task: { id: second?.id }, takeover: { reason: 'expired' } });
  expect(await world.task(first?.id ?? '')).toMatchObject({ status: 'cancelled', interruptions: 1 });
}

async function holderCancels(world: World): Promise<void> {
  const claim = await world.claimNew();

  const reply = await world.release(claim, { outcome: 'cancelled', error: { message: 'not needed any more' } });

  expect(reply).toMatchObject({ ok: true, status: 'cancelled' });
  expect(await world.task(claim.task.id)).toMatchObject({
    status: 'cancelled',
    error: { message: 'not needed any more' },
    finishedAt: world.clock.now,
  });
}

async function ended(world: World): Promise<void> {
  const succeeded = await world.claimNew();
  await world.release(succeeded);
  const failed = await world.claimNew();
  await world.release(failed, { outcome: 'failed', final: true });

  const replies = await world.changesNothing(async () => [
    await world.rival.cancelTask({ taskId: succeeded.task.id }),
    await world.rival.cancelTask({ taskId: failed.task.id }),
    await world.rival.cancelTask({ taskId: 'nowhere' }),
  ]);

  expect(replies).toEqual([
    { ok: false, reason: 'ended', status: 'succeeded' },
    { ok: false, reason: 'ended', status: 'failed' },
    { ok: false, reason: 'not_found' },
  ]);
}

async function twice(world: World): Promise<void> {
  const { id } = await world.add();
  await world.rival.cancelTask({ taskId: id });

  const again = await world.changesNothing(() => world.orchestrator.cancelTask({ taskId: id }));

  expect(again).toEqual({ ok: true, status: 'cancelled' });
}

async function retried(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.rival.cancelTask({ taskId: claim.task.id });
  await world.release(claim, { outcome: 'released' });

  await world.rival.retryTask({ taskId: claim.task.id });

  const again = await world.claim();
  expect(again.task).toMatchObject({ id: claim.task.id, cancelRequestedAt: null });
  expect(await world.orchestrator.heartbeat(holderOf(again))).toMatchObject({ cancelRequested: false });
}
