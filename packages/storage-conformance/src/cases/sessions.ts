import { LIMITS } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, claimCall, holderOf } from '../factories.ts';
import type { World } from '../world.ts';

export const sessions = chapter('sessions open and close', {
  'a task without a session gets one of its own, with its id': ownSession,
  'an own session closes when its task ends for good, not while it is tried again': ownSessionCloses,
  'an own session into which more work was put stays open': ownSessionStays,
  'a session with a name of its own stays open when its last task ends': namedStays,
  'an enqueue opens a closed session again, with its context': enqueueReopens,
  'a retry opens a closed session again': retryReopens,
  'closing an idle session without waiting tasks closes it': closesEmpty,
  'a held session is not closed: the answer names its holder, and says until when': closeBusy,
  'a session in which tasks wait is not closed unless they are to be cancelled': closeNotEmpty,
  'closing cancels what waits, however much it is': closeCancels,
  'closing twice changes nothing more, and an unknown session is not found': closeTwice,
});

async function ownSession(world: World): Promise<void> {
  const task = await world.add();

  const session = await world.session(task.id);

  expect(task.sessionId).toBe(task.id);
  expect(session).toMatchObject({ status: 'idle', tasksOpen: 1, headTaskId: task.id, createdAt: world.clock.now });
}

async function ownSessionCloses(world: World): Promise<void> {
  const { sessionId } = await world.add({ backoffMs: 0 });

  await world.release(await world.claim({ sessionId }), { outcome: 'failed' });
  const afterFailure = await world.session(sessionId);
  await world.release(await world.claim({ sessionId }));
  const afterSuccess = await world.session(sessionId);

  expect(afterFailure).toMatchObject({ status: 'idle', tasksOpen: 1 });
  expect(afterSuccess).toMatchObject({ status: 'closed', tasksOpen: 0, headTaskId: null });
  expect((await world.events()).at(-1)).toMatchObject({ type: 'session.closed', payload: { reason: 'task_ended' } });
}

async function ownSessionStays(world: World): Promise<void> {
  const { id } = await world.add();
  const more = await world.add({ sessionId: id, priority: 9 });

  await world.release(await world.claim({ sessionId: id }));

  expect(await world.session(id)).toMatchObject({ status: 'idle', tasksOpen: 1, headTaskId: more.id });
}

async function namedStays(world: World): Promise<void> {
  await world.addSession('branch');

  await world.release(await world.claim({ sessionId: 'branch' }));

  expect(await world.session('branch')).toMatchObject({ status: 'idle', tasksOpen: 0, headTaskId: null });
  expect(await world.orchestrator.claimTask(claimCall({ sessionId: 'branch' }))).toMatchObject({ reason: 'no_task' });
}

async function enqueueReopens(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.orchestrator.checkpoint({ ...holderOf(claim), memoryRef: 'git:abc' });
  await world.release(claim);

  const task = await world.add({ sessionId: claim.lease.sessionId });

  const next = await world.claim();
  expect(next).toMatchObject({ task: { id: task.id }, context: { turn: 1, memoryRef: 'git:abc' } });
  expect(await world.events({ types: ['session.opened'] })).toHaveLength(2);
}

async function retryReopens(world: World): Promise<void> {
  const { id } = await world.add();
  await world.orchestrator.cancelTask({ taskId: id });
  const closed = await world.session(id);

  await world.rival.retryTask({ taskId: id });

  expect(closed).toMatchObject({ status: 'closed', tasksOpen: 0 });
  expect(await world.session(id)).toMatchObject({ status: 'idle', tasksOpen: 1, headTaskId: id });
}

async function closesEmpty(world: World): Promise<void> {
  await world.addSession('branch');
  await world.release(await world.claim());

  const reply = await world.rival.closeSession({ sessionId: 'branch' });

  expect(reply).toEqual({ ok: true, cancelled: 0, more: false });
  expect(await world.session('branch')).toMatchObject({ status: 'closed' });
  expect((await world.events()).at(-1)).toMatchObject({ type: 'session.closed', payload: { reason: 'requested' } });
}

async function closeBusy(world: World): Promise<void> {
  const { lease } = await world.claimNew({}, { instance: 'run-1' });

  const reply = await world.changesNothing(() =>
    world.rival.closeSession({ sessionId: lease.sessionId, cancelTasks: true }),
  );

  expect(reply).toEqual({
    ok: false,
    reason: 'busy',
    heldBy: { agent: AGENT, instance: 'run-1' },
    until: lease.expiresAt,
  });
}

async function closeNotEmpty(world: World): Promise<void> {
  await world.addSession('branch', [{}, { delayMs: 60_000 }]);

  const reply = await world.changesNothing(() => world.rival.closeSession({ sessionId: 'branch' }));

  expect(reply).toEqual({ ok: false, reason: 'not_empty', waiting: 2 });
}

async function closeCancels(world: World): Promise<void> {
  const count = LIMITS.sweep_page_max * 2 + 1;
  const tasks = Array.from({ length: count }, (_, at) => ({ sessionId: 'branch', delayMs: at % 2 }));
  await world.orchestrator.enqueueTasks(tasks);

  const reply = await world.rival.closeSession({ sessionId: 'branch', cancelTasks: true });

  expect(reply).toEqual({ ok: true, cancelled: count, more: false });
  expect(await world.session('branch')).toMatchObject({ status: 'closed', tasksOpen: 0, headTaskId: null });
  expect(await world.rival.counts()).toMatchObject({ tasks: { cancelled: count, queued: 0, scheduled: 0 } });
}

async function closeTwice(world: World): Promise<void> {
  await world.addSession('branch');
  await world.rival.closeSession({ sessionId: 'branch', cancelTasks: true });

  const replies = await world.changesNothing(async () => [
    await world.orchestrator.closeSession({ sessionId: 'branch' }),
    await world.orchestrator.closeSession({ sessionId: 'nowhere' }),
  ]);

  expect(replies).toEqual([
    { ok: true, cancelled: 0, more: false },
    { ok: false, reason: 'not_found' },
  ]);
}
