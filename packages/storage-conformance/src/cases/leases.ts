import { noTasks, type LeaseFilter, type LeaseInterval } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { allPages, allPagesBack } from '../everything.ts';
import { AGENT, holderOf, OTHER_AGENT, TTL_MS } from '../factories.ts';
import type { World } from '../world.ts';

export const leases = chapter('leases as intervals, and what waits', {
  'a lease is listed from its grant to its end, with the first write that was refused': intervals,
  'leases are listed in the order of their grants, from either end, and of one namespace': inOrder,
  'a list of leases shows what they were at an event': atAnEvent,
  'leases of another session or granted before a time are left out': filtered,
  'a session tells how many tasks of each status it has, up to the given number': tasksOfSession,
  'of the heads that are looked at, those that were queued first are told, and how many there were': oldestHeads,
  'the task that has waited for the longest is the head of a session that is not held': oldestClaimable,
  'a task whose time has come counts as the head of its session if a claim would choose it': dueHeads,
  'what is due next is the scheduled task of the namespace whose time comes first after a time': nextScheduled,
});

/** A lease that was taken over, whose holder then wrote again; and the one after it, which succeeded. */
async function takenOver(world: World) {
  const old = await world.claimNew({}, { instance: 'run-1' });
  const grantedAt = world.clock.now;
  world.clock.advance(TTL_MS);
  const next = await world.claim({ sessionId: old.lease.sessionId, agent: OTHER_AGENT });
  const takenAt = world.clock.now;
  world.clock.advance(1_000);
  await world.orchestrator.heartbeat(holderOf(old));
  const refusedAt = world.clock.now;
  world.clock.advance(1_000);
  await world.release(next);
  return { old, next, grantedAt, takenAt, refusedAt, endedAt: world.clock.now };
}

async function intervals(world: World): Promise<void> {
  const { old, next, grantedAt, takenAt, refusedAt, endedAt } = await takenOver(world);
  const held = await world.claimNew();
  const idOf = async (type: 'lease.refused' | 'lease.taken_over' | 'task.succeeded') =>
    (await world.events({ types: [type] }))[0]?.id;
  const grants = (await world.events({ types: ['task.claimed'] })).map(({ id }) => id);

  const { items, next: cursor } = await world.rival.listLeases();

  const common = { namespace: 'default', sessionId: old.lease.sessionId, taskId: old.task.id };
  expect(items).toEqual([
    {
      ...common,
      fence: old.lease.fence,
      agent: AGENT,
      instance: 'run-1',
      grantedId: grants[0],
      grantedAt,
      endedId: await idOf('lease.taken_over'),
      endedAt: takenAt,
      endedType: 'lease.taken_over',
      refusedId: await idOf('lease.refused'),
      refusedAt,
    },
    {
      ...common,
      fence: next.lease.fence,
      agent: OTHER_AGENT,
      instance: null,
      grantedId: grants[1],
      grantedAt: takenAt,
      endedId: await idOf('task.succeeded'),
      endedAt,
      endedType: 'task.succeeded',
      refusedId: null,
      refusedAt: null,
    },
    {
      ...common,
      sessionId: held.lease.sessionId,
      taskId: held.task.id,
      fence: held.lease.fence,
      agent: AGENT,
      instance: null,
      grantedId: grants[2],
      grantedAt: endedAt,
      endedId: null,
      endedAt: null,
      endedType: null,
      refusedId: null,
      refusedAt: null,
    },
  ]);
  expect(cursor).toBeNull();
}

