import {
  closeRestoredLeases,
  DEPENDENCY_POLICIES,
  LIMITS,
  type Dependency,
  type OnDependencyFailure,
} from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { allPagesBack } from '../everything.ts';
import { AGENT, claimCall, idsOf, OTHER_AGENT, STALE_AFTER_MS, TTL_MS, type TaskCall } from '../factories.ts';
import { thrownBy } from '../thrown.ts';
import { withoutSettling } from '../without-settling.ts';
import type { World } from '../world.ts';

export const dependencies = chapter('dependencies', {
  'a task waits for those that it depends on, in its session and in others, and holds up no other task': waits,
  'it can be claimed as soon as the last of them has succeeded, in its old place': claimableAtOnce,
  'under block, a task waits for a dead letter until that is retried and succeeds': blockedByDeadLetter,
  'under cancel, a task is cancelled with its dependency, and so are those that wait for it': cancelledWith,
  'under run, a task continues however its dependency ends': runsAnyway,
  'a dependency that had ended before counts at once, as the policy asks': endedBefore,
  'tasks of one batch name each other by their ids, in any order': batch,
  'a duplicate in a batch stands for the task that has its key': duplicate,
  'a task names others by their numbers': numbers,
  'a task that ends while another is added that depends on it is never waited for in vain': bothOrders,
  'a process that ends between the commit and what comes after it leaves it to the next claim or recovery': crash,
  'a claim of the session itself finds it, too': crashThenClaimOfSession,
  'what a recovery or a restore ends is told to those that wait, whatever the namespace': endedByOthers,
  'one task can have many that wait for it, and wait for many': fan,
  'a task that is cancelled while it waits and retried later waits for what is still open': retriedLater,
  'a missing task, a cycle and too many dependencies are refused, and nothing is written': refused,
  'dependencies are listed from both ends, in pages, and sub-tasks by their parent': lists,
  'the results of dependencies and sub-tasks come with the claim, within limits': results,
  'closing a session cancels what is blocked in it': closed,
});

/** Given: a task in a session of its own that has ended so. */
async function ended(world: World, id: string, end: 'succeeded' | 'failed' | 'cancelled'): Promise<void> {
  if (end === 'cancelled') {
    await world.orchestrator.cancelTask({ taskId: id });
    return;
  }
  await world.release(await world.claim({ sessionId: (await world.task(id)).sessionId }), {
    outcome: end,
    ...(end === 'failed' && { final: true, error: { message: 'no' } }),
  });
}

async function addAll(world: World, ...tasks: readonly TaskCall[]): Promise<void> {
  for (const task of tasks) {
    await world.add(task);
    world.clock.advance(1);
  }
}

async function statusOf(world: World, id: string): Promise<string> {
  return (await world.task(id)).status;
}

async function waits(world: World): Promise<void> {
  await addAll(world, { id: 'a', sessionId: 's' }, { id: 'b' });
  await addAll(world, { id: 'c', sessionId: 's', priority: 0, dependsOn: ['a', 'b'] }, { id: 'd', sessionId: 's' });

  expect(await world.task('c')).toMatchObject({ status: 'blocked', openDependencies: 2, onDependencyFailure: 'block' });
  await ended(world, 'a', 'succeeded');
  expect(await world.task('c')).toMatchObject({ status: 'blocked', openDependencies: 1 });
  expect((await world.claim({ sessionId: 's' })).task.id).toBe('d');
  expect((await world.session('s')).tasksOpen).toBe(2);
  expect((await world.rival.counts()).tasks).toMatchObject({ blocked: 1, running: 1 });
  expect(idsOf((await world.rival.listTasks({ status: ['blocked'] })).items)).toEqual(['c']);
}

async function claimableAtOnce(world: World): Promise<void> {
  await addAll(world, { id: 'a' }, { id: 'b' }, { id: 'c', dependsOn: ['a', 'b'] }, { id: 'later' });
  await ended(world, 'a', 'succeeded');
  const last = await world.claim({ sessionId: 'b' });

  await world.release(last);

  expect(await world.task('c')).toMatchObject({ status: 'queued', openDependencies: 0 });
  const { task } = await world.claim();
  expect(task.id).toBe('c');
  const told = (await world.events({ taskId: 'c', types: ['task.dependency_ended'] })).map(({ payload }) => payload);
  expect(told).toMatchObject([
    { dependency: 'a', status: 'succeeded', seq: 4, open_dependencies: 1 },
    { dependency: 'b', status: 'succeeded', seq: 4, open_dependencies: 0 },
  ]);
}

