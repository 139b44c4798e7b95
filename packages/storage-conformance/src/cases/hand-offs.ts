import { LIMITS, type ClaimRecord } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, claimCall, holderOf, idsOf, OTHER_AGENT } from '../factories.ts';
import { race } from '../interleave.ts';
import { load } from '../port.ts';
import type { World } from '../world.ts';

export const handOffs = chapter('hand-offs', {
  'a handed-off task says by whom and since when until it is claimed, and the claim says so in the log': acknowledged,
  'the list of handed-off tasks has those that wait for their receiver, and those that came back': listed,
  'a task that is not claimed in time goes back to the agent that handed it off': goesBack,
  'until then it is for the receiver alone, and afterwards for the sender alone': oneSide,
  'a claim by name takes it back first, and so does a recovery': settledFirst,
  'it goes back at that time and not before, and no claim in time is too late': inTime,
  'what goes back is done by time, then by id, in pages': inOrder,
  'the storage shows what is due in that order, up to the limit, with its sessions': dueInOrder,
  'the storage tells a claim and a recovery that something is due, and only in their namespace': tellsDue,
  'what another unit of work has locked is left to it, and no claim waits for it': lockedElsewhere,
  'two processes that take tasks back at once do each of them once': backOnce,
  'cancelling or closing ends a hand-off, and so does another one': ended,
  'a clock that was set back keeps no task away longer than its time': setBack,
  'what was handed off before the clock went ahead and back keeps its time': beforeJump,
  'the preview of a claim knows of it before it is done, for both sides': previewed,
});

const HOUR_MS = 3_600_000;
const BY_MS = 60_000;
const RECEIVER = { agent: OTHER_AGENT };

/** Given: a task that was handed off. */
async function handedOff(world: World, more: object = {}, task: object = {}): Promise<ClaimRecord> {
  const claim = await world.claimNew(task);
  await world.release(claim, { outcome: 'handed_off', to: RECEIVER, note: 'your turn', ...more });
  return claim;
}

/** Given: so many of them, in sessions of their own, each to go back at one of these times. */
async function handedOffFor(world: World, byMs: readonly number[]): Promise<string[]> {
  await world.orchestrator.enqueueTasks(byMs.map((_, at) => ({ id: `task-${String(at).padStart(4, '0')}` })));
  const reply = await world.orchestrator.claimTasks({ ...claimCall(), limit: byMs.length });
  if (!reply.ok) throw new Error(reply.reason);
  const items = reply.claims.map((claim, at) => ({
    ...holderOf(claim),
    outcome: 'handed_off' as const,
    to: RECEIVER,
    byMs: byMs[at] ?? 1,
  }));
  await world.orchestrator.releaseTasks(
    items.map(({ token, outcome, to, byMs: ms }) => ({ token, outcome, to, byMs: ms })),
  );
  return idsOf(reply.claims.map(({ task }) => task));
}

async function acknowledged(world: World): Promise<void> {
  const { task } = await handedOff(world);
  const waiting = await world.task(task.id);
  world.clock.advance(5);

  const claim = await world.claim(RECEIVER);

  expect(waiting).toMatchObject({ handedOffBy: AGENT, handedOffAt: world.clock.now - 5, returnAt: null });
  expect(claim.task).toMatchObject({ id: task.id, handedOffBy: null, handedOffAt: null });
  const grants = (await world.events()).filter(({ type }) => type === 'task.claimed');
  expect(grants.map(({ payload }) => payload)).toEqual([
    expect.not.objectContaining({ handed_off_by: expect.anything() }),
    expect.objectContaining({ handed_off_by: AGENT }),
  ]);
}

async function listed(world: World): Promise<void> {
  await world.add();
  const taken = await handedOff(world);
  await world.claim({ ...RECEIVER, sessionId: taken.task.sessionId });
  const waiting = await handedOff(world);
  const back = await handedOff(world, { byMs: BY_MS });
  world.clock.advance(BY_MS);
  await world.rival.staleRecovery();

  const { items } = await world.peer.read.tasks({ namespace: 'default', handedOff: true, limit: 10 });
  const [first] = items;
  const rest = await world.peer.read.tasks({ namespace: 'default', handedOff: true, after: first?.id, limit: 10 });

  expect(idsOf(items)).toEqual([waiting.task.id, back.task.id].toSorted());
  expect(idsOf(items)).not.toContain(taken.task.id);
  expect(rest.items).toEqual(items.slice(1));
}

async function goesBack(world: World): Promise<void> {
  const { task } = await handedOff(world, { byMs: BY_MS });
  world.clock.advance(BY_MS);

  const claim = await world.claim();

  expect(claim.task).toMatchObject({ id: task.id, assignee: AGENT, note: 'your turn', attempt: 1, returnedFrom: null });
  const back = (await world.events()).find(({ type }) => type === 'task.handed_back');
  expect(back).toMatchObject({
    taskId: task.id,
    agent: null,
    payload: { assignee: AGENT, role: null, returned_from: `agent:${OTHER_AGENT}`, return_at: world.clock.now },
  });
}