async function inOrder(world: World): Promise<void> {
  const granted = [];
  for (const namespace of ['default', 'ops', 'default', 'ops', 'default']) {
    const { task } = await world.orchestrator.enqueueTask({ namespace });
    granted.push({ namespace, ...(await world.claim({ namespace, sessionId: task.sessionId })) });
  }
  const upTo = await world.peer.read.settledEventId();
  const list = (namespace: string) => (page: Pick<LeaseFilter, 'limit' | 'after' | 'before'>) =>
    world.peer.read.leases({ namespace, upTo, ...page });

  for (const namespace of ['default', 'ops'])
    for (const limit of [1, 2, 500]) {
      const wanted = granted.filter((one) => one.namespace === namespace).map(({ lease }) => lease.fence);
      expect(fencesOf(await allPages<LeaseInterval>(list(namespace), limit))).toEqual(wanted);
      expect(fencesOf(await allPagesBack<LeaseInterval>(list(namespace), limit))).toEqual(wanted.toReversed());
    }
  await expect(world.rival.listLeases({ after: '1', before: null })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
}

const fencesOf = (found: readonly LeaseInterval[]): number[] => found.map(({ fence }) => fence);

async function atAnEvent(world: World): Promise<void> {
  await takenOver(world);
  const log = await world.events();

  for (const { id } of log) {
    const { items } = await world.rival.listLeases({ upTo: id });
    const then = log.filter((event) => event.id <= id);
    const count = (effect: string) => then.filter(({ leaseEffect }) => leaseEffect === effect).length;
    expect([
      items.length,
      items.filter(({ endedId }) => endedId !== null).length,
      items.filter(({ refusedId }) => refusedId !== null).length,
    ]).toEqual([count('granted'), count('ended'), count('refused')]);
  }
}

async function filtered(world: World): Promise<void> {
  const { old, next, takenAt } = await takenOver(world);
  const other = await world.claimNew();
  const list = async (filter: Parameters<typeof world.rival.listLeases>[0]) =>
    fencesOf((await world.rival.listLeases(filter)).items);

  expect(await list({ sessionId: old.lease.sessionId })).toEqual([old.lease.fence, next.lease.fence]);
  expect(await list({ sessionId: old.lease.sessionId, before: null, limit: 1 })).toEqual([next.lease.fence]);
  expect(await list({ from: takenAt })).toEqual([next.lease.fence, other.lease.fence]);
  expect(await list({ from: takenAt + 1 })).toEqual([other.lease.fence]);
  expect(await list({ sessionId: 'none' })).toEqual([]);
}

async function tasksOfSession(world: World): Promise<void> {
  await world.addSession('branch', [{}, {}, { delayMs: 60_000 }, {}]);
  await world.add({});
  await world.orchestrator.enqueueTask({ namespace: 'ops', sessionId: 'branch' });
  const claim = await world.claim({ sessionId: 'branch' });
  await world.release(claim);
  await world.claim({ sessionId: 'branch' });

  expect(await world.rival.countsOfSession('branch')).toEqual({
    ...noTasks(),
    queued: 1,
    running: 1,
    scheduled: 1,
    succeeded: 1,
  });
  const some = await world.peer.read.countsOfSession('default', 'branch', 2);
  expect(Object.values(some).reduce((sum, count) => sum + count, 0)).toBe(2);
  expect(await world.rival.countsOfSession('none')).toEqual(noTasks());
}

async function oldestHeads(world: World): Promise<void> {
  const read = (max: number, limit: number) => world.peer.read.oldestHeads('default', { max, limit });
  expect(await read(10, 10)).toEqual({ lookedAt: 0, oldest: [] });
  await world.orchestrator.enqueueTask({ namespace: 'ops' });
  world.clock.advance(1_000);
  // Of one time, and neither by priority nor in the order in which they came.
  const heads = [];
  for (const priority of [9, 0, 5, 3]) heads.push(await world.add({ priority }));
  const sorted = heads.map(({ id }) => id).toSorted();
  world.clock.advance(1_000);
  const last = await world.add({ priority: 0 });

  const all = await read(10, 10);
  expect(all.lookedAt).toBe(5);
  expect(all.oldest.map(({ taskId }) => taskId)).toEqual([...sorted, last.id]);
  expect(all.oldest.map(({ queuedAt }) => queuedAt)).toEqual([...heads, last].map(({ queuedAt }) => queuedAt));
  expect(await read(10, 2)).toEqual({ lookedAt: 5, oldest: all.oldest.slice(0, 2) });
  const some = await read(3, 10);
  expect([some.lookedAt, some.oldest.length]).toEqual([3, 3]);
  expect(some.oldest.map(({ queuedAt }) => queuedAt)).toEqual(
    some.oldest.map(({ queuedAt }) => queuedAt).toSorted((a, b) => a - b),
  );
}

async function dueHeads(world: World): Promise<void> {
  const { rival, clock } = world;
  const oldest = async () => (await rival.oldestClaimable()).task?.id;
  const [stored] = await world.addSession('branch', [{ priority: 5 }, { priority: 9, delayMs: 10_000 }]);
  clock.advance(1_000);
  const other = await world.add({ priority: 9 });
  const urgent = await world.add({ sessionId: 'branch', priority: 0, delayMs: 20_000 });

  clock.advance(10_000);
  expect(await oldest(), 'the due task comes after the head').toBe(stored?.id);
  clock.advance(20_000);
  expect(await oldest(), 'the head comes after a due task now').toBe(other.id);
  await world.orchestrator.cancelTask({ taskId: other.id });
  expect(await oldest(), 'of two due tasks, the one that a claim would choose').toBe(urgent.id);
  expect((await world.claim()).task.id).toBe(urgent.id);
}

async function oldestClaimable(world: World): Promise<void> {
  const { orchestrator, rival, clock } = world;
  const none = { task: null, isCapped: false };
  expect(await rival.oldestClaimable()).toEqual(none);
  const [held] = await world.addSession('held', [{}, {}]);
  await world.claim({ sessionId: 'held' });
  expect([held?.status, await rival.oldestClaimable()]).toEqual(['queued', none]);
  clock.advance(1_000);
  const first = await world.add({ priority: 9, assignee: OTHER_AGENT });
  clock.advance(1_000);
  await world.add({ priority: 0 });
  const later = await world.add({ delayMs: 10_000 });

  expect(await rival.oldestClaimable()).toMatchObject({ task: { id: first.id }, isCapped: false });
  await orchestrator.cancelTask({ taskId: first.id });
  await world.release(await world.claim());
  await world.orchestrator.enqueueTask({ namespace: 'ops' });
  expect(await rival.oldestClaimable()).toEqual(none);
  clock.advance(10_000);
  // Its time has come. No command has looked since, so it is stored as scheduled.
  expect((await rival.oldestClaimable()).task?.id).toBe(later.id);
}

async function nextScheduled(world: World): Promise<void> {
  const { orchestrator, peer, clock } = world;
  const next = async (after: number) => (await peer.read.nextScheduled('default', after))?.id ?? null;
  expect(await next(0)).toBeNull();
  await orchestrator.enqueueTask({ namespace: 'ops', delayMs: 1 });
  await world.add({});
  const [late, soon, cancelled] = [
    await world.add({ delayMs: 9_000 }),
    await world.add({ delayMs: 5_000 }),
    await world.add({ delayMs: 1 }),
  ];
  await orchestrator.cancelTask({ taskId: cancelled.id });

  expect(await peer.read.nextScheduled('default', 0)).toEqual(await peer.read.task('default', soon.id));
  // Its time has come, and no command has seen it: it is still stored as scheduled.
  clock.advance(5_000);
  expect([await next(clock.now - 1), await next(clock.now), await next(clock.now + 4_000)]).toEqual([
    soon.id,
    late.id,
    null,
  ]);
}
