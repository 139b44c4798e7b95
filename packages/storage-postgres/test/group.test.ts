/*
 * Calls of one turn, which share a transaction where they can, take effect as if one came after the other:
 *  - a release by its token, then a claim of the session by its id: the claim sees it released
 *  - the other way round: the claim sees it held
 *  - releases by tokens of one session, the present and an earlier one: each is judged by itself
 *  - what a command takes next is none of the sessions that it names, and another command's look-up may find those
 *  - new tasks and sessions get numbers of their own, and a rolled-back call leaves a gap
 *  - leases get fences that grow in the order of the calls
 *  - what one holder waits for in the end does not count in the limit of another one
 */
import { LIMITS, type Storage } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { loadedFor } from './loaded-for.ts';
import { newDatabase, openStorage, orchestratorOn } from './open-database.ts';

async function openOrchestrator() {
  const { url } = await newDatabase();
  const storage = await openStorage(url);
  return { storage, orchestrator: orchestratorOn(storage) };
}

/** The sessions that a command loads that names one and takes the next. */
async function sessionsFor(storage: Storage, name: string): Promise<string[]> {
  const { sessions } = await loadedFor(storage, {
    by: 'sessions',
    namespace: 'default',
    sessions: [{ sessionId: name }],
    nextReady: { addressees: [''], limit: 1 },
  });
  return sessions.map(({ session }) => session.id);
}

const claimed = <Reply extends { readonly ok: boolean }>(reply: Reply): Extract<Reply, { readonly ok: true }> => {
  if (!reply.ok) throw new Error(`not granted: ${JSON.stringify(reply)}`);
  return reply as Extract<Reply, { readonly ok: true }>;
};

test('a release by its token, then a claim of the session by its id: the claim sees it released', async () => {
  const { orchestrator } = await openOrchestrator();
  await orchestrator.enqueueTasks([
    { sessionId: 's', id: 'first' },
    { sessionId: 's', id: 'second' },
  ]);
  const { lease } = claimed(await orchestrator.claimTask({ agent: 'a' }));

  const [released, next] = await Promise.all([
    orchestrator.releaseTask({ token: lease.token, outcome: 'succeeded' }),
    orchestrator.claimTask({ agent: 'b', sessionId: 's' }),
  ]);

  expect(released).toMatchObject({ ok: true, taskId: 'first' });
  expect(next).toMatchObject({ ok: true, task: { id: 'second' } });
});

test('a claim of a held session by its id, then the release: the claim sees it held', async () => {
  const { orchestrator } = await openOrchestrator();
  await orchestrator.enqueueTasks([{ sessionId: 's' }, { sessionId: 's' }]);
  const { lease } = claimed(await orchestrator.claimTask({ agent: 'a' }));

  const [next, released] = await Promise.all([
    orchestrator.claimTask({ agent: 'b', sessionId: 's' }),
    orchestrator.releaseTask({ token: lease.token, outcome: 'succeeded' }),
  ]);

  expect(next).toMatchObject({ ok: false, reason: 'busy', heldBy: { agent: 'a' } });
  expect(released).toMatchObject({ ok: true });
});

test('releases by tokens of one session, an earlier and the present one: each is judged by itself', async () => {
  const { orchestrator } = await openOrchestrator();
  await orchestrator.enqueueTasks([{ sessionId: 's' }, { sessionId: 's' }]);
  const first = claimed(await orchestrator.claimTask({ agent: 'a' })).lease;
  await orchestrator.releaseTask({ token: first.token, outcome: 'succeeded' });
  const second = claimed(await orchestrator.claimTask({ agent: 'b' })).lease;

  const replies = await Promise.all([
    orchestrator.releaseTask({ token: first.token, outcome: 'failed' }),
    orchestrator.releaseTask({ token: second.token, outcome: 'succeeded' }),
    orchestrator.releaseTask({ token: first.token, outcome: 'succeeded' }),
  ]);

  expect(replies).toMatchObject([
    { ok: false, reason: 'lease_lost', endedBy: 'task.succeeded', successor: { agent: 'b', fence: second.fence } },
    { ok: true, repeated: false },
    { ok: true, repeated: true },
  ]);
});

