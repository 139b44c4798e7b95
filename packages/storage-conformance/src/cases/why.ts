import type { Condition, WhyClaimant } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import {
  AGENT,
  claimCall,
  evidenceAgainst,
  OTHER_AGENT,
  PROCESS,
  STALE_AFTER_MS,
  TTL_MS,
  type ClaimCall,
  type TaskCall,
} from '../factories.ts';
import { withoutSettling } from '../without-settling.ts';
import type { World } from '../world.ts';

export const why = chapter('why', {
  'a task at the head of a free session is claimable, and the claim is granted': claimable,
  'a task that is not due says when it is, and is claimable from then on': notDue,
  'a task behind another names it': behind,
  'a task of a held session says by whom and until when; at its expiry a claim takes it over': held,
  'a task whose holder was seen to be dead is claimable at once, and says what was seen': dead,
  'a task for another, or of another kind, says so': forOthers,
  'a task that has ended, or was asked to be cancelled, says so': ended,
  'of many dependencies, the one that did not succeed is named': dependencyOfMany,
  'a task can be claimed whose dependencies have succeeded, though it is not told of it yet': notToldYet,
  'a session says what a claim of it would be about': session,
  'an agent sees what it holds, and what a claim would give it': agent,
  'an agent that would get nothing sees what keeps the queued tasks from it': obstacles,
  'what comes due counts, in a session and between sessions': comingDue,
  'asking why changes nothing': changesNothing,
});

/** The names of the conditions that do not hold. */
function missing(conditions: readonly Condition[]): string[] {
  return conditions.flatMap(({ name, holds }) => (holds ? [] : [name]));
}

async function whyTask(world: World, id: string, forWhom: WhyClaimant = { agent: AGENT }) {
  const found = await world.rival.whyTask(id, forWhom);
  if (found === null) throw new Error(`there is no task ${id}`);
  expect(found.claimable, 'claimable is that every condition holds').toBe(missing(found.conditions).length === 0);
  return found;
}

/** Given: a task, and (but for its own) one in a session. */
async function addTask(world: World, task: TaskCall = {}): Promise<string> {
  return (await world.add({ sessionId: 'branch', ...task })).id;
}

async function grantedTo(world: World, call: Partial<ClaimCall> = {}): Promise<string | null> {
  const reply = await world.orchestrator.claimTask(claimCall(call));
  return reply.ok ? reply.task.id : null;
}

async function claimable(world: World): Promise<void> {
  const id = await addTask(world);

  const found = await whyTask(world, id);

  expect(found).toMatchObject({ claimable: true, task: { id, status: 'queued' }, holder: null, headsBefore: 0 });
  expect(found.conditions.map(({ name }) => name)).toEqual([
    'not_ended',
    'due',
    'not_held',
    'first_in_queue',
    'addressee',
    'kind',
    'not_cancelled',
    'attempts_left',
    'clock_settled',
  ]);
  expect(await world.rival.whyTask('none')).toBeNull();
  expect(await grantedTo(world)).toBe(id);
}

async function notDue(world: World): Promise<void> {
  const id = await addTask(world, { delayMs: 60_000 });
  const runAt = world.clock.now + 60_000;

  const before = await whyTask(world, id);
  world.clock.advanceTo(runAt);
  const then = await whyTask(world, id);

  expect([before.claimable, missing(before.conditions)]).toEqual([false, ['due']]);
  expect(before.conditions.find(({ name }) => name === 'due')?.changesAt).toBe(runAt);
  expect(then.claimable).toBe(true);
  expect(await grantedTo(world)).toBe(id);
}

async function behind(world: World): Promise<void> {
  const [first, second] = [await addTask(world), await addTask(world, { priority: 9 })];

  const { conditions } = await whyTask(world, second);

  expect(missing(conditions)).toEqual(['first_in_queue']);
  expect(conditions.find(({ name }) => name === 'first_in_queue')?.says).toContain(
    `t${(await world.task(first)).number}`,
  );
  expect(await grantedTo(world, { sessionId: 'branch' })).toBe(first);
}

async function held(world: World): Promise<void> {
  const claim = await world.claimNew({ sessionId: 'branch' }, { agent: OTHER_AGENT, instance: 'run-1' });
  const { expiresAt, fence } = claim.lease;
  const staleAt = world.clock.now + Math.max(TTL_MS, STALE_AFTER_MS);

  const early = await whyTask(world, claim.task.id);
  world.clock.advanceTo(expiresAt);
  const late = await whyTask(world, claim.task.id);

  const [grant] = await world.events({ types: ['task.claimed'] });
  expect([early.claimable, missing(early.conditions)]).toEqual([false, ['not_held']]);
  expect(early.holder).toMatchObject({ agent: OTHER_AGENT, instance: 'run-1', fence, expiresAt, staleAt });
  expect(early.leases).toMatchObject([{ fence, agent: OTHER_AGENT, eventId: grant?.id }]);
  expect(early.conditions.find(({ name }) => name === 'not_held')).toMatchObject({
    changesAt: expiresAt,
    events: [grant?.id],
    nextStep: expect.stringContaining('claim --session branch'),
  });
  expect(late.claimable).toBe(true);
  expect(await grantedTo(world, { sessionId: 'branch' })).toBe(claim.task.id);
}

