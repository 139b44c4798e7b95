import { DEFAULTS, LIMITS, type NamedSession, type Scope, type SessionRef } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { claimCall, idsOf, inventedToken, OTHER_AGENT, TTL_MS } from '../factories.ts';
import { race } from '../interleave.ts';
import { checkpointAll, load, named } from '../port.ts';
import type { World } from '../world.ts';

/** The scope `sessions`, on the port itself. */
export const severalSessions = chapter('several sessions in one unit of work', {
  'what is saved of two sessions can be seen of both: rows, and events in the order in which they were given': saves,
  'what the decision throws undoes all': throwUndoes,
  'an event with a number that its stream has already is refused, and undoes all': duplicateSeq,
  'two units of work that name the same two sessions in opposite order both succeed': crossing,
  'a unit of work that begins while another one decides sees what that one saved': waits,
  'what each reference names is told in the order of the references, and null for nothing': namedInOrder,
  'a session that is named twice is loaded once': loadedOnce,
  'a reference by fence tells how its lease ended, which lease came next, and whether a refusal is on record':
    endedLease,
  'the next heads come after the named sessions, and are never theirs': nextReady,
  'the next heads are as many as asked for, fit, and come best first': nextReadyFits,
  'a named session whose head is the best takes no place among the next heads': nextReadyBesideBest,
  'waiting tasks come by session and id, up to the limit, and none without one': waitingTasks,
  'what is due of the named sessions is queued before they are loaded, and of no other session': dueOfNamed,
  'of what is due of the named sessions, only so much is queued as the limit says, what is due longest first':
    dueUpToLimit,
  'with the next heads, what is due in the whole namespace is queued': dueOfNamespace,
  'the next due time is that of the named sessions, where none of them has a head': nextDue,
  'where a receipt is found, the rows that it names are loaded instead': receiptRows,
});

const { namespace } = DEFAULTS;

/** Given: leases on these sessions, each with a task that waits behind. */
async function held(world: World, ...sessionIds: readonly string[]) {
  const claims = [];
  for (const sessionId of sessionIds) {
    await world.addSession(sessionId, [{}, { priority: 9 }]);
    claims.push(await world.claim({ sessionId }));
  }
  return claims;
}

async function contextsOf(world: World, ...sessionIds: readonly string[]): Promise<(number | undefined)[]> {
  return Promise.all(sessionIds.map(async (id) => (await world.session(id)).context?.turn));
}

async function saves(world: World): Promise<void> {
  await held(world, 'a', 'b');
  const before = (await world.everything()).events.length;

  const reply = await world.storage.transact(named('b', 'a'), checkpointAll);

  expect(reply).toEqual(['b', 'a']);
  expect(await contextsOf(world, 'a', 'b')).toEqual([1, 1]);
  const { events } = await world.everything();
  expect(events.slice(before).map(({ type, streamId }) => [type, streamId])).toEqual([
    ['session.checkpointed', 'b'],
    ['session.checkpointed', 'a'],
  ]);
}

async function throwUndoes(world: World): Promise<void> {
  await held(world, 'a', 'b');
  const thrown = new Error('thrown by the decision');

  await world.changesNothing(async () => {
    const failing = world.storage.transact(named('a', 'b'), (loaded) => {
      checkpointAll(loaded);
      throw thrown;
    });
    await expect(failing).rejects.toBe(thrown);
  });
}

async function duplicateSeq(world: World): Promise<void> {
  await held(world, 'a', 'b');

  await world.changesNothing(async () => {
    const refused = world.storage.transact(named('a', 'b'), (loaded) => {
      const { events, ...rest } = checkpointAll(loaded);
      return { ...rest, events: events.map((event) => (event.streamId === 'b' ? { ...event, seq: 1 } : event)) };
    });
    await expect(refused).rejects.toBeInstanceOf(Error);
  });

  // The connection is none the worse for it.
  await world.storage.transact(named('a', 'b'), checkpointAll);
  expect(await contextsOf(world, 'a', 'b')).toEqual([1, 1]);
}

async function crossing(world: World): Promise<void> {
  await held(world, 'a', 'b');
  const rounds = 25;

  for (let round = 0; round < rounds; round += 1)
    await Promise.all([
      world.storage.transact(named('a', 'b'), checkpointAll),
      world.peer.transact(named('b', 'a'), checkpointAll),
    ]);

  expect(await contextsOf(world, 'a', 'b')).toEqual([rounds * 2, rounds * 2]);
}

async function waits(world: World): Promise<void> {
  await held(world, 'a', 'b');
  const rounds = 10;

  for (let round = 0; round < rounds; round += 1)
    await race(
      world.storage,
      (storage) => storage.transact(named('a', 'b'), checkpointAll),
      () => world.peer.transact(named('b', 'a'), checkpointAll),
    );

  expect(await contextsOf(world, 'a', 'b')).toEqual([rounds * 2, rounds * 2]);
}

