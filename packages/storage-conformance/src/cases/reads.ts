import { noTasks, PENDING_STATUSES, type EventFilter, type Page, type Task } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { allPages, allPagesBack } from '../everything.ts';
import { AGENT, claimCall, holderOf, idsOf, MANY_READS, OTHER_AGENT } from '../factories.ts';
import type { World } from '../world.ts';

export const reads = chapter('reads', {
  'pages of any size show every row once, in order of id': pagesInOrder,
  'pages from the end show every row once, newest first': pagesBackwards,
  'a list that goes backwards has the same filters': filtersBackwards,
  'a cursor is given only where something follows': noEmptyPage,
  'sessions are filtered by status and by holder': sessionFilters,
  'tasks are filtered by session, status and kind': taskFilters,
  'events are filtered by session, task, agent, type and lease effect': eventFilters,
  'events of a session are paged by their number, others by id': eventCursors,
  'counts say how many there are of each status, up to the given number': counts,
  'what is not there is null, and an empty list has no cursor': notThere,
  'a session shows its running task and its head': loadedSession,
  'a preview of a claim shows what a claim of the session would find': previewOfSession,
  'a preview of a claim shows fitting heads, held sessions and scheduled tasks, each in order and up to its limit':
    previewOfReady,
  'a snapshot sees one state, whatever happens meanwhile': snapshot,
  'a snapshot that fails hands its error on, and the next one works': snapshotFails,
  'reads that a failed snapshot did not wait for see its state, or are refused': snapshotFailsEarly,
  'reading changes nothing': changesNothing,
});

const sorted = (ids: readonly (string | undefined)[]): string[] => ids.map(String).toSorted();

async function pagesInOrder(world: World): Promise<void> {
  await world.orchestrator.enqueueTasks(Array.from({ length: 23 }, () => ({})));
  const namespace = 'default';
  const upTo = await world.peer.read.settledEventId();
  const all = (await world.rival.listTasks({ limit: 500 })).items;

  for (const limit of [1, 7, 23, 500]) {
    const tasks = await allPages((page) => world.peer.read.tasks({ namespace, ...page }), limit);
    const sessions = await allPages((page) => world.peer.read.sessions({ namespace, ...page }), limit);
    const events = await allPages((page) => world.peer.read.events({ namespace, upTo, ...page }), limit);

    expect(idsOf(tasks)).toEqual(idsOf(all));
    expect(sessions.map(({ id }) => id)).toEqual(idsOf(all));
    expect(events).toHaveLength(46);
    expect(events.map(({ id }) => id)).toEqual(events.map(({ id }) => id).toSorted((a, b) => a - b));
  }
  expect(idsOf(all)).toEqual(idsOf(all).toSorted());
}

async function pagesBackwards(world: World): Promise<void> {
  await world.addSession(
    'branch',
    Array.from({ length: 11 }, () => ({})),
  );
  await world.orchestrator.enqueueTasks(Array.from({ length: 11 }, () => ({})));
  const namespace = 'default';
  const { read } = world.peer;
  const upTo = await read.settledEventId();
  const lists = [
    (page: AnyPage) => read.sessions({ namespace, ...page }),
    (page: AnyPage) => read.tasks({ namespace, ...page }),
    (page: AnyPage) => read.tasks({ namespace, sessionId: 'branch', ...page }),
    (page: AnyPage) => read.events({ namespace, upTo, ...page }),
    (page: AnyPage) => read.events({ namespace, sessionId: 'branch', ...page }),
  ];

  for (const list of lists) {
    const forwards = await allPages<object>(list);
    for (const limit of [1, 7, forwards.length, 500])
      expect(await allPagesBack<object>(list, limit)).toEqual(forwards.toReversed());
    expect(forwards.length).toBeGreaterThan(10);
  }
}

interface AnyPage {
  readonly limit: number;
  readonly after?: string;
  readonly before?: string | null;
}