async function blockedByDeadLetter(world: World): Promise<void> {
  await addAll(world, { id: 'a' }, { id: 'b', dependsOn: ['a'] });

  await ended(world, 'a', 'failed');
  expect(await statusOf(world, 'b')).toBe('blocked');
  await world.orchestrator.retryTask({ taskId: 'a' });
  await ended(world, 'a', 'cancelled');
  expect(await statusOf(world, 'b')).toBe('blocked');
  await world.orchestrator.retryTask({ taskId: 'a' });
  await ended(world, 'a', 'succeeded');

  expect(await statusOf(world, 'b')).toBe('queued');
}

async function cancelledWith(world: World): Promise<void> {
  const cancel = { onDependencyFailure: 'cancel' } as const;
  await addAll(
    world,
    { id: 'a' },
    { id: 'b', dependsOn: ['a'], ...cancel },
    { id: 'c', dependsOn: ['b'], ...cancel },
    { id: 'd', dependsOn: ['c'], ...cancel },
    { id: 'e', dependsOn: ['c'] },
  );

  await ended(world, 'a', 'failed');

  for (const id of ['b', 'c', 'd']) expect(await statusOf(world, id)).toBe('cancelled');
  expect(await statusOf(world, 'e')).toBe('blocked');
  expect((await world.task('c')).error).toMatchObject({ code: 'dependency_failed' });
  expect((await world.session('d')).status).toBe('closed');
}

async function runsAnyway(world: World): Promise<void> {
  await addAll(world, { id: 'a' }, { id: 'b' }, { id: 'c', dependsOn: ['a', 'b'], onDependencyFailure: 'run' });

  await ended(world, 'a', 'failed');
  await world.orchestrator.retryTask({ taskId: 'a' });
  await ended(world, 'a', 'failed');
  expect(await world.task('c')).toMatchObject({ status: 'blocked', openDependencies: 1 });
  await ended(world, 'b', 'cancelled');

  expect(await statusOf(world, 'c')).toBe('queued');
}

async function endedBefore(world: World): Promise<void> {
  const after: Readonly<Record<OnDependencyFailure, readonly string[]>> = {
    block: ['queued', 'blocked', 'blocked'],
    cancel: ['queued', 'cancelled', 'cancelled'],
    run: ['queued', 'queued', 'queued'],
  };
  const ends = ['succeeded', 'failed', 'cancelled'] as const;
  for (const end of ends) {
    await world.add({ id: end });
    await ended(world, end, end);
  }

  for (const onDependencyFailure of DEPENDENCY_POLICIES)
    for (const [at, end] of ends.entries()) {
      const task = await world.add({ id: `${onDependencyFailure} ${end}`, dependsOn: [end], onDependencyFailure });
      expect([task.id, task.status]).toEqual([task.id, after[onDependencyFailure][at]]);
    }
}

async function batch(world: World): Promise<void> {
  await world.orchestrator.enqueueTasks([
    { id: 'c', dependsOn: ['b', 'a'], parentId: 'a' },
    { id: 'b', dependsOn: ['a'], sessionId: 's' },
    { id: 'a', sessionId: 's' },
  ]);

  for (const id of ['a', 'b', 'c']) {
    const claim = await world.claim();
    expect(claim.task.id).toBe(id);
    await world.release(claim);
  }
  expect(await world.orchestrator.claimTask(claimCall())).toMatchObject({ ok: false, reason: 'no_task' });
}

async function duplicate(world: World): Promise<void> {
  await world.add({ id: 'x', dedupeKey: 'build' });

  const { tasks } = await world.orchestrator.enqueueTasks([
    { id: 'deploy', dependsOn: ['build'] },
    { id: 'build', dedupeKey: 'build' },
  ]);

  expect(tasks.map(({ outcome, task }) => [outcome, task.id])).toEqual([
    ['enqueued', 'deploy'],
    ['duplicate', 'x'],
  ]);
  await ended(world, 'x', 'succeeded');
  expect(await statusOf(world, 'deploy')).toBe('queued');
}

async function numbers(world: World): Promise<void> {
  const { number } = await world.add({ id: 'a' });

  await world.add({ id: 'b', dependsOn: [`t${number}`], parentId: `t${number}` });

  expect(await world.task('b')).toMatchObject({ status: 'blocked', parentId: 'a' });
  const { items } = await world.rival.listDependencies({ taskId: 'b' });
  expect(items).toMatchObject([{ dependencyId: 'a', ended: null }]);
}

/** The races of an enqueue that reads a status, and the release that changes it. */
const RACES = 24;

async function bothOrders(world: World): Promise<void> {
  for (let at = 0; at < RACES; at += 1) {
    const dependsOn = [`a${at}`];
    const claim = await world.claimNew({ id: `a${at}` });
    const enqueue = () => world.rival.enqueueTask({ id: `b${at}`, dependsOn });
    const release = () => world.release(claim);

    await Promise.all(at % 2 === 0 ? [enqueue(), release()] : [release(), enqueue()]);

    expect(await statusOf(world, `b${at}`), `race ${at}`).toBe('queued');
  }
}

