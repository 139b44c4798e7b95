import { expect } from 'vitest';
import { LIMITS, type ClaimRecord, type TaskRecord } from '@agent-orchestrator/core';
import { chapter } from '../chapter.ts';
import { AGENT, claimCall, holderOf, OTHER_AGENT } from '../factories.ts';
import { race } from '../interleave.ts';
import { thrownBy } from '../thrown.ts';
import type { World } from '../world.ts';

export const reviews = chapter('reviews', {
  'work that is done waits for its review, which an agent with the role claims and approves': approved,
  'changes bring the work back in its old place, with the notes and its context': changed,
  'changes cancel the other reviews of the round, and tell the reviewer that holds one': othersCancelled,
  'the reviews of a round have numbers of their own, and one claim takes one of them': several,
  'an agent that approved the work claims no other review of the round, and is told so': oneVerdict,
  'of two reviews of a round that an agent holds, it judges one': heldTwo,
  'no review begins for an agent that claims nothing any more, and one that is for it has a legal next step': retired,
  'a review that was for an agent which approved another one is for its role again': backToRole,
  'a review that comes back to an agent which approved another one is for its role': returnedToRole,
  'a hand-off to an agent that approves another review at the same time leaves none without a reviewer':
    handedOffAtOnce,
  'two approvals at once are both counted, and the work succeeds once': approvedAtOnce,
  'an approval and a request for changes at once: the first one stands': judgedAtOnce,
  'a verdict and the cancellation of the work at once: one of them stands': cancelledMeanwhile,
  'a review whose reviewer dies goes to another one': reviewerDies,
  'a review that waits for a task is not cancelled when that one fails': notCancelled,
  'own work does not hide what comes behind it': ownWorkFirst,
  'an agent that held the work is told so, and claims nothing': ownWork,
  'work and its reviews are ended by one release, and what comes next is claimed with it': releasedTogether,
  'work frees what depends on it with its last approval, before that is answered': freedByApproval,
  'work that fails in its last round tells those that depend on it': toldOfLastRound,
});

const TERMS = { role: 'reviewer', approvals: 1 };
const REVIEWER = { agent: OTHER_AGENT, roles: [TERMS.role] };

/** Given: a task whose work is done. */
async function done(world: World, terms = TERMS, sessionId = 'work'): Promise<ClaimRecord> {
  const claim = await world.claimNew({ sessionId, review: terms });
  await world.release(claim, { result: { lines: 12 } });
  return claim;
}

function verdict(world: World, claim: ClaimRecord, outcome: 'approved' | 'changes_requested' = 'approved') {
  return world.rival.releaseTask({ ...holderOf(claim), outcome, ...(outcome !== 'approved' && { note: 'name it' }) });
}

async function reviewsOf(world: World, { id }: { readonly id: string }): Promise<TaskRecord[]> {
  const { items } = await world.rival.listTasks({ limit: 100 });
  return items.filter(({ reviewOf }) => reviewOf?.taskId === id);
}

async function approved(world: World): Promise<void> {
  const { task } = await done(world);
  expect(await world.task(task.id)).toMatchObject({ status: 'in_review', result: { lines: 12 }, attempt: 0 });

  const review = await world.claim(REVIEWER);
  expect(review.task).toMatchObject({
    kind: 'review',
    reviewOf: { taskId: task.id, sessionId: 'work', round: 1, notFor: [AGENT] },
  });
  expect(await verdict(world, review)).toMatchObject({ ok: true, status: 'succeeded' });

  expect(await world.task(task.id)).toMatchObject({ status: 'succeeded', result: { lines: 12 } });
  expect(await world.eventTypes('work')).toEqual([
    'session.opened',
    'task.queued',
    'task.claimed',
    'task.review_requested',
    'task.approved',
  ]);
}