async function oneSide(world: World): Promise<void> {
  const { task } = await handedOff(world, { byMs: BY_MS });

  const early = await world.orchestrator.claimTask(claimCall());
  world.clock.advance(BY_MS);
  const late = await world.orchestrator.claimTask(claimCall(RECEIVER));

  expect([early, late]).toMatchObject([{ reason: 'no_task' }, { reason: 'no_task' }]);
  expect(await world.task(task.id)).toMatchObject({
    assignee: AGENT,
    handedOffBy: AGENT,
    returnAt: null,
    returnedFrom: `agent:${OTHER_AGENT}`,
  });
  expect(await world.claim()).toMatchObject({ task: { id: task.id } });
}

async function settledFirst(world: World): Promise<void> {
  const first = await handedOff(world, { byMs: BY_MS }, { sessionId: 'branch' });
  world.clock.advance(BY_MS);
  const byName = await world.orchestrator.claimTask(claimCall({ sessionId: 'branch', ...RECEIVER }));
  const second = await handedOff(world, { byMs: BY_MS });
  world.clock.advance(BY_MS);

  await world.rival.staleRecovery();

  expect(byName).toMatchObject({ ok: false, reason: 'no_task' });
  for (const { task } of [first, second]) expect(await world.task(task.id)).toMatchObject({ assignee: AGENT });
}

async function inTime(world: World): Promise<void> {
  const { task } = await handedOff(world, { byMs: BY_MS });
  world.clock.advance(BY_MS - 1);
  await world.changesNothing(() => world.rival.staleRecovery());

  const claim = await world.claim(RECEIVER);
  world.clock.advance(1);
  await world.changesNothing(() => world.orchestrator.claimTask(claimCall({ agent: 'third-agent' })));

  expect(claim.task).toMatchObject({ id: task.id, returnAt: null });
}

async function inOrder(world: World): Promise<void> {
  const count = LIMITS.sweep_page_max + 1;
  const ids = await handedOffFor(
    world,
    Array.from({ length: count }, (_, at) => (at % 3) + 1),
  );
  world.clock.advance(3);

  await world.rival.staleRecovery();

  const events = (await world.events({ types: ['task.handed_back'] })).map(({ taskId }) => taskId);
  const expected = [0, 1, 2].flatMap((rest) => ids.toSorted().filter((id) => ids.indexOf(id) % 3 === rest));
  expect(events).toEqual(expected);
}

async function dueInOrder(world: World): Promise<void> {
  const ids = await handedOffFor(world, [2, 3, 2, 1, 9]);
  world.clock.advance(3);

  const { tasks, sessions } = await load(world.storage, { by: 'due', namespace: 'default', limit: 3 });

  const first = [3, 0, 2].map((at) => ids[at]);
  expect(idsOf(tasks)).toEqual(first);
  expect(new Map(sessions.map(({ session, head }) => [session.id, head?.id]))).toEqual(
    new Map(first.map((id) => [id, id])),
  );
}

async function tellsDue(world: World): Promise<void> {
  const { task } = await handedOff(world, { byMs: BY_MS }, { sessionId: 'branch' });
  await world.add({ sessionId: 'other-branch' });
  const filter = { addressees: [''], limit: 1 };
  const isDue = async (namespace: string) => {
    const scopes = [
      { by: 'ready', namespace, staleLimit: 0, ...filter },
      { by: 'stale', namespace, limit: 1 },
      { by: 'sessions', namespace, sessions: [{ sessionId: 'other-branch' }] },
      { by: 'sessions', namespace, sessions: [{ fence: 1 }], nextReady: filter },
    ] as const;
    const told: boolean[] = [];
    for (const scope of scopes) told.push((await load(world.storage, scope)).isDue);
    return told;
  };

  const before = await isDue('default');
  world.clock.advance(BY_MS);

  expect(before).toEqual([false, false, false, false]);
  expect(await isDue('default')).toEqual([true, true, true, true]);
  expect(await isDue('elsewhere')).toEqual([false, false, false, false]);
  await world.orchestrator.cancelTask({ taskId: task.id });
  expect(await isDue('default')).toEqual([false, false, false, false]);
}

async function lockedElsewhere(world: World): Promise<void> {
  await handedOff(world, { byMs: BY_MS }, { sessionId: 'branch' });
  const other = await handedOff(world, { byMs: BY_MS });
  world.clock.advance(BY_MS);

  const [closed] = await race(
    world.storage,
    (storage) => world.orchestratorOn(storage).closeSession({ sessionId: 'branch', cancelTasks: true }),
    () => world.rival.staleRecovery(),
  );

  expect(closed).toMatchObject({ ok: true, cancelled: 1 });
  expect(await world.task(other.task.id)).toMatchObject({ assignee: AGENT, returnAt: null });
  expect(await world.session('branch')).toMatchObject({ status: 'closed', tasksOpen: 0 });
}

