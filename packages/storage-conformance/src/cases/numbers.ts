import { DEFAULTS, type TaskRecord } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { claimCall, holderOf, idsOf, TTL_MS } from '../factories.ts';
import { load } from '../port.ts';
import { thrownBy } from '../thrown.ts';
import type { World } from '../world.ts';

export const numbers = chapter('numbers for people', {
  'each task and each session with a name of its own has a number, greater than those before': grow,
  'a session that was made for one task has the number of that task, whatever is put into it later': ownSession,
  'no two tasks and no two sessions have the same number, in all namespaces, while both connections add': unique,
  'a number stays: through claims, retries, closing and opening again': stays,
  'the log tells the numbers, so a replay gives them again': logged,
  'the number of a task is taken wherever its id is': taskReferences,
  'the number of a session is taken wherever its id is': sessionReferences,
  'where a session is asked for, the number of a task names the session of that task': sessionOfTask,
  'a task is put into the session with a number, alone and in a batch': enqueueInto,
  'a number of another namespace is none here': otherNamespace,
  'a number that nothing has finds nothing, and a task is not found by the number of a session': unknown,
  'a new id that looks like a number is refused': newIds,
  'the port gives enough numbers for all that is new, smallest first, and none that a row has': freeNumbers,
});

const { namespace } = DEFAULTS;

async function grow(world: World): Promise<void> {
  const tasks: TaskRecord[] = [];
  for (const sessionId of ['a', 'b', 'a', 'c']) tasks.push(await world.add({ sessionId }));
  const { tasks: batch } = await world.orchestrator.enqueueTasks([{}, { sessionId: 'd' }, {}]);

  const given = [...tasks, ...batch.map(({ task }) => task)].map(({ number }) => number);
  const sessions = await Promise.all(['a', 'b', 'c', 'd'].map(async (id) => (await world.session(id)).number));

  for (const numbers of [given, sessions]) {
    expect(numbers).toEqual([...new Set(numbers)].toSorted((x, y) => x - y));
    expect(numbers.every((number) => Number.isSafeInteger(number) && number > 0)).toBe(true);
  }
  expect(new Set([...given, ...sessions]).size).toBe(given.length + sessions.length);
}

async function ownSession(world: World): Promise<void> {
  const { id, number } = await world.add();
  const named = await world.add({ id: 'named', sessionId: 'named' });
  const { tasks: batch } = await world.orchestrator.enqueueTasks([{ sessionId: 'later' }, { id: 'later' }]);

  const first = await world.session(id);
  await world.add({ sessionId: id });

  expect([first.number, (await world.session(id)).number]).toEqual([number, number]);
  expect((await world.session(named.sessionId)).number).toBe(named.number);
  expect((await world.session('later')).number).toBe(batch[1]?.task.number);
}

async function unique(world: World): Promise<void> {
  const elsewhere = { namespace: 'other' };
  const writers = [
    world.orchestrator,
    world.rival,
    world.orchestratorOn(world.storage, elsewhere),
    world.orchestratorOn(world.peer, elsewhere),
  ];
  const rounds = Array.from({ length: 10 }, (_, round) => round);

  await Promise.all(
    writers.flatMap((writer, at) =>
      rounds.map((round) =>
        writer.enqueueTasks([{ sessionId: `shared-${round % 3}` }, { sessionId: `of-${at}-${round}` }, {}]),
      ),
    ),
  );

  const { tasks, sessions } = await world.everything();
  const ofTasks = tasks.map(({ number }) => number);
  const ofSessions = sessions.map(({ session }) => session.number);
  const named = sessions.filter(({ session }) => !tasks.some(({ id }) => id === session.id));
  expect(ofTasks).toHaveLength(120);
  expect(new Set(ofTasks).size).toBe(120);
  expect(new Set(ofSessions).size).toBe(ofSessions.length);
  // In each of the two namespaces three that all share, and of each call one with a name and one for its third task.
  expect(ofSessions).toHaveLength(2 * 3 + 40 + 40);
  expect(named.filter(({ session }) => ofTasks.includes(session.number))).toEqual([]);
}

