import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { claimCall, holderOf, idsOf } from '../factories.ts';
import type { World } from '../world.ts';

export const duplicates = chapter('4. a duplicate is skipped', {
  'a second claim of a held session has no effect and leaves no event': secondClaim,
  'a task with a dedupe key that is taken is not added again: the answer is the task that has it': sameDedupeKey,
  'the task that has the dedupe key comes with its result, whatever its status': dedupeResult,
  'one dedupe key twice in a batch makes one task': dedupeInBatch,
  'a key that is held while its task is open is free when that has ended, however it ended': keyOfEnded,
  'a key that is held while its task is open is held while that runs, waits for its next attempt, is retried':
    keyOfOpen,
  'of keys that are held for different times, the task that holds the key is the answer': keysOfBothKinds,
  'the task that holds a dedupe key is found by it, and no other': holderOfKey,
  'a task is not retried while another holds its key: the answer is that task': retryWithKeyTaken,
  'of two connections that retry tasks with one key at once, one gets the key and the other finds it': retryAtOnce,
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

const WHILE_OPEN = { dedupe: { key: 'pull/7', while: 'open' } } as const;

async function keyOfEnded(world: World): Promise<void> {
  const ended: string[] = [];
  for (const outcome of ['succeeded', 'failed', 'cancelled'] as const) {
    const claim = await world.claimNew(WHILE_OPEN);
    ended.push(claim.task.id);
    await world.release(claim, { outcome, ...(outcome === 'failed' && { error: { message: 'no' }, final: true }) });
  }

  const last = await world.rival.enqueueTask(WHILE_OPEN);

  expect(last).toMatchObject({ outcome: 'enqueued', task: { dedupeKey: 'pull/7', dedupeWhile: 'open' } });
  expect(new Set([...ended, last.task.id]).size).toBe(4);
  expect(await world.orchestrator.enqueueTask(WHILE_OPEN)).toMatchObject({ outcome: 'duplicate', task: last.task });
}

async function keyOfOpen(world: World): Promise<void> {
  const claim = await world.claimNew({ ...WHILE_OPEN, attemptsMax: 2, backoffMs: 1_000 });
  const isHeld = async () => {
    const again = await world.changesNothing(() => world.rival.enqueueTask(WHILE_OPEN));
    expect(again).toMatchObject({ outcome: 'duplicate', task: { id: claim.task.id } });
  };
  await isHeld();

  await world.release(claim, { outcome: 'failed', error: { message: 'no' } });
  await isHeld();

  world.clock.advance(60_000);
  await world.release(await world.claim(), { outcome: 'failed', error: { message: 'no' } });
  expect(await world.rival.retryTask({ taskId: claim.task.id })).toMatchObject({ ok: true });
  await isHeld();
}

async function keysOfBothKinds(world: World): Promise<void> {
  const open = await world.claimNew(WHILE_OPEN);
  expect(await world.rival.enqueueTask({ dedupeKey: 'pull/7' })).toMatchObject({
    outcome: 'duplicate',
    task: { id: open.task.id },
  });

  await world.release(open);
  const kept = await world.claimNew({ dedupeKey: 'pull/7' });
  await world.release(kept);

  expect(kept.task.id).not.toBe(open.task.id);
  expect(await world.rival.enqueueTask(WHILE_OPEN)).toMatchObject({
    outcome: 'duplicate',
    task: { id: kept.task.id, status: 'succeeded', dedupeWhile: null },
  });
}

async function holderOfKey(world: World): Promise<void> {
  const kept = await world.add({ dedupeKey: 'kept' });
  const first = await world.claimNew({ dedupe: { key: 'open', while: 'open' } });
  const { read } = world.peer;
  const holders = async (dedupeKey: string, more: object = {}) =>
    idsOf((await read.tasks({ namespace: 'default', dedupeKey, limit: 10, ...more })).items);

  expect(await holders('kept')).toEqual([kept.id]);
  expect(await holders('open')).toEqual([first.task.id]);
  await world.release(first);
  // Its end gave the key back; the other one is held as long as its task is kept.
  expect(await holders('open')).toEqual([]);
  const second = await world.add({ dedupe: { key: 'open', while: 'open' } });
  expect(await holders('open')).toEqual([second.id]);
  expect(await holders('open', { status: ['succeeded'] })).toEqual([]);
  expect(await holders('ope')).toEqual([]);
  expect(idsOf((await world.rival.listTasks({ dedupeKey: 'kept', before: null })).items)).toEqual([kept.id]);
}

async function retryWithKeyTaken(world: World): Promise<void> {
  const first = await world.add(WHILE_OPEN);
  await world.orchestrator.cancelTask({ taskId: first.id });
  const second = await world.add(WHILE_OPEN);

  const refused = await world.changesNothing(() => world.rival.retryTask({ taskId: first.id }));
  await world.orchestrator.cancelTask({ taskId: second.id });
  const retried = await world.rival.retryTask({ taskId: first.id });

  expect(refused).toEqual({ ok: false, reason: 'duplicate', task: second });
  expect(retried).toMatchObject({ ok: true, task: { id: first.id, status: 'queued' } });
  expect(await world.orchestrator.retryTask({ taskId: second.id })).toMatchObject({
    reason: 'duplicate',
    task: { id: first.id },
  });
}

async function retryAtOnce(world: World): Promise<void> {
  for (let round = 0; round < 10; round += 1) {
    const dedupe = { key: `pull/${round}`, while: 'open' } as const;
    const ids: string[] = [];
    for (let task = 0; task < 2; task += 1) {
      const { id } = await world.add({ dedupe });
      await world.orchestrator.cancelTask({ taskId: id });
      ids.push(id);
    }

    const replies = await Promise.all([
      world.orchestrator.retryTask({ taskId: ids[0] ?? '' }),
      world.rival.retryTask({ taskId: ids[1] ?? '' }),
    ]);

    const holder = replies.find(({ ok }) => ok);
    expect(replies.filter(({ ok }) => !ok)).toMatchObject([{ reason: 'duplicate', task: { id: taskIdIn(holder) } }]);
  }
}

function taskIdIn(reply: object | undefined): string | undefined {
  return reply !== undefined && 'task' in reply ? (reply.task as { id: string }).id : undefined;
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
