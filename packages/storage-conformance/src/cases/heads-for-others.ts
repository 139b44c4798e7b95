import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, claimCall, idsOf, OTHER_AGENT } from '../factories.ts';
import type { World } from '../world.ts';

export const headsForOthers = chapter('order: heads for others', {
  'a claim with kinds takes only heads of those kinds': kinds,
  'a task for an agent is claimed by that agent alone': assignee,
  'a task for a role is claimed by any agent that has the role': role,
  'what waits for any agent, for this agent and for its roles is one queue': merged,
  'more urgent heads for others, or of other kinds, do not hide the one that fits': notHidden,
  'a head for another blocks its session, for claims by name too': blocks,
  'a task handed off to an agent waits for it, with the note': handedOffToAgent,
  'a task handed off to a role waits for it': handedOffToRole,
});

async function kinds(world: World): Promise<void> {
  const [review, build, test] = [
    await world.add({ kind: 'review' }),
    await world.add({ kind: 'build', priority: 6 }),
    await world.add({ kind: 'test', priority: 7 }),
  ];

  const chosen = await world.claim({ kinds: ['test', 'build'] });
  const next = await world.claim({ kinds: ['test', 'build'] });
  const none = await world.orchestrator.claimTask(claimCall({ kinds: ['test', 'build'] }));

  expect([chosen.task.id, next.task.id]).toEqual(idsOf([build, test]));
  expect(none).toMatchObject({ ok: false, reason: 'no_task' });
  expect(await world.task(review.id)).toMatchObject({ status: 'queued' });
}

async function assignee(world: World): Promise<void> {
  const task = await world.add({ assignee: OTHER_AGENT });

  const refused = await world.changesNothing(() => world.orchestrator.claimTask(claimCall({ roles: [OTHER_AGENT] })));
  const claim = await world.claim({ agent: OTHER_AGENT });

  expect(refused).toMatchObject({ ok: false, reason: 'no_task' });
  expect(claim.task.id).toBe(task.id);
}

async function role(world: World): Promise<void> {
  const task = await world.add({ role: 'reviewer' });

  const refused = await world.changesNothing(() => world.orchestrator.claimTask(claimCall({ agent: 'reviewer' })));
  const claim = await world.claim({ roles: ['builder', 'reviewer'] });

  expect(refused).toMatchObject({ ok: false, reason: 'no_task' });
  expect(claim.task.id).toBe(task.id);
}

async function merged(world: World): Promise<void> {
  const added = [
    await world.add({ role: 'reviewer', priority: 3 }),
    await world.add({ priority: 1 }),
    await world.add({ assignee: AGENT, priority: 2 }),
    await world.add({ assignee: AGENT, priority: 4, kind: 'build' }),
    await world.add({ assignee: OTHER_AGENT, priority: 0 }),
  ];

  const reply = await world.orchestrator.claimTasks({ ...claimCall({ roles: ['reviewer'] }), limit: 10 });

  if (!reply.ok) throw new Error(reply.reason);
  expect(idsOf(reply.claims.map(({ task }) => task))).toEqual([1, 2, 0, 3].map((at) => added[at]?.id));
}

async function notHidden(world: World): Promise<void> {
  const others = Array.from({ length: 40 }, (_, at) =>
    at % 2 === 0 ? { assignee: OTHER_AGENT, priority: 0 } : { role: 'reviewer', priority: 0, kind: 'build' },
  );
  await world.orchestrator.enqueueTasks([...others, { kind: 'review', priority: 1 }, { kind: 'build', priority: 9 }]);

  const build = await world.claim({ kinds: ['build'] });
  const any = await world.claim();

  expect([build.task.priority, any.task.priority]).toEqual([9, 1]);
}

async function blocks(world: World): Promise<void> {
  await world.addSession('branch', [{ kind: 'review', assignee: OTHER_AGENT }, { kind: 'build' }]);

  const replies = await world.changesNothing(async () => [
    await world.orchestrator.claimTask(claimCall()),
    await world.orchestrator.claimTask(claimCall({ sessionId: 'branch' })),
    await world.orchestrator.claimTask(claimCall({ agent: OTHER_AGENT, kinds: ['build'] })),
    await world.orchestrator.claimTask(claimCall({ sessionId: 'branch', agent: OTHER_AGENT, kinds: ['build'] })),
  ]);

  expect(replies.map((reply) => !reply.ok && reply.reason)).toEqual(['no_task', 'no_task', 'no_task', 'no_task']);
}

async function handedOffToAgent(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.release(claim, { outcome: 'handed_off', to: { agent: OTHER_AGENT }, note: 'needs your key' });

  const refused = await world.orchestrator.claimTask(claimCall());
  const next = await world.claim({ agent: OTHER_AGENT });

  expect(refused).toMatchObject({ ok: false, reason: 'no_task' });
  expect(next.task).toMatchObject({ id: claim.task.id, assignee: OTHER_AGENT, role: null, note: 'needs your key' });
}

async function handedOffToRole(world: World): Promise<void> {
  const claim = await world.claimNew({ assignee: AGENT });
  await world.release(claim, { outcome: 'handed_off', to: { role: 'reviewer' } });

  const refused = await world.orchestrator.claimTask(claimCall());
  const next = await world.claim({ agent: OTHER_AGENT, roles: ['reviewer'] });

  expect(refused).toMatchObject({ ok: false, reason: 'no_task' });
  expect(next.task).toMatchObject({ id: claim.task.id, assignee: null, role: 'reviewer', note: null, attempt: 1 });
}
