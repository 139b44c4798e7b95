import { closeRestoredLeases, LIMITS, OrchestratorError, type ClaimRecord } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, claimCall, idsOf, OTHER_AGENT, type TaskCall } from '../factories.ts';
import { race } from '../interleave.ts';
import { thrownBy } from '../thrown.ts';
import { withoutSettling } from '../without-settling.ts';
import type { World } from '../world.ts';

export const waitingForTasks = chapter('waiting for tasks', {
  'a holder waits for tasks: nothing is charged, the context stays, and its session is free for others': waits,
  'with the last of them the task is queued in its old place, and their results come with the claim': goesOn,
  'the holder can claim what it waits for in the same step': claimsNext,
  'it waits for no task that has ended, and for one again that it waited for before': endedBefore,
  'with a question it waits for both, and only an open question is listed': both,
  'a failed one leaves it waiting, cancels it or lets it continue, as the policy asks': policies,
  'a process that ends before the task is told leaves it to the next claim or recovery': crash,
  'an end of which a task was not told, and that is not so any more, neither wakes nor cancels it': endedNoMore,
  'an awaited task that ends at the same time is never waited for in vain': bothOrders,
  'of two holders that begin to wait for each other, whichever comes first, the second one is refused': crossed,
  'of several holders that would close a cycle, at least one is refused, and no deadlock reaches a caller': ring,
  'a reviewer cannot wait for the work that it judges, directly or through others': ofReview,
  'a holder that waits for work whose reviewer begins to wait for its task: the second one is refused': crossedReview,
  'a task that does not exist, a cycle and one of another namespace are refused, and nothing is written': refused,
  'a restore ends what waits for nothing else, and what waits still waits': restored,
});

async function end(world: World, sessionId: string, call: Parameters<World['release']>[1] = {}): Promise<void> {
  await world.release(await world.claim({ sessionId }), call);
}

async function statusOf(world: World, id: string): Promise<string> {
  return (await world.task(id)).status;
}

/** Given: a task whose holder waits for others. */
async function waiting(world: World, id: string, on: string[], call: Parameters<World['release']>[1] = {}) {
  const claim = await world.claimNew({ id });
  return world.release(claim, { outcome: 'waiting', on, ...call });
}

async function addAll(world: World, ...tasks: readonly TaskCall[]): Promise<void> {
  for (const task of tasks) {
    await world.add(task);
    world.clock.advance(1);
  }
}

async function waits(world: World): Promise<void> {
  await addAll(world, { id: 'a', sessionId: 's' }, { id: 'b', sessionId: 's' }, { id: 'c' });
  const claim = await world.claim({ sessionId: 's' });
  await world.orchestrator.checkpoint({ token: claim.lease.token, nextAction: 'collect' });

  const { number } = await world.task('c');
  const released = await world.release(claim, { outcome: 'waiting', on: ['b', `t${number}`, 'b'] });

  expect(released).toMatchObject({ ok: true, status: 'waiting', repeated: false });
  expect(await world.task('a')).toMatchObject({
    status: 'waiting',
    attempt: 0,
    openDependencies: 2,
    onDependencyFailure: 'block',
    question: null,
  });
  expect(await world.session('s')).toMatchObject({ status: 'idle', tasksOpen: 2, headTaskId: 'b' });
  expect((await world.session('s')).context?.nextAction).toBe('collect');
  expect((await world.rival.listQuestions()).items).toEqual([]);
  const { items } = await world.rival.listDependencies({ taskId: 'a' });
  expect(items.map(({ dependencyId, ended }) => [dependencyId, ended])).toEqual([
    ['b', null],
    ['c', null],
  ]);
  expect(idsOf((await world.rival.listTasks({ status: ['waiting'] })).items)).toEqual(['a']);
}

async function goesOn(world: World): Promise<void> {
  await addAll(world, { id: 'b' }, { id: 'c' });
  await waiting(world, 'a', ['b', 'c']);
  await addAll(world, { id: 'later' });

  await end(world, 'b', { result: { found: 1 } });
  expect(await world.task('a')).toMatchObject({ status: 'waiting', openDependencies: 1 });
  const last = await world.claim({ sessionId: 'c' });
  await world.release(last);

  expect(await world.task('a')).toMatchObject({ status: 'queued', openDependencies: 0 });
  const { task, dependencies } = await world.claim();
  expect([task.id, task.attempt]).toEqual(['a', 1]);
  expect(dependencies?.items).toMatchObject([
    { id: 'b', status: 'succeeded', result: { found: 1 } },
    { id: 'c', status: 'succeeded', result: null },
  ]);
}