async function backOnce(world: World): Promise<void> {
  const ids = await handedOffFor(
    world,
    Array.from({ length: 30 }, () => 1),
  );
  world.clock.advance(1);

  await Promise.all([world.orchestrator, world.rival].map((one) => one.staleRecovery()));
  await world.orchestrator.staleRecovery();

  const events = await world.events({ types: ['task.handed_back'] });
  expect(events).toHaveLength(ids.length);
  expect(new Set(events.map(({ taskId }) => taskId))).toEqual(new Set(ids));
}

async function ended(world: World): Promise<void> {
  const none = { handedOffBy: null, handedOffAt: null, returnAt: null, returnedFrom: null };
  const cancelled = await handedOff(world, { byMs: BY_MS });
  await world.orchestrator.cancelTask({ taskId: cancelled.task.id });
  const closed = await handedOff(world, { byMs: BY_MS }, { sessionId: 'branch' });
  await world.orchestrator.closeSession({ sessionId: 'branch', cancelTasks: true });
  const passedOn = await handedOff(world, { byMs: BY_MS });
  const held = await world.claim(RECEIVER);
  await world.release(held, { outcome: 'handed_off', to: { role: 'reviewer' } });
  world.clock.advance(BY_MS);
  await world.changesNothing(() => world.rival.staleRecovery());

  for (const { task } of [cancelled, closed]) expect(await world.task(task.id)).toMatchObject(none);
  expect(await world.task(passedOn.task.id)).toMatchObject({
    handedOffBy: OTHER_AGENT,
    handedOffAt: world.clock.now - BY_MS,
    returnAt: null,
    role: 'reviewer',
  });
  await world.orchestrator.retryTask({ taskId: cancelled.task.id });
  expect(await world.task(cancelled.task.id)).toMatchObject({ ...none, status: 'queued' });
}

async function setBack(world: World): Promise<void> {
  world.clock.setWall(9 * HOUR_MS);
  const { task } = await handedOff(world, { byMs: BY_MS });
  world.clock.setWall(-9 * HOUR_MS);

  await world.rival.staleRecovery();
  const returnAt = world.clock.now + BY_MS;
  const moved = await world.task(task.id);
  world.clock.advance(BY_MS);
  const claim = await world.claim();

  expect(moved).toMatchObject({ returnAt, handedOffAt: returnAt - BY_MS, assignee: OTHER_AGENT });
  expect(claim.task.id).toBe(task.id);
  const types = (await world.events()).map(({ type }) => type).filter((type) => type.startsWith('task.'));
  expect(types).toEqual([
    'task.queued',
    'task.claimed',
    'task.handed_off',
    'task.return_rescheduled',
    'task.handed_back',
    'task.claimed',
  ]);
}

async function beforeJump(world: World): Promise<void> {
  const { task } = await handedOff(world, { byMs: BY_MS });
  const returnAt = world.clock.now + BY_MS;
  world.clock.setWall(9 * HOUR_MS);
  world.clock.setWall(-9 * HOUR_MS);

  await world.rival.staleRecovery();

  expect(await world.task(task.id)).toMatchObject({ returnAt, handedOffAt: returnAt - BY_MS });
}

async function previewed(world: World): Promise<void> {
  const { task } = await handedOff(world, { byMs: BY_MS });
  const ask = async (agent: string) => ({
    any: await world.rival.whyAgent(agent),
    it: await world.rival.whyTask(task.id, { agent }),
  });

  const before = await world.changesNothing(async () => [await ask(AGENT), await ask(OTHER_AGENT)]);
  world.clock.advance(BY_MS);
  const after = await world.changesNothing(async () => [await ask(AGENT), await ask(OTHER_AGENT)]);

  const claimable = (all: typeof before) => all.map(({ any, it }) => [any.claimable, it?.claimable]);
  expect(claimable(before)).toEqual([
    [false, false],
    [true, true],
  ]);
  expect(claimable(after)).toEqual([
    [true, true],
    [false, false],
  ]);
  const addressee = before[0]?.it?.conditions.find(({ name }) => name === 'addressee');
  expect(addressee).toMatchObject({ holds: false, changesAt: world.clock.now });

  // The agent that asks has the name that it gives, also where others are registered and it is not.
  await world.orchestrator.registerAgent({ agent: 'registered' });
  const told = async (agent: string) =>
    (await world.rival.whyTask(task.id, { agent }))?.conditions.find(({ name }) => name === 'addressee')?.says;
  expect(await told(AGENT)).not.toContain('No agent has this name.');
  expect(await told('registered')).toContain('No agent has this name.');
  expect((await world.claim()).task.id).toBe(task.id);
}
