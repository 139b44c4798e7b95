import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, claimCall, evidenceAgainst, holderOf, OTHER_AGENT, PROCESS, TTL_MS } from '../factories.ts';
import type { World } from '../world.ts';

export const resume = chapter('resume, and the same agent twice', {
  'a restarted agent takes its session back at once if the old holder recorded no process': noProcess,
  'while the old process may be alive, it is told so': previousAlive,
  'proof that the old process is gone lets it resume at once': provenGone,
  'half a TTL without a heartbeat lets it resume': silent,
  'without a session it takes back the one it holds, the longest held first': takesBackOwn,
  'a claim of many takes back as many as asked for': takesBackMany,
  'holding nothing, it claims the best head': nothingHeld,
  'the context is handed over, and the lost lease is charged as an interruption': handsOver,
  'the old instance is fenced like any other': oldInstanceFenced,
  'without resume the same agent is kept out like any other': withoutResume,
  'resume does not help another agent': anotherAgent,
  'what this very run holds is no leftover of an earlier one': ownRun,
  'where what it held does not fit, it is given back, and the best of the rest is claimed': nothingFits,
  'two instances of one agent work side by side in different sessions': sideBySide,
});

async function noProcess(world: World): Promise<void> {
  const old = await world.claimNew({}, { instance: 'run-1' });

  const reply = await world.rival.claimTask(
    claimCall({ sessionId: old.lease.sessionId, instance: 'run-2', resume: true }),
  );

  expect(reply).toMatchObject({
    ok: true,
    task: { id: old.task.id },
    takeover: { from: { agent: AGENT, instance: 'run-1', fence: old.lease.fence }, reason: 'resumed' },
  });
  expect((await world.events()).at(-2)).toMatchObject({ type: 'lease.taken_over', payload: { reason: 'resumed' } });
}

async function ownRun(world: World): Promise<void> {
  const { lease } = await world.claimNew({}, { instance: 'run-1' });

  const replies = await world.changesNothing(async () => [
    await world.orchestrator.claimTask(claimCall({ instance: 'run-1', resume: true })),
    await world.orchestrator.claimTask(claimCall({ sessionId: lease.sessionId, instance: 'run-1', resume: true })),
  ]);

  expect(replies).toMatchObject([{ reason: 'no_task' }, { reason: 'busy', why: 'held' }]);
}

async function nothingFits(world: World): Promise<void> {
  const old = await world.claimNew({ kind: 'write' }, { instance: 'run-1' });
  const other = await world.add({ kind: 'review' });

  const reply = await world.orchestrator.claimTask(claimCall({ instance: 'run-2', resume: true, kinds: ['review'] }));

  expect(reply).toMatchObject({ ok: true, task: { id: other.id }, takeover: null });
  expect(await world.session(old.lease.sessionId)).toMatchObject({ status: 'idle', headTaskId: old.task.id });
}

async function previousAlive(world: World): Promise<void> {
  const old = await world.claimNew({}, { instance: 'run-1', process: PROCESS });
  world.clock.advance(TTL_MS / 2 - 1);

  const replies = await world.changesNothing(async () => [
    await world.rival.claimTask(claimCall({ sessionId: old.lease.sessionId, instance: 'run-2', resume: true })),
    await world.rival.claimTask(claimCall({ instance: 'run-2', resume: true })),
  ]);

  const alive = {
    ok: false,
    reason: 'busy',
    why: 'previous_alive',
    sessionId: old.lease.sessionId,
    heldBy: { agent: AGENT, instance: 'run-1' },
    until: old.lease.expiresAt,
  };
  expect(replies).toEqual([alive, alive]);
}

async function provenGone(world: World): Promise<void> {
  const evidence = [evidenceAgainst(await world.claimNew({}, { process: PROCESS }))];

  const reply = await world.rival.claimTask(claimCall({ resume: true, evidence }));

  expect(reply).toMatchObject({ ok: true, takeover: { reason: 'resumed' } });
}

