import { DEFAULTS, type Enqueued } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, claimCall, holderOf, inventedToken, OTHER_AGENT } from '../factories.ts';
import { nothing } from '../port.ts';
import { thrownBy } from '../thrown.ts';
import type { World } from '../world.ts';

export const groupCommit = chapter('group commit', {
  'commands of one turn take effect in the order in which they were sent': inOrder,
  'an answer comes only when every connection can see its effect': visibleWhenAnswered,
  'a refusal among them harms no other': refusalHarmsNone,
  'an error among them harms no other, and undoes its own part alone': errorHarmsNone,
  'whatever a decision throws reaches its caller alone': throwReachesCaller,
  'two commands on one session are decided one after the other': twoOnOneSession,
  'a claim sees what was released before it in the same turn': claimAfterRelease,
  'a refused release that would claim next is decided before the claims that were sent after it': refusedBeforeClaims,
  'claims of one turn get fences and tokens of their own, and different sessions': claimsOfOneTurn,
  'one dedupe key sent many times in one turn makes one task': oneDedupeKey,
  'one command id sent many times in one turn has one effect': oneCommandId,
  'both connections at once, each with many commands, lose none': bothConnections,
});

const MANY = 30;

function times<T>(count: number, make: (at: number) => T): T[] {
  return Array.from({ length: count }, (_, at) => make(at));
}

async function inOrder(world: World): Promise<void> {
  await Promise.all(times(MANY, (at) => world.orchestrator.enqueueTask({ id: `task-${at}` })));

  const queued = await world.events({ types: ['task.queued'] });
  expect(queued.map(({ taskId }) => taskId)).toEqual(times(MANY, (at) => `task-${at}`));
}

async function visibleWhenAnswered(world: World): Promise<void> {
  const seen = await Promise.all(
    times(MANY, async (at) => {
      await world.orchestrator.enqueueTask({ id: `task-${at}` });
      return world.rival.getTask(`task-${at}`);
    }),
  );

  expect(seen.map((task) => task?.id)).toEqual(times(MANY, (at) => `task-${at}`));
}

async function refusalHarmsNone(world: World): Promise<void> {
  const held = await world.claimNew();

  const [first, busy, lost, last] = await Promise.all([
    world.orchestrator.enqueueTask({ id: 'first' }),
    world.orchestrator.claimTask(claimCall({ sessionId: held.lease.sessionId, agent: OTHER_AGENT })),
    world.orchestrator.heartbeat({ token: inventedToken(held.lease.fence) }),
    world.orchestrator.enqueueTask({ id: 'last' }),
  ]);

  expect([first, busy, lost, last]).toMatchObject([
    { ok: true },
    { reason: 'busy' },
    { reason: 'lease_lost' },
    { ok: true },
  ]);
  expect(await world.rival.counts()).toMatchObject({ tasks: { queued: 2, running: 1 } });
}

async function errorHarmsNone(world: World): Promise<void> {
  await world.add({ id: 'taken' });

  const [first, error, last] = await Promise.all([
    world.orchestrator.enqueueTask({ id: 'first' }),
    thrownBy(world.orchestrator.enqueueTasks([{ id: 'undone' }, { id: 'taken' }])),
    world.orchestrator.enqueueTask({ id: 'last' }),
  ]);

  expect([first, last]).toMatchObject([{ outcome: 'enqueued' }, { outcome: 'enqueued' }]);
  expect(error).toMatchObject({ code: 'TASK_EXISTS' });
  expect(await world.rival.getTask('undone')).toBeNull();
  expect(await world.rival.counts()).toMatchObject({ tasks: { queued: 3 } });

  // A claim that is refused by an error leaves what it found to the one after it.
  await world.orchestrator.registerAgent({ agent: AGENT, roles: ['reviewer'] });
  for (let left = 0; left < 2; left += 1) await world.claim();
  const [refused, claimed] = await Promise.all([
    thrownBy(world.orchestrator.claimTask(claimCall({ roles: ['builder'] }))),
    world.orchestrator.claimTask(claimCall({ agent: OTHER_AGENT, roles: ['builder'] })),
  ]);
  expect(refused).toMatchObject({ code: 'ROLE_NOT_HELD' });
  expect(claimed).toMatchObject({ ok: true });
}

async function throwReachesCaller(world: World): Promise<void> {
  const thrown = new Error('thrown by the decision');
  const scope = { by: 'task', namespace: DEFAULTS.namespace, taskId: 'none' } as const;

  const [first, caught, last, other] = await Promise.allSettled([
    world.orchestrator.enqueueTask({ id: 'first' }),
    world.storage.transact(scope, () => {
      throw thrown;
    }),
    world.orchestrator.enqueueTask({ id: 'last' }),
    world.storage.transact(scope, () => nothing('an answer')),
  ]);

  expect(caught).toEqual({ status: 'rejected', reason: thrown });
  expect(other).toEqual({ status: 'fulfilled', value: 'an answer' });
  expect([first.status, last.status]).toEqual(['fulfilled', 'fulfilled']);
  expect(await world.rival.counts()).toMatchObject({ tasks: { queued: 2 } });
}