async function crash(world: World): Promise<void> {
  const crashing = world.orchestratorOn(withoutSettling(world.storage));
  for (const next of ['claim', 'recovery'] as const) {
    const [first, second] = [`${next} first`, `${next} second`];
    await addAll(world, { id: first }, { id: second, assignee: AGENT, dependsOn: [first] });
    const claim = await world.claim({ sessionId: first });

    await crashing.releaseTask({ token: claim.lease.token, outcome: 'succeeded' });
    expect(await statusOf(world, second)).toBe('blocked');
    if (next === 'claim') expect((await world.rival.claimTask(claimCall({ agent: AGENT }))).ok).toBe(true);
    else await world.rival.staleRecovery();

    expect(await statusOf(world, second)).toBe(next === 'claim' ? 'running' : 'queued');
  }
}

async function crashThenClaimOfSession(world: World): Promise<void> {
  const crashing = world.orchestratorOn(withoutSettling(world.storage));
  await addAll(world, { id: 'a' }, { id: 'b', dependsOn: ['a'] });
  await crashing.cancelTask({ taskId: 'a' });
  await world.orchestrator.retryTask({ taskId: 'a' });
  const claim = await world.claim({ sessionId: 'a' });
  await crashing.releaseTask({ token: claim.lease.token, outcome: 'succeeded' });

  const { task } = await world.claim({ sessionId: 'b' });

  expect(task.id).toBe('b');
}

async function endedByOthers(world: World): Promise<void> {
  const [poison, other] = [{ interruptionsMax: 0 }, { namespace: 'other' }];
  await addAll(world, { id: 'a', ...poison }, { id: 'b', dependsOn: ['a'], onDependencyFailure: 'run' });
  await addAll(
    world,
    { id: 'c', ...poison, ...other },
    { id: 'd', dependsOn: ['c'], onDependencyFailure: 'run', ...other },
  );
  await world.claim({ sessionId: 'a' });
  await world.claim({ sessionId: 'c', ...other });

  await closeRestoredLeases(world.storage);
  await world.orchestrator.staleRecovery();
  await world.orchestrator.staleRecovery(other);
  expect(await statusOf(world, 'b')).toBe('queued');
  expect((await world.rival.getTask('d', 'other'))?.status).toBe('queued');

  await addAll(world, { id: 'e', ...poison }, { id: 'f', dependsOn: ['e'], onDependencyFailure: 'cancel' });
  await world.claim({ sessionId: 'e' });
  world.clock.advance(TTL_MS + STALE_AFTER_MS);
  await world.rival.staleRecovery();
  expect(await statusOf(world, 'f')).toBe('cancelled');
}

async function fan(world: World): Promise<void> {
  const many = Array.from({ length: LIMITS.sweep_page_max + 5 }, (_, at) => `m${at}`);
  await world.orchestrator.enqueueTasks([
    { id: 'first' },
    ...many.map((id) => ({ id, dependsOn: ['first'] })),
    { id: 'last', dependsOn: many },
  ]);

  await ended(world, 'first', 'succeeded');
  expect((await world.rival.counts()).tasks).toMatchObject({ queued: many.length, blocked: 1 });
  const claims = await world.orchestrator.claimTasks({ ...claimCall(), limit: many.length });
  if (!claims.ok) throw new Error('nothing was claimed');
  await world.orchestrator.releaseTasks(
    claims.claims.map(({ lease }) => ({ token: lease.token, outcome: 'succeeded' as const })),
  );

  expect(await world.task('last')).toMatchObject({ status: 'queued', openDependencies: 0 });
}

async function retriedLater(world: World): Promise<void> {
  await addAll(world, { id: 'a' }, { id: 'b' }, { id: 'c', dependsOn: ['a', 'b'] });
  await world.orchestrator.cancelTask({ taskId: 'c' });
  await ended(world, 'a', 'succeeded');
  expect(await world.task('c')).toMatchObject({ status: 'cancelled', openDependencies: 1 });

  await world.orchestrator.retryTask({ taskId: 'c' });
  expect(await statusOf(world, 'c')).toBe('blocked');
  await ended(world, 'b', 'succeeded');

  expect(await statusOf(world, 'c')).toBe('queued');
}