async function changed(world: World): Promise<void> {
  const first = await world.claimNew({ sessionId: 'work', review: TERMS });
  await world.orchestrator.checkpoint({ ...holderOf(first), nextAction: 'write it down' });
  await world.release(first);
  world.clock.advance(1_000);
  await world.add({ sessionId: 'work' });
  await verdict(world, await world.claim(REVIEWER), 'changes_requested');

  const again = await world.claim({ sessionId: 'work' });
  expect(again.task).toMatchObject({ id: first.task.id, note: 'name it', attempt: 1 });
  expect(again.context).toMatchObject({ nextAction: 'write it down' });
  await world.release(again);
  expect((await reviewsOf(world, first.task)).map(({ reviewOf, status }) => [reviewOf?.round, status])).toEqual([
    [1, 'succeeded'],
    [2, 'queued'],
  ]);
}

async function othersCancelled(world: World): Promise<void> {
  const { task } = await done(world, { ...TERMS, approvals: 3 });
  const one = await world.claim(REVIEWER);
  const other = await world.claim({ ...REVIEWER, agent: 'owner' });
  await verdict(world, one, 'changes_requested');

  const found = await reviewsOf(world, task);
  expect(found.map(({ status }) => status).toSorted()).toEqual(['cancelled', 'running', 'succeeded']);
  expect(await world.orchestrator.heartbeat(holderOf(other))).toMatchObject({ ok: true, cancelRequested: true });
  expect(await verdict(world, other)).toMatchObject({ ok: true, status: 'cancelled' });
  expect(await world.task(task.id)).toMatchObject({ status: 'queued', note: 'name it' });
}

async function several(world: World): Promise<void> {
  const { task } = await done(world, { ...TERMS, approvals: 3 });
  const found = await reviewsOf(world, task);
  expect(new Set([task, ...found].map(({ number }) => number)).size).toBe(4);

  const reply = await world.orchestrator.claimTasks({ ...claimCall(REVIEWER), limit: 10 });
  expect(reply.ok && reply.claims.map((one) => one.task.reviewOf?.taskId)).toEqual([task.id]);
}

async function oneVerdict(world: World): Promise<void> {
  const { task } = await done(world, { ...TERMS, approvals: 2 });
  await verdict(world, await world.claim(REVIEWER));
  const other = (await reviewsOf(world, task)).find(({ status }) => status === 'queued');
  const call = claimCall({ ...REVIEWER, sessionId: other?.sessionId ?? '' });
  expect(other?.reviewOf).toMatchObject({ notFor: [AGENT, OTHER_AGENT], judgedBy: [OTHER_AGENT] });

  const refused = await world.changesNothing(() => world.orchestrator.claimTask(call));
  const none = await world.changesNothing(() => world.rival.claimTask(claimCall(REVIEWER)));

  expect(refused).toEqual({ ok: false, reason: 'review_twice', taskId: other?.id, reviewed: task.id });
  expect(none).toMatchObject({ ok: false, reason: 'no_task' });
  await verdict(world, await world.claim({ ...REVIEWER, agent: 'owner' }));
  expect(await world.task(task.id)).toMatchObject({ status: 'succeeded' });
}

async function heldTwo(world: World): Promise<void> {
  const { task } = await done(world, { ...TERMS, approvals: 2 });
  const one = await world.claim(REVIEWER);
  const [free] = (await reviewsOf(world, task)).filter(({ id }) => id !== one.task.id);
  const conditions = (await world.rival.whyTask(free?.id ?? '', REVIEWER))?.conditions;
  expect(conditions?.find(({ name }) => name === 'not_own_work')).toMatchObject({
    holds: true,
    nextStep: expect.stringContaining('one verdict in this round'),
  });
  const other = await world.claim(REVIEWER);
  await verdict(world, one);

  const errors = await world.changesNothing(async () => [
    await thrownBy(verdict(world, other)),
    await thrownBy(verdict(world, other, 'changes_requested')),
  ]);

  expect(errors).toMatchObject([{ code: 'REVIEW_TWICE' }, { code: 'REVIEW_TWICE' }]);
  await world.release(other, { outcome: 'released' });
  await verdict(world, await world.claim({ ...REVIEWER, agent: 'owner' }));
  expect((await world.task(task.id)).review?.approved.map(({ agent }) => agent)).toEqual([OTHER_AGENT, 'owner']);
}

