import { DEPENDENCY_POLICIES, LIMITS } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { claimCall, holderOf } from '../factories.ts';
import { nothing } from '../port.ts';
import { settledBefore, withoutSettling } from '../without-settling.ts';
import type { World } from '../world.ts';

export const untoldEnds = chapter('untold ends', {
  'all dependencies of a namespace are listed in pages, and so are the ends that tasks have not been told of': listsAll,
  'verify misses an end that is gone, of which the task was not told': endIsGone,
  'of two ends of a dependency the last one counts, also if more were left than one unit of work tells': cutBetweenEnds,
});

async function listsAll(world: World): Promise<void> {
  const crashing = world.orchestratorOn(withoutSettling(world.storage));
  await world.orchestrator.enqueueTasks([
    { id: 'a' },
    { id: 'b' },
    { id: 'x', dependsOn: ['b', 'a'] },
    { id: 'c', dependsOn: ['b', 'a'] },
  ]);
  await world.add({ id: 'a', namespace: 'other' });
  await world.add({ id: 'b', namespace: 'other', dependsOn: ['a'] });
  const claims = [await world.claim({ sessionId: 'b' }), await world.claim({ sessionId: 'a' })];
  for (const claim of claims) await crashing.releaseTask({ ...holderOf(claim), outcome: 'succeeded' });
  const { read } = world.peer;
  const keys = ['c a', 'c b', 'x a', 'x b'];
  for (const list of [
    (after: object) => read.dependencies({ namespace: 'default', ofAll: true, limit: 3, ...after }),
    (after: object) => read.dependencyEnds({ namespace: 'default', limit: 3, ...after }),
  ]) {
    const first = await list({});
    const second = await list({ after: first.next ?? '' });
    expect([first.items.length, second.next]).toEqual([3, null]);
    const found = [...first.items, ...second.items];
    expect(found.map(({ taskId, dependencyId }) => `${taskId} ${dependencyId}`)).toEqual(keys);
  }
}

async function endIsGone(world: World): Promise<void> {
  const { storage } = world;
  await world.orchestrator.enqueueTasks([{ id: 'a' }, { id: 'b', dependsOn: ['a'] }]);
  const { token } = (await world.claim({ sessionId: 'a' })).lease;
  await world.orchestratorOn(withoutSettling(storage)).releaseTask({ token, outcome: 'succeeded' });
  const { items: settledEnds } = await world.peer.read.dependencyEnds({ namespace: 'default', limit: 10 });
  expect(settledEnds).toMatchObject([{ taskId: 'b', dependencyId: 'a', seq: 4, status: 'succeeded' }]);
  const behindTheLog = (written: object) =>
    storage.transact({ by: 'task', namespace: 'default', taskId: 'b' }, () => ({ ...nothing(null), ...written }));

  await behindTheLog({ settledEnds });
  expect((await world.rival.verify()).findings).toMatchObject([{ kind: 'state', taskId: 'b' }]);

  // The storage adds the end again. There is no end with the other number, which is to be deleted.
  await behindTheLog({
    endedDependencies: settledEnds.map(({ taskId: _task, ...end }) => ({ ...end, policies: DEPENDENCY_POLICIES })),
    settledEnds: settledEnds.map((end) => ({ ...end, seq: end.seq + 1 })),
  });
  expect((await world.rival.verify()).findings).toEqual([]);
}

/** The first of those ends that one unit of work does not tell comes between the two ends of `5`, for the last task. */
async function cutBetweenEnds(world: World): Promise<void> {
  const early = world.orchestratorOn(settledBefore(world.storage));
  const dependsOn = ['0', '1', '2', '3', '4', '5'];
  const perTask = 2 * dependsOn.length - 1;
  const many = Array.from({ length: Math.ceil(LIMITS.settled_ends_max / perTask) }, (_, at) => `m${100 + at}`);
  await world.orchestrator.enqueueTasks(dependsOn.map((id) => ({ id })));
  await world.orchestrator.enqueueTasks(many.map((id) => ({ id, dependsOn, onDependencyFailure: 'cancel' as const })));
  for (const taskId of dependsOn.slice(1)) {
    await early.cancelTask({ taskId });
    await early.retryTask({ taskId });
  }
  const claims = await early.claimTasks({ ...claimCall(), limit: dependsOn.length });
  if (!claims.ok) throw new Error('nothing was claimed');
  await early.releaseTasks(claims.claims.map(({ lease }) => ({ token: lease.token, outcome: 'succeeded' as const })));

  await world.rival.staleRecovery();

  expect((await world.rival.counts()).tasks).toMatchObject({ queued: many.length, cancelled: 0 });
}