test('what a command takes next is none of the sessions that it names, alone and in a group', async () => {
  const { storage, orchestrator } = await openOrchestrator();
  for (const id of ['a', 'b', 'c']) await orchestrator.enqueueTask({ id });
  const alone = [await sessionsFor(storage, 'a'), await sessionsFor(storage, 'b')];
  const together = await Promise.all([sessionsFor(storage, 'c'), sessionsFor(storage, 'a')]);

  expect(alone).toEqual([
    ['a', 'b'],
    ['b', 'a'],
  ]);
  expect(together).toEqual([
    ['c', 'a'],
    ['a', 'b'],
  ]);
});

test('new tasks and sessions get numbers of their own, and a call that fails leaves a gap', async () => {
  const { storage, orchestrator } = await openOrchestrator();
  await orchestrator.enqueueTask({ id: 'taken' });

  const settled = await Promise.allSettled([
    orchestrator.enqueueTasks([{ sessionId: 'one' }, { sessionId: 'two' }, {}]),
    orchestrator.enqueueTask({ id: 'taken' }),
    orchestrator.enqueueTask({ id: 'own' }),
    orchestrator.enqueueTask({ sessionId: 'three' }),
  ]);

  const tasks = await storage.read.tasks({ namespace: 'default', limit: 10 });
  const sessions = await storage.read.sessions({ namespace: 'default', limit: 10 });
  const numbers = tasks.items.map(({ number }) => number).toSorted((a, b) => a - b);
  const ofSessions = sessions.items.map(({ number }) => number).toSorted((a, b) => a - b);
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(numbers).toEqual([1, 2, 4, 6, 8, 9]);
  expect(ofSessions).toEqual([1, 3, 5, 6, 8, 10]);
  expect(await storage.read.idOfNumber('default', 'task', 8)).toBe('own');
  expect(await storage.read.idOfNumber('default', 'task', 7)).toBeNull();
  expect(await storage.read.idOfNumber('elsewhere', 'task', 8)).toBeNull();
});

test('leases get fences that grow in the order of the calls', async () => {
  const { orchestrator } = await openOrchestrator();
  await orchestrator.enqueueTasks(Array.from({ length: 20 }, () => ({})));

  const replies = await Promise.all(Array.from({ length: 20 }, () => orchestrator.claimTask({ agent: 'a' })));

  const fences = replies.map((reply) => claimed(reply).lease.fence);
  expect(fences).toEqual([...new Set(fences)].toSorted((a, b) => a - b));
});

test('of two holders that begin to wait at once, the tasks of one do not count in the limit of the other', async () => {
  const { orchestrator } = await openOrchestrator();
  const ids = Array.from({ length: LIMITS.dependencies_max }, (_, at) => `d${at}`);
  // Each holder waits for half of what one may wait for in the end.
  const parts = Array.from({ length: LIMITS.awaited_dependencies_max / ids.length }, (_, at) => `part ${at}`);
  await orchestrator.enqueueTasks(ids.map((id) => ({ id, sessionId: 'deep' })));
  await orchestrator.enqueueTasks(parts.map((id) => ({ id, sessionId: 'parts', dependsOn: ids })));
  const halves = [parts.slice(0, parts.length / 2), parts.slice(parts.length / 2)];
  const tokens: string[] = [];
  for (const sessionId of ['a', 'b']) {
    await orchestrator.enqueueTask({ sessionId });
    tokens.push(claimed(await orchestrator.claimTask({ agent: sessionId, sessionId })).lease.token);
  }

  const released = await Promise.all(
    tokens.map(async (token, at) => orchestrator.releaseTask({ token, outcome: 'waiting', on: halves[at] ?? [] })),
  );

  expect(released).toMatchObject([{ status: 'waiting' }, { status: 'waiting' }]);
});