async function stays(world: World): Promise<void> {
  const { id, number } = await world.add({ sessionId: 'branch', backoffMs: 0 });
  const { number: ofSession } = await world.session('branch');
  const claim = await world.claim({ sessionId: 'branch' });
  await world.orchestrator.checkpoint(holderOf(claim));
  await world.release(claim, { outcome: 'failed', final: true });
  await world.orchestrator.closeSession({ sessionId: 'branch' });
  const closed = await world.session('branch');

  const retried = await world.rival.retryTask({ taskId: id });
  await world.claim({ sessionId: 'branch' });
  world.clock.advance(TTL_MS);
  await world.rival.staleRecovery();

  expect(closed).toMatchObject({ status: 'closed', number: ofSession });
  expect(retried).toMatchObject({ ok: true, task: { id, number } });
  expect(await world.task(id)).toMatchObject({ number });
  expect(await world.session('branch')).toMatchObject({ status: 'idle', number: ofSession });
}

async function logged(world: World): Promise<void> {
  const { id, number } = await world.add({ sessionId: 'branch' });
  const own = await world.add();
  const { number: ofSession } = await world.session('branch');
  await world.orchestrator.cancelTask({ taskId: id });
  await world.orchestrator.closeSession({ sessionId: 'branch' });
  await world.add({ sessionId: 'branch' });

  const opened = await world.events({ types: ['session.opened'] });
  const [queued] = await world.events({ types: ['task.queued'] });

  expect(queued).toMatchObject({ taskId: id, payload: { number } });
  expect(opened.map(({ payload }) => payload)).toEqual(
    [ofSession, own.number, ofSession].map((number) => ({ number })),
  );
}

async function taskReferences(world: World): Promise<void> {
  const { id, number, sessionId } = await world.add();
  const { rival } = world;
  const reference = `t${number}`;

  expect(await rival.getTask(reference)).toMatchObject({ id, number });
  expect(await rival.whyTask(reference)).toMatchObject({ task: { id } });
  expect((await world.events({ taskId: reference })).map(({ taskId }) => taskId)).toEqual([id]);
  expect(await rival.cancelTask({ taskId: reference })).toEqual({ ok: true, status: 'cancelled' });
  expect(await rival.retryTask({ taskId: reference })).toMatchObject({ ok: true, task: { id, number } });
  expect(await rival.getTask(`s${number}`)).toBeNull();
  expect(await rival.getSession(`s${number}`)).toMatchObject({ id: sessionId, headTaskId: id });
}

async function sessionReferences(world: World): Promise<void> {
  const [task] = await world.addSession('branch');
  const { rival } = world;
  const { number } = await world.session('branch');
  const reference = `s${number}`;

  expect(await rival.getSession(reference)).toMatchObject({ id: 'branch', number });
  expect(await rival.whySession(reference)).toMatchObject({ session: { id: 'branch' } });
  expect(idsOf((await rival.listTasks({ sessionId: reference })).items)).toEqual([task?.id]);
  expect(await world.events({ sessionId: reference })).toHaveLength(2);
  const claim = await world.claim({ sessionId: reference });
  expect(claim).toMatchObject({ task: { id: task?.id }, lease: { sessionId: 'branch' } });
  await world.release(claim);
  expect(await rival.closeSession({ sessionId: reference })).toMatchObject({ ok: true });
  expect(await world.session('branch')).toMatchObject({ status: 'closed' });
}

async function sessionOfTask(world: World): Promise<void> {
  const [first, second] = await world.addSession('branch', [{}, {}]);
  const { rival } = world;
  const reference = `t${second?.number}`;

  expect(await rival.getSession(reference)).toMatchObject({ id: 'branch' });
  expect(await rival.whySession(reference)).toMatchObject({ session: { id: 'branch' } });
  expect(await world.claim({ sessionId: reference })).toMatchObject({ task: { id: first?.id } });
  expect((await rival.enqueueTask({ sessionId: reference })).task).toMatchObject({ sessionId: 'branch' });
  expect(await rival.getSession(`t${(await world.session('branch')).number}`)).toBeNull();
}

async function enqueueInto(world: World): Promise<void> {
  await world.addSession('branch');
  const reference = `s${(await world.session('branch')).number}`;
  const commandId = world.newCommandId();

  const one = await world.rival.enqueueTask({ sessionId: reference, commandId });
  const { tasks } = await world.orchestrator.enqueueTasks([{ sessionId: reference }, {}, { sessionId: 'branch' }]);
  const again = await world.changesNothing(() => world.orchestrator.enqueueTask({ sessionId: 'branch', commandId }));

  expect(one.task.sessionId).toBe('branch');
  expect(tasks.map(({ task }) => task.sessionId)).toEqual(['branch', tasks[1]?.task.id, 'branch']);
  expect(again).toEqual(one);
  expect(await world.session('branch')).toMatchObject({ tasksOpen: 4 });
}

