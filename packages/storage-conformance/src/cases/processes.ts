import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { ChildOrchestrator } from '../child/child-orchestrator.ts';
import { AGENT, claimCall, holderOf, OTHER_AGENT, TTL_MS } from '../factories.ts';
import { claimed, type World } from '../world.ts';

export const processes = chapter(
  'several processes',
  {
    'of three processes that claim one session at once, exactly one wins, in 100 rounds': oneWins,
    'two processes that send one command at once have one effect and one answer': oneCommand,
    'two processes that enqueue one dedupe key at once make one task': oneDedupeKey,
    'what a killed process held is recovered, with all it had been told was saved': killed,
    'a watcher is told within a second of what another process changed': told,
  },
  { needs: 'child', timeoutMs: 60_000 },
);

async function twoChildren(world: World): Promise<[ChildOrchestrator, ChildOrchestrator]> {
  return Promise.all([ChildOrchestrator.start(world), ChildOrchestrator.start(world)]);
}

async function oneWins(world: World): Promise<void> {
  const [first, second] = await twoChildren(world);
  for (let round = 0; round < 100; round += 1) {
    const { sessionId } = await world.add();

    const replies = await Promise.all([
      first.call('claimTask', claimCall({ sessionId, agent: 'first' })),
      second.call('claimTask', claimCall({ sessionId, agent: 'second' })),
      world.orchestrator.claimTask(claimCall({ sessionId, agent: 'third' })),
    ]);

    const winners = replies.flatMap((reply) => (reply.ok ? [reply.lease.agent] : []));
    expect(winners, `winners of round ${round}`).toHaveLength(1);
    expect(await world.session(sessionId)).toMatchObject({ agent: winners[0] });
  }
}

async function oneCommand(world: World): Promise<void> {
  const [first, second] = await twoChildren(world);
  for (let round = 0; round < 10; round += 1) {
    await world.add();
    const call = claimCall(world.newIdentity());

    const [one, other] = await Promise.all([first.call('claimTask', call), second.call('claimTask', call)]);

    expect(one).toMatchObject({ ok: true });
    expect(other).toEqual(one);
  }
  expect(await world.events({ types: ['task.claimed'] })).toHaveLength(10);
}

async function oneDedupeKey(world: World): Promise<void> {
  const [first, second] = await twoChildren(world);
  for (let round = 0; round < 10; round += 1) {
    const dedupeKey = `pull/${round}`;

    const replies = await Promise.all([
      first.call('enqueueTask', { dedupeKey }),
      second.call('enqueueTask', { dedupeKey }),
    ]);

    expect(replies.map(({ outcome }) => outcome).toSorted()).toEqual(['duplicate', 'enqueued']);
    expect(replies[0].task).toEqual(replies[1].task);
  }
}

async function killed(world: World): Promise<void> {
  const child = await ChildOrchestrator.start(world);
  const { id } = await world.add();
  const held = claimed(await child.call('claimTask', claimCall({ agent: OTHER_AGENT })));
  await child.call('checkpoint', { ...holderOf(held), nextAction: 'continue here' });

  await child.kill();

  world.clock.advance(TTL_MS);
  const next = await world.claim({ agent: AGENT });
  expect(next).toMatchObject({ task: { id, interruptions: 1 }, context: { turn: 1, nextAction: 'continue here' } });
}

async function told(world: World): Promise<void> {
  const child = await ChildOrchestrator.start(world);
  const called = Promise.withResolvers<void>();
  const tooLate = Promise.withResolvers<never>();
  const stop = await world.peer.watch(called.resolve);

  await child.call('enqueueTask', {});
  const timer = setTimeout(() => tooLate.reject(new Error('the watcher was not told within a second')), 1_000);

  await Promise.race([called.promise, tooLate.promise]);
  clearTimeout(timer);
  await stop();
}
