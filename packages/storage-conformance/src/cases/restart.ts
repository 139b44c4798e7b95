import { Orchestrator, type Page, type Reader, type Storage, type Task } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { readAll } from '../everything.ts';
import { claimCall, holderOf, MANY_READS, TTL_MS } from '../factories.ts';
import type { World } from '../world.ts';

export const restart = chapter(
  'restart',
  {
    'after closing and opening again every row and event is there as it was': allIsThere,
    'a lease survives: its holder continues, and no other agent gets it': leaseSurvives,
    'a dead holder is recovered after the restart': deadIsRecovered,
    'a command sent again after the restart has no second effect': receiptSurvives,
    'the greatest fence survives, though the clock goes back': fenceSurvives,
    'a clock jump that was detected before the restart is processed after it': jumpSurvives,
    'event ids continue to grow after the restart': eventsGrow,
    'nothing is left to migrate': nothingToMigrate,
    'reads that were sent before the close are all answered, however many there are': readsAreAnswered,
  },
  { needs: 'reopen' },
);

/** Both connections close, and one is opened again. */
async function reopen(world: World): Promise<{ storage: Storage; orchestrator: Orchestrator }> {
  await Promise.all([world.storage.close(), world.peer.close()]);
  if (world.target.reopen === undefined) throw new Error('the target cannot open its data again');
  const storage = await world.target.reopen(world.opened);
  world.closeLater(storage);
  world.ref = storage;
  return { storage, orchestrator: world.orchestratorOn(storage) };
}

async function allIsThere(world: World): Promise<void> {
  const claim = await world.claimNew({ payload: { a: 1 } });
  await world.orchestrator.checkpoint({ ...holderOf(claim), data: 'context' });
  await world.add({ delayMs: 60_000 });
  await world.release(await world.claimNew());
  const before = await world.everything();

  const { storage } = await reopen(world);

  expect(await readAll(storage)).toEqual(before);
}

async function leaseSurvives(world: World): Promise<void> {
  const claim = await world.claimNew();

  const { orchestrator } = await reopen(world);

  expect(await orchestrator.claimTask(claimCall({ sessionId: claim.lease.sessionId }))).toMatchObject({
    reason: 'busy',
  });
  expect(await orchestrator.heartbeat(holderOf(claim))).toMatchObject({ ok: true });
  expect(await orchestrator.releaseTask({ ...holderOf(claim), outcome: 'succeeded' })).toMatchObject({ ok: true });
}

async function deadIsRecovered(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.orchestrator.checkpoint({ ...holderOf(claim), nextAction: 'continue' });
  world.clock.advance(TTL_MS);

  const { orchestrator } = await reopen(world);
  const next = await orchestrator.claimTask(claimCall());

  expect(next).toMatchObject({ ok: true, task: { id: claim.task.id }, context: { nextAction: 'continue' } });
}

async function receiptSurvives(world: World): Promise<void> {
  await world.add();
  const call = claimCall(world.newIdentity());
  const first = await world.orchestrator.claimTask(call);

  const { orchestrator } = await reopen(world);

  expect(await orchestrator.claimTask(call)).toEqual(first);
}

async function fenceSurvives(world: World): Promise<void> {
  const { lease } = await world.claimNew();
  await world.add();
  world.clock.setWall(-3_600_000);

  const { orchestrator } = await reopen(world);
  const next = await orchestrator.claimTask(claimCall());

  expect(next).toMatchObject({ ok: true, lease: { fence: lease.fence + 1 } });
}

async function jumpSurvives(world: World): Promise<void> {
  await world.claimNew();
  world.clock.sleep(8 * 3_600_000);
  await world.add();

  const { storage, orchestrator } = await reopen(world);
  const { recovered } = await orchestrator.staleRecovery();

  expect(recovered).toHaveLength(storage.capabilities.sleepGrace ? 0 : 1);
}

async function eventsGrow(world: World): Promise<void> {
  await world.claimNew();
  const last = (await world.events()).at(-1)?.id ?? 0;

  const { orchestrator } = await reopen(world);
  await orchestrator.enqueueTask({});

  const { items } = await orchestrator.listEvents({ after: String(last) });
  expect(items.map(({ type }) => type)).toEqual(['session.opened', 'task.queued']);
}

async function nothingToMigrate(world: World): Promise<void> {
  await world.add();

  const { storage } = await reopen(world);

  expect(await storage.migrate()).toEqual({ created: false, applied: [] });
}

async function readsAreAnswered(world: World): Promise<void> {
  await world.orchestrator.enqueueTasks(Array.from({ length: 500 }, () => ({})));
  const { read } = world.storage;
  const sent = Array.from({ length: MANY_READS }, (_, at) => (at % 2 === 0 ? listOf(read) : read.snapshot(listOf)));
  const answered = sent.map(async (one) => (await one).items.length);
  const lengths: number[] = [];
  for (const one of answered) one.then((length) => lengths.push(length)).catch(() => {});

  await reopen(world);

  expect(lengths).toEqual(sent.map(() => 500));
}

function listOf(reader: Reader): Promise<Page<Task>> {
  return reader.tasks({ namespace: 'default', limit: 500 });
}