async function retired(world: World): Promise<void> {
  const whoseTurn = async () => (await reviewsOf(world, claim.task)).map(({ assignee, role }) => assignee ?? role);
  await world.orchestrator.registerAgent({ agent: OTHER_AGENT });
  await world.orchestrator.retireAgent({ agent: OTHER_AGENT });
  const claim = await world.claimNew({ review: TERMS, reviewer: OTHER_AGENT });
  await world.release(claim);
  expect(await whoseTurn()).toEqual([TERMS.role]);

  const review = await world.claim({ ...REVIEWER, agent: THIRD });
  await world.release(review, { outcome: 'handed_off', to: { agent: OTHER_AGENT } });
  const asked = await world.rival.whyTask(review.task.id, { agent: THIRD });
  expect(asked?.conditions.find(({ name }) => name === 'addressee')?.nextStep).toContain(
    'orchestrator agent register ',
  );
  await world.orchestrator.registerAgent({ agent: OTHER_AGENT });
  const again = await world.claim({ agent: OTHER_AGENT, sessionId: review.task.sessionId });
  await world.release(again, { outcome: 'handed_off', to: { role: TERMS.role } });
  expect(await whoseTurn()).toEqual([TERMS.role]);
}

const THIRD = 'third-agent';
const BY_MS = 60_000;

/** Given: a round of two reviews. The owner holds one; the id of the other one, which is free, comes with it. */
async function oneHeld(world: World, sessionId = 'work'): Promise<readonly [ClaimRecord, string]> {
  const { task } = await done(world, { ...TERMS, approvals: 2 }, sessionId);
  const held = await world.claim({ ...REVIEWER, agent: 'owner' });
  const free = (await reviewsOf(world, task)).find(({ id }) => id !== held.task.id);
  return [held, free?.id ?? ''];
}

/** The same; it was handed off, and then an agent approves the free one. */
async function handedOff(world: World, to: string, { approvedBy }: { approvedBy: string }): Promise<ClaimRecord> {
  const [held, free] = await oneHeld(world);
  await world.release(held, { outcome: 'handed_off', to: { agent: to }, byMs: BY_MS });
  await verdict(world, await world.claim({ roles: [TERMS.role], agent: approvedBy, sessionId: free }));
  return held;
}

async function saysForWhom(world: World, { task }: ClaimRecord): Promise<string | undefined> {
  const found = await world.rival.whyTask(task.id, { agent: THIRD, roles: [TERMS.role] });
  return found?.conditions.find(({ name }) => name === 'addressee')?.says;
}

async function backToRole(world: World): Promise<void> {
  const review = await handedOff(world, OTHER_AGENT, { approvedBy: OTHER_AGENT });

  expect(await world.task(review.task.id)).toMatchObject({ assignee: null, role: TERMS.role, handedOffBy: null });
  expect(await saysForWhom(world, review)).toBe(
    `Only role ${TERMS.role} may claim it. It was for agent ${OTHER_AGENT}, who has given its verdict in this round.`,
  );
  expect(await world.orchestrator.claimTask(claimCall(REVIEWER))).toMatchObject({ ok: false });
  await verdict(world, await world.claim({ ...REVIEWER, agent: THIRD }));
  expect(await world.task(review.task.reviewOf?.taskId ?? '')).toMatchObject({ status: 'succeeded' });
}

async function returnedToRole(world: World): Promise<void> {
  const review = await handedOff(world, THIRD, { approvedBy: 'owner' });
  expect(await saysForWhom(world, review)).toContain(`It goes back to role ${TERMS.role} at `);
  expect(await world.task(review.task.id)).toMatchObject({ returnsTo: `role:${TERMS.role}` });
  world.clock.advance(BY_MS);

  expect(await world.orchestrator.claimTask(claimCall({ ...REVIEWER, agent: 'owner' }))).toMatchObject({ ok: false });
  expect(await saysForWhom(world, review)).toContain('Agent owner has given its verdict in this round.');
  expect(await world.claim(REVIEWER)).toMatchObject({ task: { id: review.task.id, assignee: null } });
}

