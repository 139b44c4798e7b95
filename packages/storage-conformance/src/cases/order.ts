import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, claimCall, idsOf } from '../factories.ts';
import { claimed, type World } from '../world.ts';

export const order = chapter('order', {
  'the smaller priority goes first, then the older task': priorityThenAge,
  'a batch keeps its order where priorities are equal': batchKeepsOrder,
  'within a session a more urgent task that comes later becomes the head': newHead,
  'across sessions the best head goes first': acrossSessions,
  'claims of many come in the same order': manyInOrder,
  'a scheduled task is not claimed before its time, and the refusal says when that is': notBeforeItsTime,
  'a due task is claimable at its time with no daemon running': dueAtItsTime,
  'a due task is as old as its due time': ageOfDueTask,
  'however many tasks fall due at once, each becomes claimable': manyDueAtOnce,
  'a task that waits for its time does not block the one behind it': scheduledDoesNotBlock,
  'a held session offers nothing': heldOffersNothing,
  'a cancelled head makes room for the next': cancelledHead,
});

async function drain(world: World): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const reply = await world.orchestrator.claimTask(claimCall());
    if (!reply.ok) return ids;
    ids.push(reply.task.id);
  }
}

async function priorityThenAge(world: World): Promise<void> {
  const priorities = [5, 1, 5, 0, 1_000, 1];
  const ids: string[] = [];
  for (const priority of priorities) {
    ids.push((await world.add({ priority })).id);
    world.clock.advance(1);
  }

  const order = await drain(world);

  expect(order).toEqual([3, 1, 5, 0, 2, 4].map((at) => ids[at]));
}

async function batchKeepsOrder(world: World): Promise<void> {
  const { tasks } = await world.orchestrator.enqueueTasks(Array.from({ length: 20 }, () => ({})));

  const order = await drain(world);

  expect(order).toEqual(tasks.map(({ task }) => task.id));
}

async function newHead(world: World): Promise<void> {
  await world.addSession('branch', [{ priority: 5 }, { priority: 5 }]);
  const urgent = await world.add({ sessionId: 'branch', priority: 1 });

  const claim = await world.claim({ sessionId: 'branch' });

  expect(claim.task.id).toBe(urgent.id);
}

async function acrossSessions(world: World): Promise<void> {
  await world.addSession('a', [
    { priority: 5, title: 'second' },
    { priority: 0, title: 'zeroth' },
  ]);
  await world.addSession('b', [{ priority: 5, title: 'third' }]);
  await world.addSession('c', [{ priority: 4, title: 'first' }]);

  const titles: string[] = [];
  for (let at = 0; at < 3; at += 1) titles.push((await world.claim()).task.title);

  expect(titles).toEqual(['zeroth', 'first', 'third']);
}

async function manyInOrder(world: World): Promise<void> {
  const [low, high, middle] = [
    await world.add({ priority: 9 }),
    await world.add({ priority: 1 }),
    await world.add({ priority: 5 }),
  ];

  const reply = await world.orchestrator.claimTasks({ ...claimCall(), limit: 10 });

  if (!reply.ok) throw new Error(reply.reason);
  expect(idsOf(reply.claims.map(({ task }) => task))).toEqual(idsOf([high, middle, low]));
}

async function notBeforeItsTime(world: World): Promise<void> {
  const task = await world.add({ delayMs: 60_000 });
  await world.add({ delayMs: 90_000 });
  const dueAt = world.clock.now + 60_000;
  world.clock.advance(59_999);

  const any = await world.changesNothing(() => world.orchestrator.claimTask(claimCall()));
  const named = await world.changesNothing(() => world.rival.claimTask(claimCall({ sessionId: task.sessionId })));

  expect(task).toMatchObject({ status: 'scheduled', runAt: dueAt, queuedAt: dueAt });
  expect(any).toEqual({ ok: false, reason: 'no_task', nextDueAt: dueAt });
  expect(named).toEqual({ ok: false, reason: 'no_task', nextDueAt: dueAt });
}

async function dueAtItsTime(world: World): Promise<void> {
  const [any, named] = [await world.add({ delayMs: 60_000 }), await world.add({ delayMs: 60_000 })];
  world.clock.advance(60_000);

  const byName = await world.claim({ sessionId: named.sessionId });
  const byOrder = await world.claim();

  expect(byName.task.id).toBe(named.id);
  expect(byOrder.task.id).toBe(any.id);
}

async function ageOfDueTask(world: World): Promise<void> {
  const scheduled = await world.add({ delayMs: 10_000 });
  const before = await world.add();
  world.clock.advance(20_000);
  const after = await world.add();

  const order = await drain(world);

  expect(order).toEqual(idsOf([before, scheduled, after]));
  expect(await world.task(scheduled.id)).toMatchObject({ queuedAt: scheduled.runAt });
}

async function manyDueAtOnce(world: World): Promise<void> {
  const count = 70;
  await world.orchestrator.enqueueTasks(Array.from({ length: count }, () => ({ delayMs: 1_000 })));
  world.clock.advance(1_000);

  const order = await drain(world);

  expect(new Set(order).size).toBe(count);
}

async function scheduledDoesNotBlock(world: World): Promise<void> {
  const [, second] = await world.addSession('branch', [{ delayMs: 60_000, priority: 0 }, { priority: 9 }]);

  const claim = await world.claim({ sessionId: 'branch' });

  expect(claim.task.id).toBe(second?.id);
}

async function heldOffersNothing(world: World): Promise<void> {
  await world.addSession('branch', [{}, {}, {}]);
  await world.claim();

  const reply = await world.changesNothing(() => world.rival.claimTask(claimCall()));

  expect(reply).toEqual({ ok: false, reason: 'no_task', nextDueAt: null });
}

async function cancelledHead(world: World): Promise<void> {
  const [first, second] = await world.addSession('branch', [{}, {}]);
  await world.orchestrator.cancelTask({ taskId: first?.id ?? '' });

  const claim = claimed(await world.rival.claimTask(claimCall({ agent: AGENT })));

  expect(claim.task.id).toBe(second?.id);
}