async function claimsNext(world: World): Promise<void> {
  await world.add({ id: 'b' });

  const released = await waiting(world, 'a', ['b'], { claimNext: { agent: AGENT } });

  expect(released).toMatchObject({ status: 'waiting', next: { task: { id: 'b' } } });
}

async function endedBefore(world: World): Promise<void> {
  await world.add({ id: 'b' });
  await end(world, 'b', { outcome: 'failed', final: true });

  expect(await waiting(world, 'a', ['b'], { onDependencyFailure: 'run' })).toMatchObject({ status: 'queued' });
  await world.orchestrator.retryTask({ taskId: 'b' });
  const claim = await world.claim({ sessionId: 'a' });
  expect(await world.release(claim, { outcome: 'waiting', on: ['b'], onDependencyFailure: 'block' })).toMatchObject({
    status: 'waiting',
  });
  const { items } = await world.rival.listDependencies({ taskId: 'a' });
  expect(items).toMatchObject([{ dependencyId: 'b', ended: null, onDependencyFailure: 'block' }]);
  await end(world, 'b');

  expect(await world.task('a')).toMatchObject({ status: 'queued', onDependencyFailure: 'block' });
}

async function both(world: World): Promise<void> {
  await addAll(world, { id: 'b', assignee: OTHER_AGENT }, { id: 'c', assignee: OTHER_AGENT });
  const ask = { question: 'which?', to: { role: 'owner' } };
  await waiting(world, 'first', ['b'], { ask });
  await waiting(world, 'second', ['c'], { ask });
  expect((await world.rival.listQuestions()).items).toHaveLength(2);

  await world.orchestrator.answerTask({ taskId: 'first', answer: 'that one' });
  expect(await statusOf(world, 'first')).toBe('waiting');
  expect(idsOf((await world.rival.listQuestions()).items)).toEqual(['second']);
  await world.orchestrator.cancelTask({ taskId: 'b' });
  await world.orchestrator.retryTask({ taskId: 'b' });
  await world.release(await world.claim({ sessionId: 'b', agent: OTHER_AGENT }));
  expect(await statusOf(world, 'first')).toBe('queued');

  await world.release(await world.claim({ sessionId: 'c', agent: OTHER_AGENT }));
  expect(await statusOf(world, 'second')).toBe('waiting');
  expect(await world.orchestrator.answerTask({ taskId: 'second', answer: 'the other' })).toMatchObject({ ok: true });
  expect(await statusOf(world, 'second')).toBe('queued');
}

async function policies(world: World): Promise<void> {
  for (const [onDependencyFailure, status] of [
    ['block', 'waiting'],
    ['cancel', 'cancelled'],
    ['run', 'queued'],
  ] as const) {
    const [id, on] = [`a ${onDependencyFailure}`, `b ${onDependencyFailure}`];
    await world.add({ id: on });
    await waiting(world, id, [on], { onDependencyFailure });

    await end(world, on, { outcome: 'failed', final: true });

    expect([id, await statusOf(world, id)]).toEqual([id, status]);
    expect((await world.session(id)).status).toBe(status === 'cancelled' ? 'closed' : 'idle');
  }
}

async function crash(world: World): Promise<void> {
  const crashing = world.orchestratorOn(withoutSettling(world.storage));
  for (const next of ['claim', 'recovery'] as const) {
    const [id, on] = [`${next} a`, `${next} b`];
    await world.add({ id: on });
    await waiting(world, id, [on]);
    const claim = await world.claim({ sessionId: on });
    await crashing.releaseTask({ token: claim.lease.token, outcome: 'succeeded' });
    expect(await statusOf(world, id)).toBe('waiting');

    if (next === 'claim') expect((await world.claim()).task.id).toBe(id);
    else await world.rival.staleRecovery();

    expect(await statusOf(world, id)).toBe(next === 'claim' ? 'running' : 'queued');
  }
}