function referring(...sessions: readonly SessionRef[]): Scope & { by: 'sessions' } {
  return { by: 'sessions', namespace, sessions };
}

/** What is told of a session that was named, and whose lease is not over. */
function open(sessionId: string): NamedSession {
  return { sessionId, endedLease: null };
}

async function namedInOrder(world: World): Promise<void> {
  const [a, b] = await held(world, 'a', 'b');
  await world.addSession('c');
  const references = [
    { sessionId: 'c' },
    { fence: b?.lease.fence ?? 0 },
    { sessionId: 'nowhere' },
    { sessionId: 'a' },
    { fence: 1 },
    { fence: a?.lease.fence ?? 0 },
  ];

  const loaded = await load(world.storage, referring(...references));

  expect(loaded.named).toEqual([open('c'), open('b'), null, open('a'), null, open('a')]);
  expect(loaded.sessions.map(({ session }) => session.id).toSorted()).toEqual(['a', 'b', 'c']);
  expect(loaded.sessions.find(({ session }) => session.id === 'b')).toMatchObject({
    session: { fence: b?.lease.fence },
    task: { id: b?.task.id, status: 'running' },
    head: { sessionId: 'b', priority: 9 },
  });
}

async function loadedOnce(world: World): Promise<void> {
  const [a] = await held(world, 'a', 'b');

  const { named: told, sessions } = await load(
    world.storage,
    referring({ sessionId: 'a' }, { fence: a?.lease.fence ?? 0 }, { sessionId: 'a' }),
  );

  expect(told.map((one) => one?.sessionId)).toEqual(['a', 'a', 'a']);
  expect(sessions.map(({ session }) => session.id)).toEqual(['a']);
}

async function endedLease(world: World): Promise<void> {
  const [first] = await held(world, 'a');
  if (first === undefined) throw new Error('it was claimed');
  world.clock.advance(TTL_MS);
  const second = await world.claim({ sessionId: 'a', agent: OTHER_AGENT });
  const refer = async (fence: number) => (await load(world.peer, referring({ fence }))).named[0];

  const before = await refer(first.lease.fence);
  await world.orchestrator.heartbeat({ token: inventedToken(first.lease.fence) });
  await world.orchestrator.heartbeat({ token: first.lease.token });
  const refusedSince = await refer(first.lease.fence);
  await world.release(second, { outcome: 'released' });
  const last = await refer(second.lease.fence);

  const effects = (await world.everything()).events.filter(({ leaseEffect }) => leaseEffect !== null);
  const [grant, end, successor, refusal, secondEnd] = effects;
  expect(before).toEqual({ sessionId: 'a', endedLease: { grant, end, successor, refused: false } });
  expect(refusal).toMatchObject({ type: 'lease.refused' });
  expect(refusedSince).toEqual({ sessionId: 'a', endedLease: { grant, end, successor, refused: true } });
  expect(last).toEqual({
    sessionId: 'a',
    endedLease: { grant: successor, end: secondEnd, successor: null, refused: false },
  });
}

const ANY = { addressees: [''], limit: 10 };

async function nextReady(world: World): Promise<void> {
  const [a] = await held(world, 'a');
  await world.addSession('idle', [{ priority: 0 }]);
  await world.addSession('other', [{ priority: 5 }]);
  const scope = { ...referring({ sessionId: 'idle' }, { fence: a?.lease.fence ?? 0 }), nextReady: ANY };

  const { sessions, named: told } = await load(world.storage, scope);

  expect(told.map((one) => one?.sessionId)).toEqual(['idle', 'a']);
  const ids = sessions.map(({ session }) => session.id);
  expect(ids.slice(0, 2).toSorted()).toEqual(['a', 'idle']);
  expect(ids.slice(2)).toEqual(['other']);
}

async function nextReadyFits(world: World): Promise<void> {
  await held(world, 'a');
  await world.addSession('low', [{ priority: 9, kind: 'build' }]);
  await world.addSession('high', [{ priority: 1, kind: 'build' }]);
  await world.addSession('middle', [{ priority: 5, kind: 'build', role: 'builder' }]);
  await world.addSession('wrong', [{ priority: 0, kind: 'review' }]);
  await world.addSession('theirs', [{ priority: 0, kind: 'build', assignee: OTHER_AGENT }]);
  const offered = async (limit: number) => {
    const filter = { addressees: ['', 'role:builder'], kinds: ['build'], limit };
    const { sessions } = await load(world.storage, { ...named('a'), nextReady: filter });
    return sessions.slice(1).map(({ session }) => session.id);
  };

  expect(await offered(10)).toEqual(['high', 'middle', 'low']);
  expect(await offered(2)).toEqual(['high', 'middle']);
}

async function nextReadyBesideBest(world: World): Promise<void> {
  await world.addSession('best', [{ priority: 0 }]);
  await world.addSession('good', [{ priority: 1 }]);
  await world.addSession('other', [{ priority: 5 }]);
  await world.addSession('last', [{ priority: 9 }]);
  const scope = { ...named('best', 'good'), nextReady: { addressees: [''], limit: 1 } };

  const { sessions } = await load(world.storage, scope);

  expect(sessions.map(({ session }) => session.id)).toEqual(['best', 'good', 'other']);
}

