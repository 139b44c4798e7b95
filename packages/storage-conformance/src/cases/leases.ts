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
  'the task that has waited for the longest is the head of a session that is not held': oldestClaimable,
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

async function oldestClaimable(world: World): Promise<void> {
  const { orchestrator, rival, clock } = world;
  expect(await rival.oldestClaimable()).toBeNull();
  const [held] = await world.addSession('held', [{}, {}]);
  await world.claim({ sessionId: 'held' });
  expect([held?.status, await rival.oldestClaimable()]).toEqual(['queued', null]);
  clock.advance(1_000);
  const first = await world.add({ priority: 9, assignee: OTHER_AGENT });
  clock.advance(1_000);
  await world.add({ priority: 0 });
  const later = await world.add({ delayMs: 10_000 });

  expect((await rival.oldestClaimable())?.id).toBe(first.id);
  await orchestrator.cancelTask({ taskId: first.id });
  await world.release(await world.claim());
  await world.orchestrator.enqueueTask({ namespace: 'ops' });
  expect(await rival.oldestClaimable()).toBeNull();
  clock.advance(10_000);
  // Its time has come. No command has looked since, so it is stored as scheduled.
  expect((await rival.oldestClaimable())?.id).toBe(later.id);
}