async function filtersBackwards(world: World): Promise<void> {
  const [first, second] = [await world.claimNew(), await world.claimNew({}, { agent: OTHER_AGENT })];
  const [one, two] = await world.addSession('branch', [{ kind: 'build' }, { kind: 'build' }]);
  await world.release(first);
  const { rival } = world;
  const log = (await rival.listEvents({ taskId: first.task.id })).items;
  const back = { before: null };

  expect(await ids(rival.listSessions({ status: ['running'], ...back }))).toEqual([second.lease.sessionId]);
  expect(await ids(rival.listSessions({ agent: OTHER_AGENT, before: 'branch' }))).toEqual([second.lease.sessionId]);
  expect(await ids(rival.listTasks({ kind: 'build', ...back }))).toEqual(sorted([one?.id, two?.id]).toReversed());
  expect(await ids(rival.listTasks({ status: ['succeeded'], ...back }))).toEqual([first.task.id]);
  expect(await ids(rival.listEvents({ taskId: first.task.id, ...back }))).toEqual(idsOfEvents(log).toReversed());
  expect(await ids(rival.listEvents({ taskId: first.task.id, before: String(log.at(-1)?.id) }))).toEqual(
    idsOfEvents(log.slice(0, -1)).toReversed(),
  );
  expect(await ids(rival.listEvents({ types: ['task.claimed'], limit: 1, ...back }))).toEqual([
    (await rival.listEvents({ taskId: second.task.id, types: ['task.claimed'] })).items[0]?.id,
  ]);
  const bothDirections = [
    () => rival.listTasks({ after: first.task.id, before: first.task.id }),
    () => rival.listSessions({ after: 'branch', before: 'branch' }),
    () => rival.listEvents({ after: '1', before: '1' }),
    () => rival.listEvents({ after: '1', ...back }),
  ];
  for (const list of bothDirections)
    await expect(list()).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'before' });
  await expect(rival.listTasks({ before: 'none' })).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'before' });
}

async function ids(list: Promise<{ readonly items: readonly { readonly id: string | number }[] }>) {
  return (await list).items.map(({ id }) => id);
}

const idsOfEvents = (events: readonly { readonly id: number }[]): number[] => events.map(({ id }) => id);

async function noEmptyPage(world: World): Promise<void> {
  await world.orchestrator.enqueueTasks([{}, {}, {}, {}]);

  const [exact, first] = [await world.rival.listTasks({ limit: 4 }), await world.rival.listTasks({ limit: 2 })];
  const second = await world.rival.listTasks({ limit: 2, after: first.next ?? '' });
  const events = await world.rival.listEvents({ limit: 8 });
  const sessions = await world.rival.listSessions({ limit: 4 });

  expect([exact.items.length, first.items.length, second.items.length]).toEqual([4, 2, 2]);
  expect(first.next).not.toBeNull();
  expect([exact.next, second.next, events.next, sessions.next]).toEqual([null, null, null, null]);
}

async function sessionFilters(world: World): Promise<void> {
  const held = await world.claimNew();
  const other = await world.claimNew({}, { agent: OTHER_AGENT });
  const idle = await world.add();
  const closed = await world.add();
  await world.orchestrator.cancelTask({ taskId: closed.id });
  const list = async (filter: Parameters<typeof world.rival.listSessions>[0]) =>
    (await world.rival.listSessions(filter)).items.map(({ id }) => id);

  expect(await list({ status: ['idle'] })).toEqual([idle.sessionId]);
  expect(await list({ status: ['closed', 'idle'] })).toEqual([idle.sessionId, closed.sessionId].toSorted());
  expect(await list({ agent: OTHER_AGENT })).toEqual([other.lease.sessionId]);
  expect(await list({ agent: AGENT, status: ['running'] })).toEqual([held.lease.sessionId]);
  expect(await list({ agent: AGENT, status: ['idle'] })).toEqual([]);
}

async function taskFilters(world: World): Promise<void> {
  const [one, two] = await world.addSession('branch', [{ kind: 'build' }, { kind: 'test' }]);
  const other = await world.add({ kind: 'test', delayMs: 60_000 });
  const list = async (filter: Parameters<typeof world.rival.listTasks>[0]) =>
    idsOf((await world.rival.listTasks(filter)).items).toSorted();

  expect(await list({ sessionId: 'branch' })).toEqual(sorted([one?.id, two?.id]));
  expect(await list({ kind: 'test' })).toEqual(sorted([two?.id, other.id]));
  expect(await list({ status: ['scheduled'] })).toEqual([other.id]);
  expect(await list({ status: [...PENDING_STATUSES] })).toHaveLength(3);
  expect(await list({ kind: 'test', sessionId: 'branch', status: ['queued'] })).toEqual([two?.id]);
  expect(await list({ kind: 'build', status: ['failed'] })).toEqual([]);
}

async function eventFilters(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.add();
  await world.release(claim);
  const { sessionId } = claim.lease;
  const { read } = world.peer;
  const page = { namespace: 'default', limit: 100, upTo: await read.settledEventId() };
  const types = async (filter: Omit<EventFilter, 'namespace' | 'limit' | 'upTo'>) =>
    (await read.events({ ...page, ...filter })).items.map(({ type }) => type);

  expect(await types({ taskId: claim.task.id })).toEqual(['task.queued', 'task.claimed', 'task.succeeded']);
  expect(await types({ sessionId, types: ['session.opened', 'session.closed'] })).toEqual([
    'session.opened',
    'session.closed',
  ]);
  expect(await types({ types: ['session.opened'] })).toHaveLength(2);
  expect(await types({ leaseEffect: 'granted' })).toEqual(['task.claimed']);
  expect(await types({ agent: AGENT })).toEqual(['task.claimed', 'task.succeeded']);
  expect(await types({ agent: AGENT, types: ['task.succeeded'], before: null })).toEqual(['task.succeeded']);
  expect(await types({ agent: OTHER_AGENT })).toEqual([]);
  expect(await types({ sessionId, leaseEffect: 'ended' })).toEqual(['task.succeeded']);
  expect(await types({ sessionId, taskId: 'none' })).toEqual([]);
}

