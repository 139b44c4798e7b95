import { expect } from 'vitest';
import type { ClaimRecord } from '@agent-orchestrator/core';
import { chapter } from '../chapter.ts';
import { claimCall, holderOf, TTL_MS } from '../factories.ts';
import { race } from '../interleave.ts';
import type { World } from '../world.ts';

export const recoveryRaces = chapter('stale recovery: races', {
  'heartbeat and recovery at once: the lease is renewed or recovered, never both': heartbeatAgainstRecovery,
  'release and recovery at once: the lease is closed once, and the other one is told': releaseAgainstRecovery,
  'checkpoint and takeover at once: the context is saved by the holder, or refused, never lost':
    checkpointAgainstTakeover,
  'two recoverers at once never recover one session twice': twoRecoverers,
  'recovery and takeover at once: the task is charged one interruption': recoveryAgainstTakeover,
});

const ROUNDS = 10;

/** A race about an expired lease. Answers what took it over, if anything did. */
type Race = (claim: ClaimRecord, round: number) => Promise<ClaimRecord | null>;

/** Ten expired leases, each lost or kept in a race of its own; the rounds take turns in which of the two begins. */
async function rounds(world: World, race: Race): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const claim = await world.claimNew();
    world.clock.advance(TTL_MS);
    const taken = await race(claim, round);
    await endWhatIsLeft(world, taken ?? claim);
  }
}

async function endWhatIsLeft(world: World, claim: ClaimRecord): Promise<void> {
  const { fence } = await world.session(claim.lease.sessionId);
  if (fence !== null) expect(await world.release(claim)).toMatchObject({ ok: true });
  await world.orchestrator.cancelTask({ taskId: claim.task.id });
}

async function heartbeatAgainstRecovery(world: World): Promise<void> {
  await rounds(world, async (claim, round) => {
    const heartbeat = () => world.orchestrator.heartbeat(holderOf(claim));

    const early = round % 2 === 0 ? heartbeat() : null;
    const recovery = world.rival.staleRecovery();
    const [beat, { recovered }] = await Promise.all([early ?? heartbeat(), recovery]);

    expect(recovered).toHaveLength(beat.ok ? 0 : 1);
    return null;
  });
}

async function releaseAgainstRecovery(world: World): Promise<void> {
  await rounds(world, async (claim) => {
    const [release, { recovered }] = await race(
      world.storage,
      (storage) => world.orchestratorOn(storage).releaseTask({ ...holderOf(claim), outcome: 'succeeded' }),
      () => world.rival.staleRecovery(),
    );

    expect(recovered).toHaveLength(release.ok ? 0 : 1);
    const endings = (await world.events({ sessionId: claim.lease.sessionId })).filter(
      ({ leaseEffect }) => leaseEffect === 'ended',
    );
    expect(endings).toHaveLength(1);
    return null;
  });
}

async function checkpointAgainstTakeover(world: World): Promise<void> {
  await rounds(world, async (claim) => {
    const { sessionId } = claim.lease;

    const [saved, taken] = await race(
      world.storage,
      (storage) => world.orchestratorOn(storage).checkpoint({ ...holderOf(claim), nextAction: 'here' }),
      () => world.rival.claimTask(claimCall({ sessionId })),
    );

    expect([saved.ok, taken.ok].filter(Boolean), 'the checkpoint renewed the lease, or it was lost').toHaveLength(1);
    if (saved.ok) expect(await world.session(sessionId)).toMatchObject({ context: { nextAction: 'here' } });
    if (taken.ok) expect(taken.context).toBeNull();
    return taken.ok ? taken : null;
  });
}

async function twoRecoverers(world: World): Promise<void> {
  await rounds(world, async (claim) => {
    const replies = await Promise.all([world.orchestrator.staleRecovery(), world.rival.staleRecovery()]);

    expect(replies.flatMap(({ recovered }) => recovered)).toHaveLength(1);
    expect(await world.task(claim.task.id)).toMatchObject({ interruptions: 1 });
    return null;
  });
}

async function recoveryAgainstTakeover(world: World): Promise<void> {
  await rounds(world, async (claim) => {
    const { sessionId } = claim.lease;

    const [{ recovered }, taken] = await Promise.all([
      world.orchestrator.staleRecovery(),
      world.rival.claimTask(claimCall({ sessionId })),
    ]);

    expect(taken).toMatchObject({ ok: true, task: { interruptions: 1 } });
    expect(taken.ok && taken.takeover === null).toBe(recovered.length === 1);
    return taken.ok ? taken : null;
  });
}