async function otherNamespace(world: World): Promise<void> {
  const { number } = await world.add({ sessionId: 'branch' });
  const { number: ofSession } = await world.session('branch');
  const there = world.orchestratorOn(world.peer, { namespace: 'other' });

  const replies = await world.changesNothing(async () => [
    await there.getTask(`t${number}`),
    await there.getSession(`s${ofSession}`),
    await there.cancelTask({ taskId: `t${number}` }),
    await there.claimTask(claimCall({ sessionId: `s${ofSession}` })),
    await world.peer.read.idOfNumber('other', 'task', number),
    await world.peer.read.idOfNumber('other', 'session', ofSession),
  ]);

  const notFound = { ok: false, reason: 'not_found' };
  expect(replies).toEqual([null, null, notFound, notFound, null, null]);
  expect(await there.cancelTask({ namespace, taskId: `t${number}` })).toMatchObject({ ok: true });
}

async function unknown(world: World): Promise<void> {
  const [, second] = await world.addSession('branch', [{}, {}, {}]);
  const { number } = await world.session('branch');

  const replies = await world.changesNothing(async () => [
    await world.rival.getTask('t4711'),
    await world.rival.getSession('s4711'),
    await world.rival.getTask(`t${2n ** 70n}`),
    await world.peer.read.idOfNumber(namespace, 'task', 4_711),
    await world.peer.read.idOfNumber(namespace, 'session', 4_711),
    await world.rival.cancelTask({ taskId: 't4711' }),
    await world.rival.closeSession({ sessionId: 's4711' }),
    await world.rival.claimTask(claimCall({ sessionId: 's4711' })),
  ]);

  const notFound = { ok: false, reason: 'not_found' };
  expect(replies).toEqual([null, null, null, null, null, notFound, notFound, notFound]);
  const { read } = world.peer;
  for (const task of (await world.everything()).tasks)
    expect(await read.idOfNumber(namespace, 'session', task.number)).toBeNull();
  expect(await read.idOfNumber(namespace, 'task', second?.number ?? 0)).toBe(second?.id);
  expect(await read.idOfNumber(namespace, 'session', number)).toBe('branch');
}

async function newIds(world: World): Promise<void> {
  const errors = await world.changesNothing(() =>
    Promise.all([
      thrownBy(world.orchestrator.enqueueTask({ id: 't42' })),
      thrownBy(world.orchestrator.enqueueTask({ id: 's17' })),
      thrownBy(world.orchestrator.enqueueTask({ sessionId: 's17' })),
      thrownBy(world.orchestrator.enqueueTask({ sessionId: 't42' })),
      thrownBy(world.orchestrator.enqueueTasks([{}, { sessionId: 's17' }])),
    ]),
  );

  expect(errors.map(({ code, field }) => [code, field])).toEqual([
    ['INVALID_INPUT', 'id'],
    ['INVALID_INPUT', 'id'],
    ['INVALID_INPUT', 'sessionId'],
    ['INVALID_INPUT', 'sessionId'],
    ['INVALID_INPUT', 'tasks[1].sessionId'],
  ]);
  await world.orchestrator.enqueueTasks([{ id: 't' }, { id: 't42x' }, { id: 'T42' }, { id: 'tt42' }, { id: 's-17' }]);
}

async function freeNumbers(world: World): Promise<void> {
  await world.add({ sessionId: 'a' });
  await world.add({ sessionId: 'b' });
  const { tasks, sessions } = await world.everything();
  const taken = [...tasks.map(({ number }) => number), ...sessions.map(({ session }) => session.number)];
  const scope = { by: 'new', namespace, dedupeKeys: [] } as const;

  const few = await load(world.storage, { ...scope, sessionIds: ['own'], taskIds: ['own'] });
  const many = await load(world.peer, { ...scope, sessionIds: ['a', 'c', 'd'], taskIds: ['1', '2', '3', 'c'] });

  for (const [{ numbers: free }, atLeast] of [
    [few, 1],
    [many, 6],
  ] as const) {
    expect(free.length).toBeGreaterThanOrEqual(atLeast);
    expect(free).toEqual([...new Set(free)].toSorted((x, y) => x - y));
    expect(free.filter((number) => taken.includes(number))).toEqual([]);
  }
  const other = await load(world.storage, { by: 'task', namespace, taskId: tasks[0]?.id ?? '' });
  expect(other.numbers).toEqual([]);
}