async function eventCursors(world: World): Promise<void> {
  const claims = [await world.claimNew(), await world.claimNew()];
  for (const claim of claims) await world.release(claim);
  const sessionId = claims[1]?.lease.sessionId ?? '';
  const log = await world.events();

  const ofSession = await world.rival.listEvents({ sessionId, limit: 2, after: '2' });
  const ofAll = await world.rival.listEvents({ limit: 2, after: String(log[2]?.id) });

  expect(ofSession.items.map(({ seq }) => seq)).toEqual([3, 4]);
  expect(ofSession.next).toBe('4');
  expect(ofAll.items).toEqual(log.slice(3, 5));
  expect(ofAll.next).toBe(String(log[4]?.id));
}

async function counts(world: World): Promise<void> {
  for (const claim of [await world.claimNew(), await world.claimNew()]) await world.release(claim);
  await world.orchestrator.enqueueTasks(Array.from({ length: 7 }, (_, at) => ({ delayMs: at < 5 ? 0 : 60_000 })));
  await world.claim();
  const { read } = world.peer;

  const found = [await read.counts('default', 100), await read.counts('default', 3), await read.counts('default', 1)];

  expect(found).toEqual([
    {
      sessions: { idle: 6, running: 1, closed: 2 },
      tasks: { ...noTasks(), scheduled: 2, queued: 4, running: 1, succeeded: 2 },
      events: 25,
    },
    {
      sessions: { idle: 3, running: 1, closed: 2 },
      tasks: { ...noTasks(), scheduled: 2, queued: 3, running: 1, succeeded: 2 },
      events: 3,
    },
    {
      sessions: { idle: 1, running: 1, closed: 1 },
      tasks: { ...noTasks(), scheduled: 1, queued: 1, running: 1, succeeded: 1 },
      events: 1,
    },
  ]);
}

async function notThere(world: World): Promise<void> {
  const { read } = world.peer;

  expect(await read.task('default', 'none')).toBeNull();
  expect(await read.session('default', 'none')).toBeNull();
  expect(await read.tasks({ namespace: 'none', limit: 10 })).toEqual({ items: [], next: null });
  expect(await read.sessions({ namespace: 'none', limit: 10 })).toEqual({ items: [], next: null });
  expect(await read.events({ namespace: 'none', limit: 10, upTo: 10 })).toEqual({ items: [], next: null });
  expect(await read.events({ namespace: 'none', sessionId: 'none', limit: 10 })).toEqual({ items: [], next: null });
  expect(await read.namespaces()).toEqual([]);
}

async function loadedSession(world: World): Promise<void> {
  const [first, second] = await world.addSession('branch', [{}, {}]);
  const waiting = await world.peer.read.session('default', 'branch');
  await world.claim();

  const running = await world.peer.read.session('default', 'branch');

  expect(waiting).toMatchObject({ session: { id: 'branch', status: 'idle' }, task: null, head: { id: first?.id } });
  expect(running).toMatchObject({ session: { taskId: first?.id }, task: { id: first?.id }, head: { id: second?.id } });
}

async function previewOfSession(world: World): Promise<void> {
  const [first, later, soon] = await world.addSession('branch', [{}, { delayMs: 60_000 }, { delayMs: 5_000 }]);
  await world.addSession('other', [{ delayMs: 1_000 }]);
  world.clock.advance(10_000);
  const of = async (sessionId: string, scheduledLimit = 10) =>
    world.peer.read.claimPreview({ by: 'session', namespace: 'default', sessionId, scheduledLimit });

  const found = await of('branch');

  expect(found.sessions).toMatchObject([{ session: { id: 'branch' }, task: null, head: { id: first?.id } }]);
  expect([found.held, found.scheduled.map(({ id, status }) => [id, status])]).toEqual([
    [],
    [
      [soon?.id, 'scheduled'],
      [later?.id, 'scheduled'],
    ],
  ]);
  expect((await of('branch', 1)).scheduled.map(({ id }) => id)).toEqual([soon?.id]);
  expect(await of('none')).toMatchObject({ sessions: [], held: [], scheduled: [] });
  expect(Math.floor(found.clock.reading.wall)).toBe(world.clock.now);
  expect(found.clock.last).not.toBeNull();
}