async function handedOffAtOnce(world: World): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const [held, free] = await oneHeld(world, `work-${round}`);
    const other = await world.claim({ ...REVIEWER, sessionId: free });
    const handOff = async (on = world.storage): Promise<boolean> => {
      const item = { ...holderOf(held), outcome: 'handed_off' as const, to: { agent: OTHER_AGENT } };
      const outcome = world.orchestratorOn(on).releaseTask(item);
      return outcome.then(({ ok }) => ok).catch(() => false);
    };
    const approve = (on = world.peer) =>
      world.orchestratorOn(on).releaseTask({ ...holderOf(other), outcome: 'approved' });

    const isHandedOff =
      round % 2 === 0
        ? (await race(world.storage, handOff, approve))[0]
        : (await race(world.peer, approve, handOff))[1];
    if (!isHandedOff) await world.release(held, { outcome: 'released' });

    expect(await world.claim({ ...REVIEWER, agent: THIRD })).toMatchObject({ task: { id: held.task.id } });
  }
}

const ROUNDS = 5;

async function twoReviews(world: World, round: number): Promise<readonly [TaskRecord, ClaimRecord, ClaimRecord]> {
  const { task } = await done(world, { ...TERMS, approvals: 2 }, `work-${round}`);
  return [task, await world.claim(REVIEWER), await world.claim({ ...REVIEWER, agent: 'owner' })];
}

async function approvedAtOnce(world: World): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const [task, one, other] = await twoReviews(world, round);
    await Promise.all([
      world.orchestrator.releaseTask({ ...holderOf(one), outcome: 'approved' }),
      world.rival.releaseTask({ ...holderOf(other), outcome: 'approved' }),
    ]);
    expect(await world.task(task.id)).toMatchObject({ status: 'succeeded' });
  }
}

async function judgedAtOnce(world: World): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const [task, one, other] = await twoReviews(world, round);
    await race(
      world.storage,
      (storage) => world.orchestratorOn(storage).releaseTask({ ...holderOf(one), outcome: 'approved' }),
      () => verdict(world, other, 'changes_requested'),
    );
    expect(await world.task(task.id)).toMatchObject({ status: 'queued', note: 'name it' });
    const open = (await reviewsOf(world, task)).filter(({ status }) => status === 'queued' || status === 'running');
    expect(open).toEqual([]);
    await world.orchestrator.cancelTask({ taskId: task.id });
  }
}

async function cancelledMeanwhile(world: World): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const { task } = await done(world, TERMS, `work-${round}`);
    const review = await world.claim(REVIEWER);
    const [cancelling] = await race(
      world.storage,
      (storage) => world.orchestratorOn(storage).cancelTask({ taskId: task.id }),
      () => verdict(world, review),
    );
    expect(await world.task(task.id)).toMatchObject({ status: cancelling.ok ? 'cancelled' : 'succeeded' });
  }
}

async function reviewerDies(world: World): Promise<void> {
  const { task } = await done(world);
  const dead = await world.claim(REVIEWER);
  world.clock.advance(dead.lease.ttlMs + dead.lease.staleAfterMs);

  const next = await world.claim({ ...REVIEWER, agent: 'owner' });
  expect(next.task).toMatchObject({ id: dead.task.id, interruptions: 1 });
  expect(await verdict(world, dead)).toMatchObject({ ok: false, reason: 'lease_lost' });
  await verdict(world, next);
  expect(await world.task(task.id)).toMatchObject({ status: 'succeeded' });
}

async function notCancelled(world: World): Promise<void> {
  const { task } = await done(world);
  const review = await world.claim(REVIEWER);
  const other = await world.claimNew({ id: 'other' });
  const waits = { ...holderOf(review), outcome: 'waiting' as const, on: ['other'] };

  const error = await world.changesNothing(() =>
    thrownBy(world.rival.releaseTask({ ...waits, onDependencyFailure: 'cancel' })),
  );
  await world.rival.releaseTask(waits);
  await world.release(other, { outcome: 'failed', final: true });

  expect(error).toMatchObject({ code: 'INVALID_INPUT', field: 'onDependencyFailure' });
  expect((await reviewsOf(world, task)).map(({ status }) => status)).toEqual(['waiting']);
}

