import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { claimCall, holderOf } from '../factories.ts';
import type { World } from '../world.ts';

export const duplicates = chapter('4. a duplicate is skipped', {
  'a second claim of a held session has no effect and leaves no event': secondClaim,
  'a task with a dedupe key that is taken is not added again: the answer is the task that has it': sameDedupeKey,
  'the task that has the dedupe key comes with its result, whatever its status': dedupeResult,
  'one dedupe key twice in a batch makes one task': dedupeInBatch,
  'of two connections that enqueue one dedupe key at once, one adds the task and the other finds it': dedupeAtOnce,
  'a command sent again with its command id answers the same, without a second effect or event': sameCommandId,
  'a release that its lease did before answers the same, under another command id too': repeatedRelease,
});

async function secondClaim(world: World): Promise<void> {
  const { lease } = await world.claimNew();

  const again = await world.changesNothing(() =>
    world.orchestrator.claimTask(claimCall({ sessionId: lease.sessionId })),
  );

  expect(again).toMatchObject({ ok: false, reason: 'busy', why: 'held' });
}

async function sameDedupeKey(world: World): Promise<void> {
  const first = await world.orchestrator.enqueueTask({ dedupeKey: 'pull/7', payload: { first: true } });

  const second = await world.changesNothing(() =>
    world.rival.enqueueTask({ dedupeKey: 'pull/7', payload: { first: false } }),
  );

  expect(first.outcome).toBe('enqueued');
  expect(second).toEqual({ ok: true, outcome: 'duplicate', task: first.task });
}

async function dedupeResult(world: World): Promise<void> {
  const claim = await world.claimNew({ dedupeKey: 'pull/7' });
  await world.release(claim, { result: 42 });

  const again = await world.rival.enqueueTask({ dedupeKey: 'pull/7' });

  expect(again).toMatchObject({ outcome: 'duplicate', task: { id: claim.task.id, status: 'succeeded', result: 42 } });
}

async function dedupeInBatch(world: World): Promise<void> {
  const { tasks } = await world.orchestrator.enqueueTasks([{ dedupeKey: 'a' }, { dedupeKey: 'b' }, { dedupeKey: 'a' }]);

  expect(tasks.map(({ outcome }) => outcome)).toEqual(['enqueued', 'enqueued', 'duplicate']);
  expect(tasks[2]?.task).toEqual(tasks[0]?.task);
  expect(await world.rival.counts()).toMatchObject({ tasks: { queued: 2 }, sessions: { idle: 2 } });
}

async function dedupeAtOnce(world: World): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    const dedupeKey = `pull/${round}`;

    const replies = await Promise.all([
      world.orchestrator.enqueueTask({ dedupeKey }),
      world.rival.enqueueTask({ dedupeKey }),
    ]);

    expect(replies.map(({ outcome }) => outcome).toSorted()).toEqual(['duplicate', 'enqueued']);
    expect(replies[0].task).toEqual(replies[1].task);
  }
}

async function sameCommandId(world: World): Promise<void> {
  await world.add();
  const call = claimCall(world.newIdentity());
  const first = await world.orchestrator.claimTask(call);
  world.clock.advance(1_000);

  const second = await world.changesNothing(() => world.rival.claimTask(call));

  expect(first.ok).toBe(true);
  expect(second).toEqual(first);
}

async function repeatedRelease(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.release(claim, { result: 'done' });

  const again = await world.changesNothing(() =>
    world.rival.releaseTask({
      ...holderOf(claim),
      outcome: 'succeeded',
      result: 'done',
      commandId: world.newCommandId(),
    }),
  );

  expect(again).toEqual({
    ok: true,
    sessionId: claim.lease.sessionId,
    taskId: claim.task.id,
    status: 'succeeded',
    runAt: null,
    repeated: true,
    next: null,
  });
}