async function twoOnOneSession(world: World): Promise<void> {
  const claim = await world.claimNew();

  const [checkpoint, release, late, again] = await Promise.all([
    world.orchestrator.checkpoint({ ...holderOf(claim), nextAction: 'continue' }),
    world.orchestrator.releaseTask({ ...holderOf(claim), outcome: 'released' }),
    world.orchestrator.checkpoint(holderOf(claim)),
    world.orchestrator.releaseTask({ ...holderOf(claim), outcome: 'released' }),
  ]);

  expect(checkpoint).toMatchObject({ ok: true, turn: 1 });
  expect(release).toMatchObject({ ok: true, status: 'queued', repeated: false });
  expect(late).toMatchObject({ ok: false, reason: 'lease_lost', endedBy: 'task.released' });
  expect(again).toMatchObject({ ok: true, repeated: true });
}

async function claimAfterRelease(world: World): Promise<void> {
  await world.addSession('branch', [{}, {}]);
  const claim = await world.claim({ sessionId: 'branch' });

  const [release, next, loser] = await Promise.all([
    world.orchestrator.releaseTask({ ...holderOf(claim), outcome: 'succeeded' }),
    world.orchestrator.claimTask(claimCall({ sessionId: 'branch' })),
    world.orchestrator.claimTask(claimCall({ sessionId: 'branch', agent: OTHER_AGENT })),
  ]);

  expect(release).toMatchObject({ ok: true });
  expect(next).toMatchObject({ ok: true, lease: { agent: AGENT } });
  expect(loser).toMatchObject({ ok: false, reason: 'busy', heldBy: { agent: AGENT } });
}

async function refusedBeforeClaims(world: World): Promise<void> {
  await world.addSession('branch', [{ priority: 1 }]);
  await world.addSession('other', [{ priority: 2 }]);
  const lost = await world.claim({ sessionId: 'branch', agent: AGENT });
  await world.orchestrator.releaseTask({ ...holderOf(lost), outcome: 'released' });

  const [queued, refused, claim] = await Promise.all([
    world.orchestrator.enqueueTask({ id: 'apart', sessionId: 'apart', delayMs: 60_000 }),
    world.orchestrator.releaseTask({ ...holderOf(lost), outcome: 'succeeded', claimNext: { agent: AGENT } }),
    world.orchestrator.claimTask(claimCall({ sessionId: 'branch', agent: OTHER_AGENT })),
  ]);

  expect([queued.outcome, claim.ok]).toEqual(['enqueued', true]);
  expect(refused).toMatchObject({ ok: false, reason: 'lease_lost', endedBy: 'task.released' });
  expect(refused).not.toHaveProperty('successor');
}

async function claimsOfOneTurn(world: World): Promise<void> {
  await world.orchestrator.enqueueTasks(times(MANY, () => ({})));

  const claims = await Promise.all(times(MANY + 5, () => world.orchestrator.claimTask(claimCall())));

  const granted = claims.flatMap((reply) => (reply.ok ? [reply.lease] : []));
  expect(granted).toHaveLength(MANY);
  expect(new Set(granted.map(({ sessionId }) => sessionId)).size).toBe(MANY);
  expect(new Set(granted.map(({ fence }) => fence)).size).toBe(MANY);
  expect(new Set(granted.map(({ token }) => token)).size).toBe(MANY);
}

async function oneDedupeKey(world: World): Promise<void> {
  const replies = await Promise.all(times(10, () => world.orchestrator.enqueueTask({ dedupeKey: 'once' })));

  expect(replies.filter(({ outcome }) => outcome === 'enqueued')).toHaveLength(1);
  expect(new Set(replies.map(({ task }) => task.id)).size).toBe(1);
}

async function oneCommandId(world: World): Promise<void> {
  await world.orchestrator.enqueueTasks([{}, {}, {}]);
  const call = claimCall(world.newIdentity());

  const replies = await Promise.all(times(5, () => world.orchestrator.claimTask(call)));

  expect(replies[0]).toMatchObject({ ok: true });
  expect(replies).toEqual(times(5, () => replies[0]));
  expect(await world.rival.counts()).toMatchObject({ tasks: { running: 1, queued: 2 } });
}

async function bothConnections(world: World): Promise<void> {
  const work = times(MANY, async (at): Promise<Enqueued> => {
    const orchestrator = at % 2 === 0 ? world.orchestrator : world.rival;
    const enqueued = await orchestrator.enqueueTask({ sessionId: `session-${at % 7}` });
    const claim = await orchestrator.claimTask(claimCall());
    if (claim.ok) await orchestrator.releaseTask({ ...holderOf(claim), outcome: 'succeeded' });
    return enqueued;
  });

  const replies = await Promise.all(work);

  expect(new Set(replies.map(({ task }) => task.id)).size).toBe(MANY);
  const { tasks } = await world.rival.counts();
  expect(tasks.succeeded + tasks.queued).toBe(MANY);
}