async function dead(world: World): Promise<void> {
  const claim = await world.claimNew({ sessionId: 'branch' }, { agent: OTHER_AGENT, process: PROCESS });
  const { fence } = claim.lease;
  const evidence = [{ ...evidenceAgainst(claim), observed: 'the process is gone' }];
  const ofAnother = [evidenceAgainst(claim, { ...PROCESS, pid: PROCESS.pid + 1 })];

  const unseen = await whyTask(world, claim.task.id, { agent: AGENT, evidence: ofAnother });
  const found = await whyTask(world, claim.task.id, { agent: AGENT, evidence });
  const session = await world.rival.whySession('branch', { agent: AGENT, evidence });
  const [alone, recovered] = [await world.rival.whyAgent(AGENT), await world.rival.whyAgent(AGENT, { evidence })];

  expect(missing(unseen.conditions)).toEqual(['not_held']);
  expect(found.claimable).toBe(true);
  expect(found.conditions.find(({ name }) => name === 'not_held')).toMatchObject({
    says: expect.stringContaining('the process is gone'),
    changesAt: null,
    nextStep: expect.stringContaining('claim --session branch` takes it over at once'),
  });
  expect(session).toMatchObject({ claimable: true, task: { id: claim.task.id }, holder: { fence } });
  expect([alone.claimable, recovered.claimable]).toEqual([false, true]);
  expect(recovered.next).toMatchObject([{ id: claim.task.id }]);
  expect(await grantedTo(world, { sessionId: 'branch', evidence })).toBe(claim.task.id);
}

async function forOthers(world: World): Promise<void> {
  const theirs = (await world.add({ assignee: OTHER_AGENT })).id;
  const ofRole = (await world.add({ role: 'reviewer' })).id;
  const plain = (await world.add({ kind: 'build' })).id;
  const missed = async (id: string, forWhom?: WhyClaimant) => missing((await whyTask(world, id, forWhom)).conditions);

  expect(await missed(theirs)).toEqual(['addressee']);
  expect(await missed(theirs, { agent: OTHER_AGENT })).toEqual([]);
  expect(await missed(theirs, {}), 'without an agent it is asked for any agent that fits').toEqual([]);
  expect(await missed(ofRole)).toEqual(['addressee']);
  expect(await missed(ofRole, { agent: AGENT, roles: ['reviewer'] })).toEqual([]);
  expect(await missed(ofRole, {})).toEqual([]);
  expect(await missed(plain, { agent: AGENT, kinds: ['test'] })).toEqual(['kind']);
  expect(await missed(plain, { agent: AGENT, kinds: ['test', 'build'] })).toEqual([]);
}

async function ended(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.orchestrator.cancelTask({ taskId: claim.task.id });
  const asked = await whyTask(world, claim.task.id);
  await world.release(claim, { outcome: 'cancelled' });
  const over = await whyTask(world, claim.task.id);

  const log = await world.events();
  const idsOf = (type: string) => log.filter((event) => event.type === type).map(({ id }) => id);
  expect(missing(asked.conditions)).toEqual(['not_held', 'not_cancelled']);
  expect(asked.conditions.find(({ name }) => name === 'not_cancelled')?.events).toEqual(idsOf('task.cancel_requested'));
  expect(over.conditions).toMatchObject([{ name: 'not_ended', holds: false, events: idsOf('task.cancelled') }]);
  expect(over.conditions[0]?.nextStep).toContain('task retry');
}

async function dependencyOfMany(world: World): Promise<void> {
  const many = Array.from({ length: 120 }, (_, at) => `m${String(at).padStart(3, '0')}`);
  await world.orchestrator.enqueueTasks([...many.map((id) => ({ id })), { id: 'last', dependsOn: many }]);
  const claims = await world.orchestrator.claimTasks({ ...claimCall(), limit: many.length });
  if (!claims.ok) throw new Error('nothing was claimed');
  await world.orchestrator.releaseTasks(
    claims.claims.map(({ task, lease: { token } }) =>
      task.id === 'm119' ? { token, outcome: 'cancelled' as const } : { token, outcome: 'succeeded' as const },
    ),
  );

  const found = await whyTask(world, 'last');

  expect(found.conditions.find(({ name }) => name === 'dependencies_ended')).toMatchObject({
    holds: false,
    says: expect.stringContaining('m119 (cancelled)'),
    nextStep: expect.stringContaining('m119'),
  });
}

