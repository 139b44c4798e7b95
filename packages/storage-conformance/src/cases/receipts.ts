import { LIMITS, timeOfUuid } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import {
  claimCall,
  commandIdAt,
  evidenceAgainst,
  holderOf,
  inventedToken,
  OTHER_AGENT,
  PROCESS,
  TTL_MS,
} from '../factories.ts';
import { thrownBy } from '../thrown.ts';
import type { World } from '../world.ts';
import { receiptOf } from '../port.ts';

export const receipts = chapter('receipts', {
  'a claim whose answer was lost answers the same lease again, even if it was lost since': lostClaim,
  'a command sent again answers as things were, however far they have moved on': answersAsItWas,
  'a claim sent again by the process that followed answers the same lease': followingProcess,
  'a recovery sent again when the dead holder is not to be seen any more answers the same': withoutEvidence,
  'one command id with another request is an error, and changes nothing': reused,
  'one command id with another command is an error': reusedAcrossCommands,
  'a refusal leaves no receipt: the same id is decided again': refusalsLeaveNone,
  'what changed nothing leaves no receipt: the same id is decided again': noEffectLeavesNone,
  'two connections that send one command at once have one effect and one answer': atOnce,
  'a command id is its own in each namespace': perNamespace,
  'a command id older than a week is refused, unless its receipt is there': tooOld,
  'a command id more than an hour ahead of the store is refused, up to an hour it is taken': ahead,
  'a receipt is kept for eight days, and writes after that clear it away, a few at a time': forgotten,
  'an id whose receipt was cleared away is refused, though the clock was set back since': forgottenAndSetBack,
  'a receipt keeps neither payloads nor contexts': small,
});

async function lostClaim(world: World): Promise<void> {
  await world.add({ payload: { big: 'x'.repeat(1_000) } });
  const call = claimCall(world.newIdentity());
  const lost = await world.orchestrator.claimTask(call);
  world.clock.advance(TTL_MS);
  await world.rival.staleRecovery();

  const again = await world.changesNothing(() => world.rival.claimTask(call));

  if (!lost.ok) throw new Error('it was claimed');
  expect(again).toEqual(lost);
  expect(await world.orchestrator.heartbeat(holderOf(lost))).toMatchObject({ reason: 'lease_lost' });
}

async function answersAsItWas(world: World): Promise<void> {
  const commandId = world.newCommandId();
  const enqueued = await world.orchestrator.enqueueTask({ commandId, payload: 'kept', title: 'Kept' });
  const claim = await world.claim();
  await world.release(claim, { outcome: 'handed_off', to: { agent: OTHER_AGENT }, note: 'for you' });
  await world.release(await world.claim({ agent: OTHER_AGENT }), { result: 'done' });

  const again = await world.rival.enqueueTask({ commandId, payload: 'kept', title: 'Kept' });

  expect(again).toEqual(enqueued);
  expect(again.task).toMatchObject({ status: 'queued', result: null, assignee: null });
}

async function withoutEvidence(world: World): Promise<void> {
  const claim = await world.claimNew({}, { process: PROCESS });
  const evidence = [evidenceAgainst(claim)];
  const commandId = world.newCommandId();
  const lost = await world.orchestrator.staleRecovery({ commandId, evidence });

  const again = await world.changesNothing(() => world.rival.staleRecovery({ commandId }));

  expect(again).toEqual(lost);
  expect(again.recovered).toMatchObject([{ reason: 'dead', sessionId: claim.lease.sessionId }]);
}

async function followingProcess(world: World): Promise<void> {
  await world.add();
  const call = claimCall(world.newIdentity());
  const lost = await world.orchestratorOn(world.storage, { process: PROCESS }).claimTask(call);

  const follower = world.orchestratorOn(world.peer, { process: { ...PROCESS, pid: 4_712 } });
  const again = await world.changesNothing(() => follower.claimTask(call));

  expect(lost.ok).toBe(true);
  expect(again).toEqual(lost);
}

async function reused(world: World): Promise<void> {
  const commandId = world.newCommandId();
  await world.orchestrator.enqueueTask({ commandId, title: 'one' });

  const error = await world.changesNothing(() => thrownBy(world.rival.enqueueTask({ commandId, title: 'other' })));

  expect(error).toMatchObject({ code: 'COMMAND_ID_REUSED', field: 'commandId', retryable: false });
}

async function reusedAcrossCommands(world: World): Promise<void> {
  const commandId = world.newCommandId();
  const { task } = await world.orchestrator.enqueueTask({ commandId });

  const error = await world.changesNothing(() => thrownBy(world.rival.cancelTask({ commandId, taskId: task.id })));

  expect(error).toMatchObject({ code: 'COMMAND_ID_REUSED' });
}

async function noEffectLeavesNone(world: World): Promise<void> {
  const { task, lease } = await world.claimNew({ dedupeKey: 'once' });
  await world.rival.cancelTask({ taskId: task.id });
  const [recover, add, cancel] = [world.newCommandId(), world.newCommandId(), world.newCommandId()];
  const sendAll = async () => [
    await world.rival.staleRecovery({ commandId: recover }),
    await world.rival.enqueueTask({ dedupeKey: 'once', commandId: add }),
    await world.rival.cancelTask({ taskId: task.id, commandId: cancel }),
  ];
  const before = await world.changesNothing(sendAll);

  world.clock.advance(TTL_MS);
  const after = await sendAll();

  expect(before).toMatchObject([{ recovered: [] }, { task: { status: 'running' } }, { status: 'running' }]);
  expect(after).toMatchObject([
    { recovered: [{ sessionId: lease.sessionId }] },
    { outcome: 'duplicate', task: { status: 'cancelled' } },
    { status: 'cancelled' },
  ]);
}