async function previewOfReady(world: World): Promise<void> {
  const { orchestrator, clock } = world;
  await world.addSession('old', [{ kind: 'build' }, { delayMs: 1_000 }]);
  await world.addSession('urgent', [{ kind: 'test', priority: 0 }]);
  await world.addSession('mine', [{ kind: 'test', assignee: AGENT }]);
  await world.addSession('theirs', [{ kind: 'test', priority: 0, assignee: OTHER_AGENT }]);
  await world.addSession('later', [{ delayMs: 60_000 }, { delayMs: 5_000 }]);
  for (const [sessionId, ttlMs] of [
    ['slow', 60_000],
    ['quick', 10_000],
  ] as const) {
    await world.addSession(sessionId, [{}, { priority: 9 }]);
    await orchestrator.claimTask(claimCall({ sessionId, ttlMs, staleAfterMs: 1_000 }));
  }
  clock.advance(2_000);
  const asked = { by: 'ready', namespace: 'default', addressees: ['', `agent:${AGENT}`] } as const;
  const look = async (more: { kinds?: string[]; limit?: number; heldLimit?: number; scheduledLimit?: number }) => {
    const scope = { ...asked, limit: 10, heldLimit: 10, scheduledLimit: 10, ...more };
    const { sessions, held, scheduled } = await world.peer.read.claimPreview(scope);
    return {
      sessions: sessions.map(({ session }) => session.id),
      held: held.map(({ session, task, head }) => [session.id, task?.status, head?.priority]),
      scheduled: scheduled.map(({ sessionId }) => sessionId),
    };
  };

  await world.changesNothing(async () => {
    expect(await look({})).toEqual({
      sessions: ['urgent', 'old', 'mine'],
      held: [
        ['quick', 'running', 9],
        ['slow', 'running', 9],
      ],
      scheduled: ['old', 'later', 'later'],
    });
    expect((await look({ kinds: ['build', 'none'] })).sessions).toEqual(['old']);
    expect(await look({ limit: 1, heldLimit: 1, scheduledLimit: 2 })).toMatchObject({
      sessions: ['urgent'],
      held: [['quick', 'running', 9]],
      scheduled: ['old', 'later'],
    });
  });
}

async function snapshot(world: World): Promise<void> {
  const claim = await world.claimNew();

  const seen = await world.peer.read.snapshot(async (reader) => {
    const before = await reader.task('default', claim.task.id);
    await world.release(claim);
    await world.add();
    const upTo = await reader.settledEventId();
    const { items } = await reader.events({ namespace: 'default', limit: 100, upTo });
    return {
      before,
      after: await reader.task('default', claim.task.id),
      types: items.map(({ type }) => type),
      counts: await reader.counts('default', 10),
    };
  });

  expect(seen.after).toEqual(seen.before);
  expect(seen.types).toEqual(['session.opened', 'task.queued', 'task.claimed']);
  expect(seen.counts).toMatchObject({ tasks: { running: 1, queued: 0, succeeded: 0 } });
  expect(await world.task(claim.task.id)).toMatchObject({ status: 'succeeded' });
}

async function snapshotFails(world: World): Promise<void> {
  const thrown = new Error('thrown by the reader');

  const failing = world.peer.read.snapshot(async () => {
    throw thrown;
  });

  await expect(failing).rejects.toBe(thrown);
  expect(await world.peer.read.snapshot((reader) => reader.now())).toBe(world.clock.now);
  await world.add();
}

async function snapshotFailsEarly(world: World): Promise<void> {
  await world.orchestrator.enqueueTasks(Array.from({ length: 499 }, () => ({})));
  const { promise: answered, resolve } = Promise.withResolvers<PromiseSettledResult<Page<Task>>[]>();

  const failing = world.peer.read.snapshot(async (reader) => {
    await reader.now();
    await world.add();
    const sent = Array.from({ length: MANY_READS }, () => reader.tasks({ namespace: 'default', limit: 500 }));
    void Promise.allSettled(sent).then(resolve);
    throw new Error('thrown by the reader');
  });

  await expect(failing).rejects.toThrow('thrown by the reader');
  const wrong = (await answered).filter((one) => one.status === 'fulfilled' && one.value.items.length !== 499);
  expect(wrong).toEqual([]);
}

async function changesNothing(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.add({ delayMs: 1_000 });
  world.clock.advance(1_000);

  await world.changesNothing(async () => {
    await world.rival.getTask(claim.task.id);
    await world.rival.listSessions();
    await world.rival.counts();
    await world.rival.verify();
    await world.rival.asOf();
  });

  expect(await world.orchestrator.heartbeat(holderOf(claim))).toMatchObject({ ok: true });
  expect(await world.orchestrator.claimTask(claimCall())).toMatchObject({ ok: true });
}