async function notToldYet(world: World): Promise<void> {
  await world.orchestrator.enqueueTasks([{ id: 'a' }, { id: 'b', dependsOn: ['a'] }]);
  const claim = await world.claim({ sessionId: 'a' });
  const crashing = world.orchestratorOn(withoutSettling(world.storage));
  await crashing.releaseTask({ token: claim.lease.token, outcome: 'succeeded' });

  const found = await whyTask(world, 'b');

  expect(found).toMatchObject({ claimable: true, task: { status: 'blocked' } });
  await world.claim({ sessionId: 'b' });
}

async function session(world: World): Promise<void> {
  const [first] = await world.addSession('branch', [{}, { delayMs: 60_000 }]);
  const dueAt = world.clock.now - 1 + 60_000;
  const of = async () => {
    const found = await world.rival.whySession('branch', { agent: AGENT });
    return { ...found, missing: missing(found?.conditions ?? []) };
  };

  const free = await of();
  const claim = await world.claim();
  const busy = await of();
  await world.release(claim);
  const waiting = await of();
  await world.orchestrator.closeSession({ sessionId: 'branch', cancelTasks: true });
  const closed = await of();

  expect(free).toMatchObject({ claimable: true, missing: [], task: { id: first?.id } });
  expect(busy).toMatchObject({ claimable: false, missing: ['not_held'], holder: { agent: AGENT } });
  expect(waiting).toMatchObject({ claimable: false, missing: ['has_task'], task: null });
  expect(waiting.conditions?.find(({ name }) => name === 'has_task')?.changesAt).toBe(dueAt);
  expect(closed).toMatchObject({ claimable: false, missing: ['session_open', 'has_task'] });
  expect(closed.conditions?.[0]?.events).toEqual(
    (await world.events({ types: ['session.closed'] })).map(({ id }) => id),
  );
  expect(await world.rival.whySession('none')).toBeNull();
}

async function agent(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.add({ priority: 9 });
  const best = await world.add({ priority: 1 });

  const found = await world.rival.whyAgent(AGENT);

  expect(found).toMatchObject({
    claimable: true,
    holds: [{ sessionId: claim.lease.sessionId, taskId: claim.task.id, fence: claim.lease.fence }],
    next: [{ id: best.id }, { priority: 9 }],
    obstacles: [],
  });
  expect(await grantedTo(world)).toBe(best.id);
}

async function obstacles(world: World): Promise<void> {
  await world.claimNew({ sessionId: 'branch' }, { agent: OTHER_AGENT });
  const waits = await addTask(world);
  const theirs = (await world.add({ assignee: OTHER_AGENT })).id;
  world.clock.advance(1);
  await world.add({ assignee: OTHER_AGENT });
  const soon = await world.add({ delayMs: 5_000 });

  const found = await world.rival.whyAgent(AGENT);

  expect(found).toMatchObject({ claimable: false, holds: [], next: [], nextDueAt: soon.runAt });
  expect(found.obstacles).toHaveLength(2);
  expect(found.obstacles).toEqual(
    expect.arrayContaining([
      { condition: 'not_held', count: 1, taskId: waits },
      { condition: 'addressee', count: 2, taskId: theirs },
    ]),
  );
  expect(await grantedTo(world)).toBeNull();
}

async function comingDue(world: World): Promise<void> {
  const [later, urgent] = await world.addSession('branch', [{}, { delayMs: 5_000, priority: 0 }]);
  const alone = await world.add({ delayMs: 5_000, priority: 1 });
  world.clock.advance(10_000);

  const [first, second] = [await whyTask(world, urgent?.id ?? ''), await whyTask(world, later?.id ?? '')];
  const found = await world.rival.whyAgent(AGENT);

  expect([first.claimable, first.headsBefore]).toEqual([true, 0]);
  expect(missing(second.conditions)).toEqual(['first_in_queue']);
  expect((await whyTask(world, alone.id)).headsBefore).toBe(1);
  expect(found.next.map(({ id }) => id)).toEqual([urgent?.id, alone.id]);
  expect([await grantedTo(world), await grantedTo(world)]).toEqual([urgent?.id, alone.id]);
}

async function changesNothing(world: World): Promise<void> {
  const claim = await world.claimNew({ sessionId: 'branch' }, { agent: OTHER_AGENT });
  await addTask(world, { delayMs: 1_000 });
  world.clock.advance(TTL_MS + STALE_AFTER_MS);

  await world.changesNothing(async () => {
    await whyTask(world, claim.task.id);
    await world.rival.whySession('branch', { agent: AGENT });
    await world.rival.whyAgent(AGENT);
  });

  expect(await grantedTo(world)).toBe(claim.task.id);
}
