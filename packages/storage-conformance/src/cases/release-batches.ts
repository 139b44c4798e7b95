import type { ClaimRecord } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, claimCall, holderOf, idsOf, inventedToken, OTHER_AGENT, TTL_MS } from '../factories.ts';
import { receiptOf } from '../port.ts';
import type { World } from '../world.ts';

export const releaseBatches = chapter('batches of releases', {
  'of three leases of which one was lost, two end and one is refused, in one command': oneWasLost,
  'sent again, the accepted ones are answered again without a second effect, and the refused one is decided again':
    sentAgain,
  'a batch of which every item is refused leaves no receipt': allRefused,
  'with claimNext it takes several heads, best first, each under a lease of its own': takesSeveral,
  'what the batch uncovers in its own sessions is taken as well, but not what it gave back': uncovers,
  'the head of a session whose lease was lost competes with those of other sessions': lostCompetes,
  'a batch whose leases were all lost takes nothing': lostTakesNothing,
  'a lease of another namespace is refused': otherNamespace,
  'each item may end in its own way': eachItsWay,
  'two batches that name the same leases in opposite order both succeed, and each lease ends once': crossing,
});

function succeeds(claim: ClaimRecord) {
  return { ...holderOf(claim), outcome: 'succeeded' as const };
}

async function three(world: World): Promise<[ClaimRecord, ClaimRecord, ClaimRecord]> {
  return [await world.claimNew(), await world.claimNew(), await world.claimNew()];
}

/** Given: three leases, of which another agent took the second over. */
async function oneTakenOver(world: World): Promise<[ClaimRecord, ClaimRecord, ClaimRecord]> {
  const [first, lost, last] = await three(world);
  world.clock.advance(TTL_MS);
  await world.claim({ sessionId: lost.lease.sessionId, agent: OTHER_AGENT });
  return [first, lost, last];
}

async function oneWasLost(world: World): Promise<void> {
  const claims = await oneTakenOver(world);
  const commandId = world.newCommandId();

  const reply = await world.orchestrator.releaseTasks(claims.map(succeeds), { commandId });

  expect(reply).toMatchObject({
    ok: true,
    items: [
      { ok: true, taskId: claims[0].task.id, status: 'succeeded', repeated: false },
      { ok: false, reason: 'lease_lost', endedBy: 'lease.taken_over', successor: { agent: OTHER_AGENT } },
      { ok: true, taskId: claims[2].task.id, status: 'succeeded', repeated: false },
    ],
    next: [],
  });
  const own = (await world.events()).filter((event) => event.commandId === commandId);
  expect(own.map(({ type, sessionId }) => [type, sessionId])).toEqual([
    ['task.succeeded', claims[0].lease.sessionId],
    ['session.closed', claims[0].lease.sessionId],
    ['lease.refused', claims[1].lease.sessionId],
    ['task.succeeded', claims[2].lease.sessionId],
    ['session.closed', claims[2].lease.sessionId],
  ]);
  expect(await world.task(claims[1].task.id)).toMatchObject({ status: 'running' });
}

/** The refusal of a token that no lease has, in a session that this agent holds. */
function heldBy(agent: string, fence: number) {
  return { ok: false, reason: 'lease_lost', endedBy: null, at: null, successor: { agent, instance: null, fence } };
}

async function sentAgain(world: World): Promise<void> {
  const [first, held, last] = await three(world);
  const items = [
    succeeds(first),
    { token: inventedToken(held.lease.fence), outcome: 'succeeded' as const },
    succeeds(last),
  ];
  const batch = { commandId: world.newCommandId() };
  const once = await world.orchestrator.releaseTasks(items, batch);
  await world.release(held, { outcome: 'released' });
  const { lease } = await world.claim({ sessionId: held.lease.sessionId, agent: OTHER_AGENT });

  const [again, onceMore] = await world.changesNothing(async () => [
    await world.rival.releaseTasks(items, batch),
    await world.orchestrator.releaseTasks(items, batch),
  ]);

  // The session has another holder by now, and the answer names it.
  expect(once.items[1]).toEqual(heldBy(AGENT, held.lease.fence));
  expect(again.items).toEqual([once.items[0], heldBy(OTHER_AGENT, lease.fence), once.items[2]]);
  expect(again.ok).toBe(true);
  expect(onceMore).toEqual(again);
}

async function allRefused(world: World): Promise<void> {
  const [one, two] = await three(world);
  const commandId = world.newCommandId();
  const invented = [one, two].map(({ lease }) => ({ token: inventedToken(lease.fence), outcome: 'released' as const }));

  const reply = await world.changesNothing(() => world.orchestrator.releaseTasks(invented, { commandId }));

  expect(reply).toMatchObject({ ok: false, items: [{ ok: false }, { ok: false }], next: [] });
  expect(await receiptOf(world.peer, commandId)).toBeNull();
}

