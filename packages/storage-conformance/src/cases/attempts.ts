import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { claimCall, OTHER_AGENT, TTL_MS } from '../factories.ts';
import type { World } from '../world.ts';

export const attempts = chapter('attempts, interruptions, dead letters, retry', {
  'a failed attempt is scheduled again after a pause that doubles, with a fifth of chance': backOff,
  'the pause grows no longer than an hour': longestPause,
  'without a pause the failed task can be claimed again at once': noPause,
  'the last attempt that fails makes a dead letter, with its error': deadLetter,
  'a final failure makes a dead letter at once': finalFailure,
  'giving a task back charges nothing, a lost lease charges an interruption and no attempt': charges,
  'a task without an interruption left becomes a dead letter at its recovery': interruptedTooOften,
  'a takeover that dead-letters the task takes the next of the session': takeoverContinues,
  'a claim without a session that dead-letters what it recovers takes the next head': claimContinues,
  'a task with no interruption allowed is a dead letter after the first': noInterruption,
  'retry queues a dead letter anew: counters, error and finish are gone, its age is new': retried,
  'a dead letter does not block the next task of its session': doesNotBlock,
  'only a dead or cancelled task can be retried': onlyEnded,
});

async function backOff(world: World): Promise<void> {
  const { sessionId } = await world.add({ backoffMs: 5_000, attemptsMax: 4 });
  const pauses: number[] = [];
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const claim = await world.claim({ sessionId });
    const reply = await world.release(claim, { outcome: 'failed', error: { message: 'no' } });
    if (!reply.ok || reply.runAt === null) throw new Error('another attempt is left');
    expect(reply.status).toBe('scheduled');
    pauses.push(reply.runAt - world.clock.now);
    expect(await world.task(claim.task.id)).toMatchObject({
      status: 'scheduled',
      runAt: reply.runAt,
      queuedAt: reply.runAt,
      attempt,
      error: { message: 'no' },
    });
    world.clock.advanceTo(reply.runAt);
  }

  for (const [at, base] of [5_000, 10_000, 20_000].entries()) {
    expect(pauses[at]).toBeGreaterThanOrEqual(base * 0.8);
    expect(pauses[at]).toBeLessThanOrEqual(base * 1.2);
  }
}

async function longestPause(world: World): Promise<void> {
  const hour = 3_600_000;
  const claim = await world.claimNew({ backoffMs: hour, attemptsMax: 3 });
  const first = await world.release(claim, { outcome: 'failed' });
  world.clock.advance(hour * 2);
  const again = await world.claim({ sessionId: claim.lease.sessionId });

  const second = await world.release(again, { outcome: 'failed' });

  expect(first).toMatchObject({ ok: true, status: 'scheduled' });
  if (!second.ok || second.runAt === null) throw new Error('another attempt is left');
  expect(second.runAt - world.clock.now).toBeLessThanOrEqual(hour * 1.2);
}

async function noPause(world: World): Promise<void> {
  const claim = await world.claimNew({ backoffMs: 0 });

  const reply = await world.release(claim, { outcome: 'failed' });
  const again = await world.claim();

  expect(reply).toMatchObject({ ok: true, status: 'scheduled', runAt: world.clock.now });
  expect(again.task).toMatchObject({ id: claim.task.id, attempt: 2 });
}

async function deadLetter(world: World): Promise<void> {
  const claim = await world.claimNew({ attemptsMax: 1 });
  const error = { code: 'compile_error', message: 'line 7', data: { line: 7 } };

  const reply = await world.release(claim, { outcome: 'failed', error });

  expect(reply).toMatchObject({ ok: true, status: 'failed', runAt: null });
  expect(await world.task(claim.task.id)).toMatchObject({ status: 'failed', error, finishedAt: world.clock.now });
  expect(await world.orchestrator.claimTask(claimCall())).toMatchObject({ ok: false, reason: 'no_task' });
}

async function finalFailure(world: World): Promise<void> {
  const claim = await world.claimNew({ attemptsMax: 4 });

  const reply = await world.release(claim, { outcome: 'failed', final: true });

  expect(reply).toMatchObject({ ok: true, status: 'failed', runAt: null });
}