async function refusalsLeaveNone(world: World): Promise<void> {
  const [nothing, busy, lost] = [world.newCommandId(), world.newCommandId(), world.newCommandId()];
  const seed = world.newSeed();
  const none = await world.orchestrator.claimTask(claimCall({ commandId: nothing, seed }));
  const claim = await world.claimNew();
  const { sessionId } = claim.lease;
  const held = await world.rival.claimTask(claimCall({ commandId: busy, seed, sessionId }));
  const fenced = await world.release(claim, { token: inventedToken(claim.lease.fence), commandId: lost });
  await world.release(claim, { outcome: 'released' });

  const again = await world.rival.claimTask(claimCall({ commandId: busy, seed, sessionId }));
  await world.add();

  expect([none, held, fenced]).toMatchObject([{ ok: false }, { ok: false }, { ok: false }]);
  expect(again).toMatchObject({ ok: true });
  expect(await world.orchestrator.claimTask(claimCall({ commandId: nothing, seed }))).toMatchObject({ ok: true });
  expect(await receiptOf(world.peer, lost)).toBeNull();
}

async function atOnce(world: World): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    await world.add();
    const call = claimCall(world.newIdentity());

    const [one, other] = await Promise.all([world.orchestrator.claimTask(call), world.rival.claimTask(call)]);

    expect(one.ok).toBe(true);
    expect(other).toEqual(one);
  }
  expect(await world.events({ types: ['task.claimed'] })).toHaveLength(20);
}

async function perNamespace(world: World): Promise<void> {
  const commandId = world.newCommandId();

  const here = await world.orchestrator.enqueueTask({ commandId, title: 'here' });
  const there = await world.orchestrator.enqueueTask({ commandId, title: 'there', namespace: 'other' });

  expect([here.task, there.task]).toMatchObject([
    { namespace: 'default', title: 'here' },
    { namespace: 'other', title: 'there' },
  ]);
}

async function tooOld(world: World): Promise<void> {
  const commandId = world.newCommandId();
  const call = { commandId };
  world.clock.advance(LIMITS.command_id_age_ms_max);
  const first = await world.orchestrator.enqueueTask(call);
  world.clock.advance(1);

  const again = await world.changesNothing(() => world.rival.enqueueTask(call));
  const error = await world.changesNothing(() =>
    thrownBy(world.rival.enqueueTask({ ...call, commandId: commandIdAt(timeOfUuid(commandId), 9) })),
  );

  expect(again).toEqual(first);
  expect(error).toMatchObject({ code: 'COMMAND_ID_EXPIRED', field: 'commandId' });
}

async function ahead(world: World): Promise<void> {
  const limit = world.clock.now + LIMITS.command_id_ahead_ms_max;

  const error = await world.changesNothing(() =>
    thrownBy(world.orchestrator.enqueueTask({ commandId: commandIdAt(limit + 1, 1) })),
  );
  const taken = await world.orchestrator.enqueueTask({ commandId: commandIdAt(limit, 1) });

  expect(error).toMatchObject({ code: 'COMMAND_ID_EXPIRED' });
  expect(taken.outcome).toBe('enqueued');
}

/** What is over is stored with the readings of the clock. */
const READING_KEPT_MS = 10_000;

async function forgotten(world: World): Promise<void> {
  const count = LIMITS.receipts_forgotten_max + 8;
  const ids = Array.from({ length: count }, () => world.newCommandId());
  for (const commandId of ids) await world.orchestrator.enqueueTask({ commandId });
  const left = async () => {
    const found = await Promise.all(ids.map((id) => receiptOf(world.peer, id)));
    return found.filter((receipt) => receipt !== null).length;
  };

  world.clock.advance(LIMITS.receipt_kept_ms - 1);
  await world.add();
  const kept = await left();
  world.clock.advance(READING_KEPT_MS);
  await world.add();
  const fewer = await left();
  await world.add();
  const none = await left();

  expect([kept, fewer, none]).toEqual([count, count - LIMITS.receipts_forgotten_max, 0]);
}

async function forgottenAndSetBack(world: World): Promise<void> {
  const call = { commandId: world.newCommandId() };
  await world.orchestrator.enqueueTask(call);
  world.clock.advance(LIMITS.receipt_kept_ms);
  await world.add();
  expect(await receiptOf(world.peer, call.commandId)).toBeNull();
  world.clock.setWall(LIMITS.command_id_age_ms_max / -2);

  const error = await world.changesNothing(() => thrownBy(world.rival.enqueueTask(call)));

  expect(error).toMatchObject({ code: 'COMMAND_ID_EXPIRED', retryable: false });
  expect(await world.rival.enqueueTask({})).toMatchObject({ outcome: 'enqueued' });
}

async function small(world: World): Promise<void> {
  const [enqueue, claim] = [world.newCommandId(), world.newCommandId()];
  await world.add({ commandId: enqueue, payload: { word: 'PAYLOAD' }, sessionId: 'branch' });
  const first = await world.claim({ sessionId: 'branch' });
  await world.orchestrator.checkpoint({ ...holderOf(first), data: 'CONTEXT' });
  await world.release(first, { outcome: 'released' });

  const again = await world.claim({ commandId: claim, seed: world.newSeed() });

  expect(again).toMatchObject({ task: { payload: { word: 'PAYLOAD' } }, context: { data: 'CONTEXT' } });
  const kept = [await receiptOf(world.peer, enqueue), await receiptOf(world.peer, claim)];
  expect(kept.map((receipt) => receipt?.commandId)).toEqual([enqueue, claim]);
  expect(JSON.stringify(kept)).not.toMatch(/PAYLOAD|CONTEXT/);
}