async function ownWorkFirst(world: World): Promise<void> {
  for (let round = 0; round < 20; round += 1) await done(world, TERMS, `work-${round}`);
  world.clock.advance(1);
  const foreign = await world.claimNew({ sessionId: 'foreign', review: TERMS }, { agent: OTHER_AGENT });
  await world.release(foreign);

  const claim = await world.claim({ roles: [TERMS.role] });
  expect(claim.task.reviewOf).toMatchObject({ taskId: foreign.task.id });
  expect(await world.orchestrator.whyAgent(AGENT, { roles: [TERMS.role] })).toMatchObject({
    claimable: false,
    next: [],
  });
}

async function ownWork(world: World): Promise<void> {
  const { task } = await done(world);
  const [review] = await reviewsOf(world, task);
  const call = claimCall({ roles: [TERMS.role], sessionId: review?.sessionId ?? '' });

  const refused = await world.changesNothing(() => world.orchestrator.claimTask(call));
  expect(refused).toEqual({ ok: false, reason: 'review_own_work', taskId: review?.id, holders: [AGENT] });
  const none = await world.changesNothing(() => world.orchestrator.claimTask(claimCall({ roles: [TERMS.role] })));
  expect(none).toMatchObject({ ok: false, reason: 'no_task' });
}

async function releasedTogether(world: World): Promise<void> {
  const { task } = await done(world);
  const review = await world.claim(REVIEWER);
  const work = await world.claimNew({ sessionId: 'other', review: TERMS }, { agent: 'owner' });
  await world.add({ sessionId: 'next' });

  const reply = await world.orchestrator.releaseTasks(
    [
      { ...holderOf(review), outcome: 'approved' },
      { ...holderOf(work), outcome: 'succeeded' },
    ],
    { claimNext: { agent: OTHER_AGENT, roles: [TERMS.role], limit: 5 } },
  );

  expect(reply.items).toMatchObject([{ status: 'succeeded' }, { status: 'in_review' }]);
  expect(await world.task(task.id)).toMatchObject({ status: 'succeeded' });
  expect(reply.next.map((one) => one.lease.sessionId)).toContain('next');
}

async function freedByApproval(world: World): Promise<void> {
  const claim = await world.claimNew({ sessionId: 'work', review: { ...TERMS, approvals: 2 } });
  await world.add({ id: 'next', dependsOn: [claim.task.id] });
  await world.release(claim);
  const one = await world.claim(REVIEWER);
  const other = await world.claim({ ...REVIEWER, agent: 'owner' });

  await verdict(world, one);
  expect(await world.task('next')).toMatchObject({ status: 'blocked', openDependencies: 1 });
  await verdict(world, other);

  expect(await world.task('next')).toMatchObject({ status: 'queued', openDependencies: 0 });
  const end = (await world.events({ sessionId: 'work', types: ['task.approved'] })).at(-1);
  expect((await world.events({ taskId: 'next', types: ['task.dependency_ended'] }))[0]?.payload).toMatchObject({
    dependency: claim.task.id,
    status: 'succeeded',
    seq: end?.seq,
  });
}

async function toldOfLastRound(world: World): Promise<void> {
  const { id } = await world.add({ sessionId: 'work', review: TERMS });
  await world.add({ id: 'next', dependsOn: [id], onDependencyFailure: 'cancel' });
  for (let round = 1; round <= LIMITS.review_rounds_max; round += 1) {
    expect((await world.task('next')).status).toBe('blocked');
    await world.release(await world.claim({ sessionId: 'work' }));
    await verdict(world, await world.claim(REVIEWER), 'changes_requested');
  }

  expect((await world.task(id)).status).toBe('failed');
  expect((await world.task('next')).status).toBe('cancelled');
}