async function waitingTasks(world: World): Promise<void> {
  const b = await world.addSession('b', [{ id: 'b-2' }, { id: 'b-1', delayMs: 60_000 }]);
  await world.addSession('a', [{ id: 'a-2' }, { id: 'a-3' }, { id: 'a-1' }]);
  await world.addSession('c', [{ id: 'c-1' }]);
  await world.claim({ sessionId: 'a' });
  const tasksOf = async (openTasksLimit?: number) => {
    const scope = { ...named('b', 'a'), ...(openTasksLimit !== undefined && { openTasksLimit }) };
    return idsOf((await load(world.storage, scope)).tasks);
  };

  expect(await tasksOf(10)).toEqual(['a-1', 'a-3', 'b-1', 'b-2']);
  expect(await tasksOf(3)).toEqual(['a-1', 'a-3', 'b-1']);
  expect(await tasksOf()).toEqual([]);
  expect(idsOf(b)).toEqual(['b-2', 'b-1']);
}

async function dueOfNamed(world: World): Promise<void> {
  const [a] = await world.addSession('a', [{ delayMs: 1_000 }]);
  const [b] = await world.addSession('b', [{ delayMs: 1_000 }]);
  world.clock.advance(1_000);

  const { sessions } = await load(world.storage, named('a'));

  expect(sessions).toMatchObject([{ session: { id: 'a' }, head: { id: a?.id, status: 'queued' } }]);
  expect(await world.task(b?.id ?? '')).toMatchObject({ status: 'scheduled' });
}

async function dueUpToLimit(world: World): Promise<void> {
  const count = LIMITS.flipped_tasks_max + 8;
  // By turns in one session and the other, and the last to come is due first.
  const tasks = Array.from({ length: count }, (_, at) => ({
    sessionId: at % 2 === 0 ? 'a' : 'b',
    delayMs: count - at,
  }));
  const added = (await world.orchestrator.enqueueTasks(tasks)).tasks.map(({ task }) => task.id);
  world.clock.advance(count);

  await load(world.storage, named('a', 'b'));

  const statuses = await Promise.all(added.map(async (id) => (await world.task(id)).status));
  const [later, longest] = [statuses.slice(0, 8), statuses.slice(8)];
  expect(new Set(longest)).toEqual(new Set(['queued']));
  expect(new Set(later)).toEqual(new Set(['scheduled']));
}

async function dueOfNamespace(world: World): Promise<void> {
  const [a] = await world.addSession('a', [{ delayMs: 1_000 }]);
  const [b] = await world.addSession('b', [{ delayMs: 1_000 }]);
  world.clock.advance(1_000);

  const { sessions } = await load(world.storage, { ...named('a'), nextReady: ANY });

  expect(sessions).toMatchObject([
    { session: { id: 'a' }, head: { id: a?.id, status: 'queued' } },
    { session: { id: 'b' }, head: { id: b?.id, status: 'queued' } },
  ]);
}

async function nextDue(world: World): Promise<void> {
  const [soon] = await world.addSession('a', [{ delayMs: 5_000 }, { delayMs: 9_000 }]);
  await world.addSession('b', [{ delayMs: 7_000 }]);
  await world.addSession('c', [{ delayMs: 1_000_000 }, {}]);
  await world.addSession('d', [{ delayMs: 1_000 }]);
  const dueOf = async (...ids: readonly string[]) => (await load(world.storage, named(...ids))).nextDueAt;

  expect(await dueOf('a')).toBe(soon?.runAt);
  expect(await dueOf('b', 'a')).toBe(soon?.runAt);
  expect(await dueOf('c')).toBeNull();
  expect(await dueOf('nowhere')).toBeNull();
}

async function receiptRows(world: World): Promise<void> {
  await world.addSession('a');
  await world.addSession(
    'b',
    Array.from({ length: LIMITS.filter_max }, () => ({})),
  );
  const identity = world.newIdentity();
  const claim = await world.claim({ sessionId: 'a', ...identity });
  await world.release(claim);
  const { commandId } = identity;

  const { receipt, sessions, tasks } = await load(world.storage, { ...named('b'), commandId, openTasksLimit: 10 });
  const other = await load(world.storage, { ...named('b'), commandId: world.newCommandId(), openTasksLimit: 10 });

  expect(receipt?.commandId).toBe(commandId);
  expect(sessions.map(({ session }) => session.id)).toEqual(['a']);
  expect(tasks.map(({ id, status }) => [id, status])).toEqual([[claim.task.id, 'succeeded']]);
  expect([other.receipt, other.sessions.length, other.tasks.length]).toEqual([null, 1, 10]);
  expect(await world.orchestrator.claimTask(claimCall({ sessionId: 'b' }))).toMatchObject({ ok: true });
}