async function charges(world: World): Promise<void> {
  const { id, sessionId } = await world.add({ attemptsMax: 2, backoffMs: 0 });
  await world.release(await world.claim({ sessionId }), { outcome: 'released' });
  await world.release(await world.claim({ sessionId }), { outcome: 'handed_off', to: { agent: OTHER_AGENT } });
  await world.claim({ sessionId, agent: OTHER_AGENT });
  world.clock.advance(TTL_MS);
  await world.rival.staleRecovery();
  await world.release(await world.claim({ sessionId, agent: OTHER_AGENT }), { outcome: 'failed' });

  const last = await world.claim({ sessionId, agent: OTHER_AGENT });

  expect(last.task).toMatchObject({ id, attempt: 2, interruptions: 1 });
  expect(await world.events({ types: ['task.claimed'] })).toHaveLength(5);
}

async function interruptedTooOften(world: World): Promise<void> {
  const { id, sessionId } = await world.add({ interruptionsMax: 1 });
  await world.claim({ sessionId });
  world.clock.advance(TTL_MS);
  await world.rival.staleRecovery();
  await world.claim({ sessionId });
  world.clock.advance(TTL_MS);

  const { recovered } = await world.rival.staleRecovery();

  expect(recovered).toMatchObject([{ outcome: 'dead_lettered' }]);
  expect(await world.task(id)).toMatchObject({
    status: 'failed',
    interruptions: 2,
    error: { code: 'interrupted_too_often' },
  });
  expect(await world.session(sessionId)).toMatchObject({ status: 'closed' });
}

async function takeoverContinues(world: World): Promise<void> {
  const [first, second] = await world.addSession('branch', [{ interruptionsMax: 0 }, {}]);
  await world.claim({ sessionId: 'branch' });
  world.clock.advance(TTL_MS);

  const claim = await world.claim({ sessionId: 'branch', agent: OTHER_AGENT });

  expect(claim).toMatchObject({ task: { id: second?.id }, takeover: { reason: 'expired' } });
  expect(await world.task(first?.id ?? '')).toMatchObject({ status: 'failed' });
}

async function claimContinues(world: World): Promise<void> {
  const claim = await world.claimNew({ interruptionsMax: 0, priority: 0 });
  const waiting = await world.add();
  world.clock.advance(TTL_MS);

  const next = await world.claim({ agent: OTHER_AGENT });

  expect(next.task.id).toBe(waiting.id);
  expect(await world.task(claim.task.id)).toMatchObject({ status: 'failed' });
}

async function noInterruption(world: World): Promise<void> {
  const claim = await world.claimNew({ interruptionsMax: 0 });
  world.clock.advance(TTL_MS);

  await world.rival.staleRecovery();

  expect(await world.eventTypes(claim.lease.sessionId)).toEqual([
    'session.opened',
    'task.queued',
    'task.claimed',
    'task.recovered',
    'task.failed',
    'session.closed',
  ]);
}

async function retried(world: World): Promise<void> {
  const claim = await world.claimNew({ attemptsMax: 1 });
  await world.release(claim, { outcome: 'failed', error: { message: 'no' } });
  world.clock.advance(1_000);

  const reply = await world.rival.retryTask({ taskId: claim.task.id });

  const expected = {
    id: claim.task.id,
    status: 'queued',
    queuedAt: world.clock.now,
    attempt: 0,
    interruptions: 0,
    error: null,
    startedAt: null,
    finishedAt: null,
  };
  expect(reply).toMatchObject({ ok: true, task: expected });
  expect(await world.task(claim.task.id)).toMatchObject(expected);
  expect((await world.claim()).task).toMatchObject({ id: claim.task.id, attempt: 1 });
}

async function doesNotBlock(world: World): Promise<void> {
  const [, second] = await world.addSession('branch', [{ attemptsMax: 1 }, {}]);
  await world.release(await world.claim({ sessionId: 'branch' }), { outcome: 'failed' });

  const next = await world.claim({ sessionId: 'branch' });

  expect(next.task.id).toBe(second?.id);
}

async function onlyEnded(world: World): Promise<void> {
  const succeeded = await world.claimNew();
  await world.release(succeeded);
  const running = await world.claimNew();
  const queued = await world.add();

  const replies = await world.changesNothing(async () => [
    await world.orchestrator.retryTask({ taskId: succeeded.task.id }),
    await world.orchestrator.retryTask({ taskId: running.task.id }),
    await world.orchestrator.retryTask({ taskId: queued.id }),
    await world.orchestrator.retryTask({ taskId: 'nowhere' }),
  ]);

  expect(replies).toEqual([
    { ok: false, reason: 'succeeded', status: 'succeeded' },
    { ok: false, reason: 'not_ended', status: 'running' },
    { ok: false, reason: 'not_ended', status: 'queued' },
    { ok: false, reason: 'not_found' },
  ]);
}
