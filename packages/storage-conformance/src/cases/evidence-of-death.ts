import type { ClaimRecord } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, claimCall, evidenceAgainst, OTHER_AGENT, PROCESS, TTL_MS } from '../factories.ts';
import type { World } from '../world.ts';

export const evidenceOfDeath = chapter('evidence of death', {
  'a holder whose process is proved gone is recovered at once': recoversAtOnce,
  'a claim of the session with the proof takes over at once': takesOverAtOnce,
  'evidence counts only if it speaks of exactly this process: host, boot, pid and start': exactProcess,
  'a holder that is stale as well is recovered as stale: that takes no belief in an observer': staleAsWell,
  'evidence about an earlier lease proves nothing of the current one': earlierLease,
  'evidence about a holder that recorded no process proves nothing': noProcess,
  'evidence about a session that is not held, or is not there, changes nothing': notHeld,
});

function evidenceOf(claim: ClaimRecord) {
  return { ...evidenceAgainst(claim), observed: 'no such process' };
}

async function claimAsProcess(world: World): Promise<ClaimRecord> {
  return world.claimNew({}, { process: PROCESS, instance: 'run-1' });
}

async function recoversAtOnce(world: World): Promise<void> {
  const claim = await claimAsProcess(world);

  const { recovered } = await world.rival.staleRecovery({ evidence: [evidenceOf(claim)] });

  expect(recovered).toMatchObject([{ reason: 'dead', outcome: 'requeued', from: { fence: claim.lease.fence } }]);
  expect((await world.events()).at(-1)).toMatchObject({
    type: 'task.recovered',
    payload: {
      reason: 'dead',
      evidence: { host: 'machine-1', boot: 'boot-1', pid: 4_711, process_start: '123456', observed: 'no such process' },
    },
  });
}

async function staleAsWell(world: World): Promise<void> {
  const claim = await claimAsProcess(world);
  world.clock.advance(TTL_MS);

  const { recovered } = await world.rival.staleRecovery({ evidence: [evidenceOf(claim)] });

  expect(recovered).toMatchObject([{ reason: 'stale' }]);
}

async function takesOverAtOnce(world: World): Promise<void> {
  const claim = await claimAsProcess(world);
  const { sessionId } = claim.lease;

  const reply = await world.rival.claimTask(
    claimCall({ sessionId, agent: OTHER_AGENT, evidence: [evidenceOf(claim)] }),
  );

  expect(reply).toMatchObject({ ok: true, takeover: { reason: 'dead', from: { agent: AGENT, instance: 'run-1' } } });
}

async function exactProcess(world: World): Promise<void> {
  const claim = await claimAsProcess(world);
  const proof = evidenceOf(claim);
  const wrong = [
    { ...proof, host: 'machine-2' },
    { ...proof, boot: 'boot-2' },
    { ...proof, pid: 4_712 },
    { ...proof, processStart: '123457' },
    { ...proof, fence: proof.fence + 1 },
  ];

  const recovery = await world.changesNothing(() => world.rival.staleRecovery({ evidence: wrong }));
  const takeover = await world.changesNothing(() =>
    world.rival.claimTask(claimCall({ sessionId: claim.lease.sessionId, evidence: wrong })),
  );

  expect(recovery.recovered).toEqual([]);
  expect(takeover).toMatchObject({ ok: false, reason: 'busy' });
}

async function earlierLease(world: World): Promise<void> {
  const old = await claimAsProcess(world);
  world.clock.advance(TTL_MS);
  await world.claim({ sessionId: old.lease.sessionId, process: PROCESS });

  const { recovered } = await world.changesNothing(() => world.rival.staleRecovery({ evidence: [evidenceOf(old)] }));

  expect(recovered).toEqual([]);
}

async function noProcess(world: World): Promise<void> {
  const claim = await world.claimNew();

  const { recovered } = await world.changesNothing(() => world.rival.staleRecovery({ evidence: [evidenceOf(claim)] }));

  expect(recovered).toEqual([]);
}

async function notHeld(world: World): Promise<void> {
  const claim = await claimAsProcess(world);
  await world.release(claim, { outcome: 'released' });
  const evidence = [evidenceOf(claim), { ...evidenceOf(claim), sessionId: 'nowhere' }];

  const { recovered } = await world.changesNothing(() => world.rival.staleRecovery({ evidence }));

  expect(recovered).toEqual([]);
}
