import { LIMITS } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, claimCall, holderOf, OTHER_AGENT, TTL_MS } from '../factories.ts';
import type { World } from '../world.ts';

/** What a command is sent with each time: the same id, and the same seed where it claims. */
type Identity = ReturnType<World['newIdentity']>;

/** Prepares what a command needs, and answers how to send it: each time the same request, with the same identity. */
type Prepared = (world: World, identity: Identity) => Promise<() => Promise<unknown>>;

const commands: Readonly<Record<string, Prepared>> = {
  enqueueTask:
    async ({ rival }, { commandId }) =>
    () =>
      rival.enqueueTask({ commandId, payload: { a: 1 } }),
  enqueueTasks: async ({ rival }, { commandId }) => {
    await rival.enqueueTask({ dedupeKey: 'there' });
    const tasks = [{}, { dedupeKey: 'there' }, { delayMs: 5 }, { sessionId: 'x', payload: [1] }, { sessionId: 'x' }];
    return () => rival.enqueueTasks(tasks, { commandId });
  },
  claimTask: async (world, identity) => {
    await world.add();
    return () => world.rival.claimTask(claimCall(identity));
  },
  'claimTask of an expired session': async (world, identity) => {
    const { lease } = await world.claimNew();
    world.clock.advance(TTL_MS);
    return () => world.rival.claimTask(claimCall({ ...identity, sessionId: lease.sessionId }));
  },
  claimTasks: async (world, identity) => {
    await world.orchestrator.enqueueTasks([{}, {}, {}]);
    return () => world.rival.claimTasks({ ...claimCall(identity), limit: 2 });
  },
  checkpoint: async (world, { commandId }) => {
    const claim = await world.claimNew();
    return () => world.rival.checkpoint({ ...holderOf(claim), commandId, data: 'context' });
  },
  releaseTask: async (world, { commandId }) => {
    const claim = await world.claimNew();
    return () =>
      world.rival.releaseTask({ ...holderOf(claim), commandId, outcome: 'failed', error: { message: 'no' } });
  },
  'releaseTask with claimNext': async (world, identity) => {
    const claim = await world.claimNew();
    await world.add({ payload: 'next' });
    return () =>
      world.rival.releaseTask({
        ...holderOf(claim),
        ...identity,
        outcome: 'succeeded',
        result: 7,
        claimNext: { agent: AGENT },
      });
  },
  releaseTasks: async (world, { commandId }) => {
    const claims = [await world.claimNew(), await world.claimNew()];
    const calls = claims.map((claim) => ({ ...holderOf(claim), outcome: 'released' as const }));
    return () => world.rival.releaseTasks(calls, { commandId });
  },
  'releaseTasks with claimNext': async (world, identity) => {
    const claims = [await world.claimNew(), await world.claimNew()];
    await world.orchestrator.enqueueTasks([{}, {}, {}]);
    const calls = claims.map((claim) => ({ ...holderOf(claim), outcome: 'succeeded' as const }));
    return () => world.rival.releaseTasks(calls, { ...identity, claimNext: { agent: AGENT, limit: 2 } });
  },
  staleRecovery: async (world, { commandId }) => {
    await world.claimNew();
    await world.claimNew({ interruptionsMax: 0 });
    world.clock.advance(TTL_MS);
    return () => world.rival.staleRecovery({ commandId });
  },
  cancelTask: async (world, { commandId }) => {
    const { id } = await world.add();
    return () => world.rival.cancelTask({ commandId, taskId: id });
  },
  'cancelTask of a running one': async (world, { commandId }) => {
    const { task } = await world.claimNew();
    return () => world.rival.cancelTask({ commandId, taskId: task.id });
  },
  retryTask: async (world, { commandId }) => {
    const { id } = await world.add();
    await world.orchestrator.cancelTask({ taskId: id });
    return () => world.rival.retryTask({ commandId, taskId: id });
  },
  'releaseTask that asks': async (world, { commandId }) => {
    const claim = await world.claimNew();
    const ask = { question: 'which?', to: { role: 'owner' } };
    return () => world.rival.releaseTask({ ...holderOf(claim), outcome: 'waiting', ask, commandId });
  },
  'releaseTask that waits for others': async (world, { commandId }) => {
    const { id } = await world.add();
    const claim = await world.claimNew();
    return () => world.rival.releaseTask({ ...holderOf(claim), outcome: 'waiting', on: [id], commandId });
  },
  answerTask: async (world, { commandId }) => {
    const claim = await world.claimNew();
    await world.release(claim, { outcome: 'waiting', ask: { question: 'which?' } });
    return () => world.rival.answerTask({ commandId, taskId: claim.task.id, answer: 'that one', agent: OTHER_AGENT });
  },
  registerAgent: async (world, { commandId }) => {
    await world.orchestrator.registerAgent({ agent: AGENT });
    return () => world.rival.registerAgent({ commandId, agent: AGENT, roles: ['reviewer'], machine: 'desk' });
  },
  drainAgent: async (world, { commandId }) => {
    await world.orchestrator.registerAgent({ agent: AGENT });
    return () => world.rival.drainAgent({ commandId, agent: AGENT });
  },
  retireAgent: async (world, { commandId }) => {
    await world.orchestrator.registerAgent({ agent: AGENT });
    return () => world.rival.retireAgent({ commandId, agent: AGENT });
  },
  setAgentKey: async (world, { commandId }) => {
    await world.orchestrator.registerAgent({ agent: AGENT });
    return () => world.rival.setAgentKey({ commandId, agent: AGENT, publicKey: 'A'.repeat(43) });
  },
  setAgentPolicy:
    async ({ rival }, { commandId }) =>
    () =>
      rival.setAgentPolicy({ commandId, agents: 'registered_only' }),
  'closeSession, page by page': async (world, { commandId }) => {
    const tasks = Array.from({ length: LIMITS.sweep_page_max + 1 }, () => ({ sessionId: 'branch' }));
    await world.orchestrator.enqueueTasks(tasks);
    return () => world.rival.closeSession({ commandId, sessionId: 'branch', cancelTasks: true });
  },
};

const promises = Object.entries(commands).map(
  ([name, prepare]) => [`${name}: sent again, it answers the same and has no second effect`, replays(prepare)] as const,
);

/** Every command that changes something, sent twice. */
export const replaysOfCommands = chapter('receipts: lost answers', Object.fromEntries(promises));

function replays(prepare: Prepared) {
  return async (world: World): Promise<void> => {
    const send = await prepare(world, world.newIdentity());
    const first = await send();
    world.clock.advance(1_000);

    const second = await world.changesNothing(send);

    expect(first).not.toMatchObject({ ok: false });
    expect(second).toEqual(first);
  };
}