async function endedNoMore(world: World): Promise<void> {
  const crashing = world.orchestratorOn(withoutSettling(world.storage));
  for (const onDependencyFailure of ['run', 'cancel'] as const) {
    const [id, on] = [`${onDependencyFailure} a`, `${onDependencyFailure} b`];
    // The best head of all.
    await world.add({ id: on, priority: 0 });
    await waiting(world, id, [on], { onDependencyFailure });
    const failAndRetry = async (token: string) => {
      await crashing.releaseTask({ token, outcome: 'failed', final: true });
      await world.orchestrator.retryTask({ taskId: on });
    };
    await failAndRetry((await world.claim({ sessionId: on })).lease.token);

    await world.rival.staleRecovery();
    expect(await world.task(id)).toMatchObject({ status: 'waiting', openDependencies: 1 });
    await failAndRetry((await world.claim({ sessionId: on })).lease.token);
    // A release that claims the next task tells none of an end before: both ends of `on` are told at once.
    const { lease } = await world.claimNew({ id: `${on} before` });
    const released = await crashing.releaseTask({
      token: lease.token,
      outcome: 'succeeded',
      claimNext: { agent: AGENT },
    });
    expect(released).toMatchObject({ next: { task: { id: on } } });
    const token = (released.ok && released.next?.lease.token) || '';
    await crashing.releaseTask({ token, outcome: 'succeeded' });
    await world.rival.staleRecovery();
    expect(await statusOf(world, id)).toBe('queued');
  }
}

/** Rounds of each race. */
const RACES = 12;

async function bothOrders(world: World): Promise<void> {
  for (let at = 0; at < RACES; at += 1) {
    const [waits, ends] = [await world.claimNew({ id: `a${at}` }), await world.claimNew({ id: `b${at}` })];
    const wait = (on = world.storage) =>
      world.orchestratorOn(on).releaseTask({ token: waits.lease.token, outcome: 'waiting', on: [`b${at}`] });
    const finish = (on = world.peer) =>
      world.orchestratorOn(on).releaseTask({ token: ends.lease.token, outcome: 'succeeded' });

    await (at % 2 === 0 ? race(world.storage, wait, finish) : race(world.peer, finish, wait));

    expect(await statusOf(world, `a${at}`), `race ${at}`).toBe('queued');
  }
}

async function crossed(world: World): Promise<void> {
  for (let at = 0; at < RACES; at += 1) {
    const [a, b] = [await world.claimNew({ id: `a${at}` }), await world.claimNew({ id: `b${at}` })];
    const first = (on = world.storage) =>
      world.orchestratorOn(on).releaseTask({ token: a.lease.token, outcome: 'waiting', on: [`b${at}`] });
    const second = (on = world.peer) =>
      world.orchestratorOn(on).releaseTask({ token: b.lease.token, outcome: 'waiting', on: [`a${at}`] });

    const [ok, refusal] = await (at % 2 === 0
      ? race(world.storage, first, () => thrownBy(second()))
      : race(world.peer, second, () => thrownBy(first())));

    expect(ok).toMatchObject({ ok: true, status: 'waiting' });
    expect(refusal).toMatchObject({ code: 'DEPENDENCY_CYCLE', field: 'on' });
  }
}

/** Of four: with the locks on both ends alone, two and two would pass each other. */
const RING = 4;

async function ring(world: World): Promise<void> {
  for (let round = 0; round < RACES; round += 1) {
    const ids = Array.from({ length: RING }, (_, at) => `r${round} ${at}`);
    const claims = await Promise.all(ids.map((id) => world.claimNew({ id })));
    const outcomes = await Promise.allSettled(
      claims.map(({ lease }, at) =>
        (at % 2 === 0 ? world.orchestrator : world.rival).releaseTask({
          token: lease.token,
          outcome: 'waiting',
          on: [ids[(at + 1) % RING] ?? ''],
        }),
      ),
    );

    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused, `round ${round}`).toMatchObject([{ reason: { code: 'DEPENDENCY_CYCLE' } }]);
  }
}

const REVIEWER = { agent: OTHER_AGENT, roles: ['reviewer'] };

/** Given: a task in review, and the lease of its reviewer. */
async function reviewed(world: World, id: string): Promise<ClaimRecord> {
  await world.release(await world.claimNew({ id, review: { role: 'reviewer' } }));
  return world.claim(REVIEWER);
}