async function silent(world: World): Promise<void> {
  const { lease } = await world.claimNew({}, { process: PROCESS });
  world.clock.advance(TTL_MS / 2);

  const reply = await world.rival.claimTask(claimCall({ sessionId: lease.sessionId, resume: true }));

  expect(reply).toMatchObject({ ok: true, takeover: { reason: 'resumed' } });
}

async function takesBackOwn(world: World): Promise<void> {
  const first = await world.claimNew({ priority: 9 });
  await world.claimNew({ priority: 1 });
  await world.claimNew({ priority: 0 }, { agent: OTHER_AGENT });
  await world.add({ priority: 0 });

  const reply = await world.claim({ resume: true, instance: 'run-2' });

  expect(reply).toMatchObject({ task: { id: first.task.id }, takeover: { reason: 'resumed' } });
}

async function takesBackMany(world: World): Promise<void> {
  const held = [await world.claimNew(), await world.claimNew(), await world.claimNew()];

  const reply = await world.rival.claimTasks({ ...claimCall({ resume: true }), limit: 2 });

  if (!reply.ok) throw new Error(reply.reason);
  expect(reply.claims.map(({ task }) => task.id)).toEqual(held.slice(0, 2).map(({ task }) => task.id));
  expect(await world.session(held[2]?.lease.sessionId ?? '')).toMatchObject({ fence: held[2]?.lease.fence });
}

async function nothingHeld(world: World): Promise<void> {
  await world.claimNew({}, { agent: OTHER_AGENT });
  const waiting = await world.add();

  const claim = await world.claim({ resume: true });

  expect(claim).toMatchObject({ task: { id: waiting.id }, takeover: null });
}

async function handsOver(world: World): Promise<void> {
  const old = await world.claimNew();
  await world.orchestrator.checkpoint({ ...holderOf(old), turn: 12, memoryRef: 'git:abc' });

  const next = await world.claim({ resume: true });

  expect(next).toMatchObject({ context: { turn: 12, memoryRef: 'git:abc' }, task: { attempt: 1, interruptions: 1 } });
}

async function oldInstanceFenced(world: World): Promise<void> {
  const old = await world.claimNew({}, { instance: 'run-1' });
  const next = await world.claim({ resume: true, instance: 'run-2' });

  const reply = await world.orchestrator.heartbeat({ ...holderOf(old), instance: 'run-1' });

  expect(reply).toMatchObject({
    ok: false,
    reason: 'lease_lost',
    endedBy: 'lease.taken_over',
    successor: { agent: AGENT, instance: 'run-2', fence: next.lease.fence },
  });
}

async function withoutResume(world: World): Promise<void> {
  const { lease } = await world.claimNew();

  const reply = await world.changesNothing(() =>
    world.rival.claimTask(claimCall({ sessionId: lease.sessionId, instance: 'run-2' })),
  );

  expect(reply).toMatchObject({ ok: false, reason: 'busy', why: 'held' });
}

async function anotherAgent(world: World): Promise<void> {
  const { lease } = await world.claimNew();

  const named = await world.changesNothing(() =>
    world.rival.claimTask(claimCall({ sessionId: lease.sessionId, agent: OTHER_AGENT, resume: true })),
  );
  const any = await world.changesNothing(() => world.rival.claimTask(claimCall({ agent: OTHER_AGENT, resume: true })));

  expect(named).toMatchObject({ ok: false, reason: 'busy', why: 'held' });
  expect(any).toMatchObject({ ok: false, reason: 'no_task' });
}

async function sideBySide(world: World): Promise<void> {
  await world.add();
  await world.add();

  const one = await world.claim({ instance: 'run-1' });
  const two = await world.claim({ instance: 'run-2' });

  expect(one.lease.sessionId).not.toBe(two.lease.sessionId);
  expect(await world.release(one, { instance: 'run-1' })).toMatchObject({ ok: true });
  expect(await world.release(two, { instance: 'run-2' })).toMatchObject({ ok: true });
}