async function refused(world: World): Promise<void> {
  await world.add({ id: 'a' });
  const many = Array.from({ length: LIMITS.dependencies_max + 1 }, (_, at) => `d${at}`);
  const calls: readonly (readonly [TaskCall[], string, string])[] = [
    [[{ id: 'b', dependsOn: ['a', 'none'] }], 'DEPENDENCY_NOT_FOUND', 'tasks[0].dependsOn[1]'],
    [[{ id: 'b', dependsOn: ['t99999'] }], 'DEPENDENCY_NOT_FOUND', 'tasks[0].dependsOn[0]'],
    [[{ id: 'b', parentId: 'none' }], 'DEPENDENCY_NOT_FOUND', 'tasks[0].parentId'],
    [[{ id: 'b', dependsOn: ['b'] }], 'DEPENDENCY_CYCLE', 'tasks[0].dependsOn'],
    [
      [
        { id: 'b', dependsOn: ['c'] },
        { id: 'c', dependsOn: ['b'] },
      ],
      'DEPENDENCY_CYCLE',
      'tasks[0].dependsOn',
    ],
    [[{ id: 'b', dependsOn: many }], 'LIMIT_EXCEEDED', 'tasks[0].dependsOn'],
  ];
  for (const [tasks, code, field] of calls) {
    const error = await world.changesNothing(() => thrownBy(world.orchestrator.enqueueTasks(tasks)));
    expect(error).toMatchObject({ code, field });
  }
  const other = await thrownBy(world.orchestrator.enqueueTask({ namespace: 'other', dependsOn: ['a'] }));
  expect(other).toMatchObject({ code: 'DEPENDENCY_NOT_FOUND', field: 'dependsOn[0]' });
}

async function lists(world: World): Promise<void> {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  await addAll(world, ...ids.map((id) => ({ id })));
  await addAll(
    world,
    { id: 'x', dependsOn: ids.toReversed(), parentId: 'a' },
    { id: 'y', dependsOn: ['c'], parentId: 'a' },
  );
  const { read } = world.peer;
  const page = { namespace: 'default', limit: 2 };

  const first = await read.dependencies({ ...page, taskId: 'x' });
  expect(first.items.map(({ dependencyId }) => dependencyId)).toEqual(['a', 'b']);
  const second = await read.dependencies({ ...page, taskId: 'x', after: first.next ?? '' });
  expect(second.items.map(({ dependencyId }) => dependencyId)).toEqual(['c', 'd']);
  const back = await allPagesBack<Dependency>((one) => read.dependencies({ ...page, ...one, taskId: 'x' }), 2);
  expect(back.map(({ dependencyId }) => dependencyId)).toEqual(ids.toReversed());
  const waiting = await read.dependencies({ ...page, dependencyId: 'c' });
  expect(waiting).toMatchObject({ items: [{ taskId: 'x' }, { taskId: 'y' }], next: null });
  expect(await read.dependencies({ ...page, namespace: 'other', dependencyId: 'c' })).toEqual({
    items: [],
    next: null,
  });
  expect(idsOf((await world.rival.listTasks({ parentId: 'a' })).items)).toEqual(['x', 'y']);
  expect(idsOf((await world.rival.listTasks({ parentId: 'a', sessionId: 'y' })).items)).toEqual(['y']);
  expect(await thrownBy(world.rival.listDependencies({}))).toMatchObject({ field: 'taskId' });
}

async function results(world: World): Promise<void> {
  const large = 'x'.repeat(LIMITS.claimed_results_bytes_max - 100);
  await addAll(world, { id: 'a' }, { id: 'b' }, { id: 'c' });
  for (const [id, result] of [
    ['a', { found: 1 }],
    ['b', large],
    ['c', large],
  ] as const)
    await world.release(await world.claim({ sessionId: id }), { result });
  await addAll(world, { id: 'd', dependsOn: ['a', 'b', 'c'] }, { id: 'part', parentId: 'd', assignee: OTHER_AGENT });

  const claim = await world.claim({ sessionId: 'd' });

  const { dependencies: found, subtasks } = claim;
  expect(found?.more).toBe(false);
  expect(found?.items.map(({ id, status, isLeftOut }) => [id, status, isLeftOut])).toEqual([
    ['a', 'succeeded', undefined],
    ['b', 'succeeded', undefined],
    ['c', 'succeeded', true],
  ]);
  expect(found?.items[0]?.result).toEqual({ found: 1 });
  expect(subtasks).toMatchObject({ items: [{ id: 'part', status: 'queued', result: null }], more: false });
  const plain = await world.claimNew({ id: 'plain' });
  expect(plain).not.toHaveProperty('dependencies');
  expect(plain).not.toHaveProperty('subtasks');
}

async function closed(world: World): Promise<void> {
  await addAll(world, { id: 'a' }, { id: 'b', sessionId: 's', dependsOn: ['a'] }, { id: 'c', dependsOn: ['b'] });

  expect(await world.orchestrator.closeSession({ sessionId: 's' })).toMatchObject({ ok: false, reason: 'not_empty' });
  expect(await world.orchestrator.closeSession({ sessionId: 's', cancelTasks: true })).toMatchObject({ cancelled: 1 });

  expect(await statusOf(world, 'b')).toBe('cancelled');
  await ended(world, 'a', 'succeeded');
  expect(await world.task('b')).toMatchObject({ status: 'cancelled', openDependencies: 0 });
}