async function ofReview(world: World): Promise<void> {
  const { lease, task } = await reviewed(world, 'a');
  await addAll(world, { id: 'b', dependsOn: ['a'] }, { id: 'c', dependsOn: ['b'] });

  for (const id of ['a', 'c']) {
    const call = { token: lease.token, outcome: 'waiting' as const, on: [id] };
    const error = await world.changesNothing(() => thrownBy(world.orchestrator.releaseTask(call)));
    expect(error).toMatchObject({ code: 'DEPENDENCY_CYCLE', field: 'on' });
    expect(error.message).toContain(`a → t${task.number}`);
  }
  const holder = await world.claimNew({ id: 'holder' });
  await world.orchestrator.releaseTask({ token: lease.token, outcome: 'waiting', on: ['holder'] });
  const crossed = await thrownBy(world.release(holder, { outcome: 'waiting', on: ['a'] }));
  expect(crossed.message).toContain(`holder → a → t${task.number} → holder`);
}

async function crossedReview(world: World): Promise<void> {
  for (let at = 0; at < RACES; at += 1) {
    const [review, holder] = [await reviewed(world, `a${at}`), await world.claimNew({ id: `b${at}` })];
    const first = (on = world.storage) =>
      world.orchestratorOn(on).releaseTask({ token: review.lease.token, outcome: 'waiting', on: [`b${at}`] });
    const second = (on = world.peer) =>
      world.orchestratorOn(on).releaseTask({ token: holder.lease.token, outcome: 'waiting', on: [`a${at}`] });
    const outcomes = await (at % 2 === 0
      ? race(
          world.storage,
          (on) => settled(first(on)),
          () => settled(second()),
        )
      : race(
          world.peer,
          (on) => settled(second(on)),
          () => settled(first()),
        ));

    expect(outcomes.toSorted(), `race ${at}`).toEqual(['DEPENDENCY_CYCLE', 'waiting']);
  }
}

/** What came of a release: the status of its task, or the code of the error. */
function settled(call: ReturnType<World['orchestrator']['releaseTask']>): Promise<string> {
  return call.then(
    (reply) => (reply.ok ? reply.status : reply.reason),
    (error: unknown) => (error instanceof OrchestratorError ? error.code : String(error)),
  );
}

async function refused(world: World): Promise<void> {
  await addAll(world, { id: 'b', assignee: OTHER_AGENT }, { id: 'far', namespace: 'other' });
  const { lease } = await world.claimNew({ id: 'a' });
  await world.add({ id: 'c', dependsOn: ['a'] });
  await world.add({ id: 'd', dependsOn: ['b', 'c'] });
  const many = Array.from({ length: LIMITS.dependencies_max + 1 }, (_, at) => `d${at}`);
  const calls: readonly (readonly [string[], string, string])[] = [
    [['b', 'none'], 'DEPENDENCY_NOT_FOUND', 'on[1]'],
    [['t99999'], 'DEPENDENCY_NOT_FOUND', 'on[0]'],
    [['far'], 'DEPENDENCY_NOT_FOUND', 'on[0]'],
    [['a'], 'DEPENDENCY_CYCLE', 'on'],
    [['c'], 'DEPENDENCY_CYCLE', 'on'],
    [['b', 'd'], 'DEPENDENCY_CYCLE', 'on'],
    [many, 'LIMIT_EXCEEDED', 'on'],
  ];

  for (const [on, code, field] of calls) {
    const call = { token: lease.token, outcome: 'waiting', on } as const;
    const error = await world.changesNothing(() => thrownBy(world.orchestrator.releaseTask(call)));
    expect(error).toMatchObject({ code, field });
  }
}

async function restored(world: World): Promise<void> {
  await world.add({ id: 'b' });
  await waiting(world, 'a', ['b']);
  await world.claim({ sessionId: 'b' });

  await closeRestoredLeases(world.storage);

  expect(await world.task('a')).toMatchObject({ status: 'waiting', openDependencies: 1 });
  await end(world, 'b');
  expect(await world.orchestrator.claimTask(claimCall())).toMatchObject({ ok: true, task: { id: 'a' } });
}
