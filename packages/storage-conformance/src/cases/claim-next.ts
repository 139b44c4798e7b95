import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, inventedToken, OTHER_AGENT, PROCESS, TTL_MS } from '../factories.ts';
import type { World } from '../world.ts';

export const claimNext = chapter('claim the next on release', {
  'the best head of all sessions is taken, its own session among them': bestOfAll,
  'the task just released is not taken again, nor what waits behind it': notTheReleased,
  'a failed attempt waits, and the next task of its session is taken': afterFailure,
  'only heads that fit the kinds and the agent are taken': onlyFitting,
  'tasks of other sessions that have fallen due are taken': dueElsewhere,
  'the new lease belongs to the same process and instance': sameProcess,
  'if nothing fits, only the release happens': nothingFits,
  'a lost lease takes nothing': lostTakesNothing,
});

const NEXT = { agent: AGENT, ttlMs: TTL_MS };

async function bestOfAll(world: World): Promise<void> {
  await world.addSession('own', [
    { title: 'held', priority: 0 },
    { title: 'own', priority: 5 },
  ]);
  const claim = await world.claim({ sessionId: 'own' });
  await world.addSession('other', [{ title: 'urgent', priority: 4 }]);

  const first = await world.release(claim, { claimNext: NEXT });
  if (!first.ok || first.next === null) throw new Error('something is left');
  const second = await world.release(first.next, { claimNext: NEXT });

  expect(first.next.task.title).toBe('urgent');
  expect(second).toMatchObject({ ok: true, next: { task: { title: 'own' } } });
}

async function notTheReleased(world: World): Promise<void> {
  await world.addSession('own', [{}, { title: 'behind it' }]);
  const claim = await world.claim({ sessionId: 'own' });

  const alone = await world.release(claim, { outcome: 'released', claimNext: NEXT });
  const again = await world.claim({ sessionId: 'own' });
  await world.addSession('other', [{ title: 'elsewhere', priority: 1_000 }]);
  const elsewhere = await world.release(again, {
    outcome: 'handed_off',
    to: { agent: AGENT },
    claimNext: NEXT,
  });

  expect(alone).toMatchObject({ ok: true, status: 'queued', next: null });
  expect(again.task.id).toBe(claim.task.id);
  expect(elsewhere).toMatchObject({ ok: true, next: { task: { title: 'elsewhere' } } });
}

async function afterFailure(world: World): Promise<void> {
  await world.addSession('own', [{}, { title: 'behind it' }]);
  const claim = await world.claim({ sessionId: 'own' });

  const reply = await world.release(claim, { outcome: 'failed', claimNext: NEXT });

  expect(reply).toMatchObject({ ok: true, status: 'scheduled', next: { task: { title: 'behind it' } } });
}

async function onlyFitting(world: World): Promise<void> {
  await world.addSession('own', [{}, { kind: 'review' }]);
  const claim = await world.claim({ sessionId: 'own' });
  await world.add({ kind: 'build', assignee: OTHER_AGENT });
  const build = await world.add({ kind: 'build', role: 'builder', priority: 9 });

  const reply = await world.release(claim, { claimNext: { ...NEXT, kinds: ['build'], roles: ['builder'] } });

  expect(reply).toMatchObject({ ok: true, next: { task: { id: build.id } } });
}

async function dueElsewhere(world: World): Promise<void> {
  const claim = await world.claimNew();
  const due = await world.add({ delayMs: 1_000 });
  world.clock.advance(1_000);

  const reply = await world.release(claim, { claimNext: NEXT });

  expect(reply).toMatchObject({ ok: true, next: { task: { id: due.id, status: 'running' } } });
}

async function sameProcess(world: World): Promise<void> {
  await world.addSession('own', [{}, {}]);
  const claim = await world.claim({ sessionId: 'own', instance: 'run-1', process: PROCESS });

  await world.release(claim, { claimNext: NEXT });

  const { start: processStart, ...rest } = PROCESS;
  expect(await world.session('own')).toMatchObject({ instance: 'run-1', processStart, ...rest });
}

async function nothingFits(world: World): Promise<void> {
  const claim = await world.claimNew();

  const reply = await world.release(claim, { claimNext: NEXT });

  expect(reply).toMatchObject({ ok: true, status: 'succeeded', runAt: null, repeated: false, next: null });
}

async function lostTakesNothing(world: World): Promise<void> {
  const claim = await world.claimNew();
  const waiting = await world.add();

  const reply = await world.orchestrator.releaseTask({
    token: inventedToken(claim.lease.fence),
    outcome: 'succeeded',
    claimNext: NEXT,
  });

  expect(reply).toMatchObject({ ok: false, reason: 'lease_lost' });
  expect(await world.task(waiting.id)).toMatchObject({ status: 'queued' });
}