async function takesSeveral(world: World): Promise<void> {
  const claims = await three(world);
  const [low, high, middle] = [
    await world.add({ priority: 9 }),
    await world.add({ priority: 1 }),
    await world.add({ priority: 5 }),
  ];
  const limited = { agent: AGENT, ttlMs: TTL_MS, limit: 2 };

  const reply = await world.orchestrator.releaseTasks(claims.map(succeeds), { claimNext: limited });

  expect(idsOf(reply.next.map(({ task }) => task))).toEqual(idsOf([high, middle]));
  expect(new Set(reply.next.map(({ lease }) => lease.fence)).size).toBe(2);
  for (const claim of reply.next) expect(await world.rival.heartbeat(holderOf(claim))).toMatchObject({ ok: true });
  expect(await world.task(low.id)).toMatchObject({ status: 'queued' });
}

async function uncovers(world: World): Promise<void> {
  for (const name of ['one', 'two', 'three'])
    await world.addSession(name, [{ title: name }, { title: `${name}, next` }]);
  const reply = await world.orchestrator.claimTasks({ ...claimCall(), limit: 3 });
  if (!reply.ok) throw new Error(reply.reason);
  const [one, two, three] = reply.claims as [ClaimRecord, ClaimRecord, ClaimRecord];

  const { next } = await world.orchestrator.releaseTasks(
    [succeeds(one), { ...holderOf(two), outcome: 'released' }, succeeds(three)],
    { claimNext: { agent: AGENT, limit: 10 } },
  );

  expect(next.map(({ task }) => task.title)).toEqual(['one, next', 'three, next']);
}

async function lostCompetes(world: World): Promise<void> {
  const lost = await world.claimNew();
  world.clock.advance(TTL_MS);
  await world.rival.staleRecovery();
  const held = await world.claimNew({ priority: 1 });
  await world.add({ priority: 9 });

  const { items, next } = await world.orchestrator.releaseTasks([held, lost].map(succeeds), {
    claimNext: { agent: AGENT },
  });

  expect(items).toMatchObject([{ ok: true }, { ok: false, reason: 'lease_lost' }]);
  expect(idsOf(next.map(({ task }) => task))).toEqual([lost.task.id]);
}

async function lostTakesNothing(world: World): Promise<void> {
  const [one, two] = await three(world);
  world.clock.advance(TTL_MS);
  await world.rival.staleRecovery();

  const reply = await world.orchestrator.releaseTasks([one, two].map(succeeds), { claimNext: { agent: AGENT } });

  expect(reply).toMatchObject({ ok: false, next: [] });
  expect(await world.rival.counts()).toMatchObject({ tasks: { queued: 3, running: 0 } });
}

async function otherNamespace(world: World): Promise<void> {
  const here = await world.claimNew();
  const elsewhere = world.orchestratorOn(world.peer, { namespace: 'other' });
  await elsewhere.enqueueTask({});
  const there = await elsewhere.claimTask(claimCall());
  if (!there.ok) throw new Error(there.reason);

  const reply = await world.orchestrator.releaseTasks([here, there].map(succeeds));

  expect(reply.items).toMatchObject([{ ok: true }, { ok: false, reason: 'lease_lost', endedBy: null, at: null }]);
  expect(await elsewhere.heartbeat(holderOf(there))).toMatchObject({ ok: true });
}

async function eachItsWay(world: World): Promise<void> {
  const claims = [...(await three(world)), ...(await three(world))] as [ClaimRecord, ...ClaimRecord[]];
  const endings = [
    { outcome: 'succeeded', result: 1 },
    { outcome: 'failed', error: { message: 'no' } },
    { outcome: 'failed', final: true },
    { outcome: 'released', note: 'later' },
    { outcome: 'handed_off', to: { agent: OTHER_AGENT } },
    { outcome: 'cancelled' },
  ] as const;
  const items = claims.map((claim, at) => ({ ...holderOf(claim), ...(endings[at] ?? endings[0]) }));

  const reply = await world.orchestrator.releaseTasks(items);

  const statuses = ['succeeded', 'scheduled', 'failed', 'queued', 'queued', 'cancelled'];
  expect(reply.items.map((item) => item.ok && item.status)).toEqual(statuses);
  const tasks = await Promise.all(claims.map(({ task }) => world.task(task.id)));
  expect(tasks.map(({ status }) => status)).toEqual(statuses);
}

async function crossing(world: World): Promise<void> {
  for (let round = 0; round < 10; round += 1) {
    const claims = await three(world);
    const items = claims.map(succeeds);

    const replies = await Promise.all([
      world.orchestrator.releaseTasks(items),
      world.rival.releaseTasks(items.toReversed()),
    ]);

    const answers = [...replies[0].items, ...replies[1].items.toReversed()];
    expect(answers.map(({ ok }) => ok)).toEqual(Array.from({ length: 6 }, () => true));
    const first = answers.filter((item) => item.ok && !item.repeated);
    expect(first, `leases that ended in round ${round}`).toHaveLength(3);
  }
}
