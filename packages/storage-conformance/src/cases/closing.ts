import type { ClaimPreviewScope, Reader, Storage } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { nothing } from '../port.ts';
import { thrownBy } from '../thrown.ts';
import type { World } from '../world.ts';

export const closing = chapter('opening and closing', {
  'migrating again, and from both connections at once, changes nothing': migrateAgain,
  'after close every call throws STORE_CLOSED': everyCallThrows,
  'closing twice is fine, one after the other and at once': closeTwice,
  'closing one connection leaves the other at work': otherWorks,
  'what was sent before the close is answered, and has its effect': finishesWork,
  'every call that was sent before the close is answered, however many statements it takes': everyCallIsAnswered,
  'a snapshot that began before the close is answered whole, and refuses a read that comes after it': snapshotIsWhole,
  'a read that was called off throws the reason of its signal, and a signal that comes later is nothing': calledOff,
  'closing stops what it watched': stopsWatching,
  'an orchestrator closes its storage when it is disposed of': disposed,
});

const page = { namespace: 'default', limit: 10 };

const none: Pick<ClaimPreviewScope, 'namespace' | 'scheduledLimit'> = { namespace: 'default', scheduledLimit: 1 };
const addressees = ['', 'agent:none'];

/** Each read in every way that may take other statements: the type allows no read to be left out. */
const reads: { readonly [Name in keyof Reader]: readonly ((read: Reader) => Promise<unknown>)[] } = {
  session: [(read) => read.session('default', 'none')],
  task: [(read) => read.task('default', 'none')],
  agent: [(read) => read.agent('default', 'none')],
  agents: [(read) => read.agents(page), (read) => read.agents({ ...page, role: 'none', status: ['active'] })],
  sessions: [(read) => read.sessions(page)],
  questions: [(read) => read.questions({ namespace: 'default', limit: 1 })],
  tasks: [(read) => read.tasks(page)],
  events: [
    (read) => read.events({ ...page, upTo: 10 }),
    (read) => read.events({ ...page, sessionId: 'none' }),
    (read) => read.events({ ...page, taskId: 'none' }),
    (read) => read.events({ ...page, ofAgent: 'none' }),
  ],
  leases: [
    (read) => read.leases({ ...page, upTo: 10 }),
    (read) => read.leases({ ...page, upTo: 10, sessionId: 'none' }),
  ],
  dependencies: [
    (read) => read.dependencies({ ...page, taskId: 'none' }),
    (read) => read.dependencies({ ...page, dependencyId: 'none' }),
    (read) => read.dependencies({ ...page, ofAll: true }),
  ],
  dependencyEnds: [(read) => read.dependencyEnds(page)],
  histories: [(read) => read.histories('default', ['none', 'nor this'], 10)],
  claimPreview: [
    (read) => read.claimPreview({ ...none, by: 'session', sessionId: 'none' }),
    (read) => read.claimPreview({ ...none, by: 'ready', addressees, limit: 1, heldLimit: 1 }),
    (read) => read.claimPreview({ ...none, by: 'ready', addressees, kinds: ['a', 'b'], limit: 1, heldLimit: 1 }),
  ],
  idOfNumber: [(read) => read.idOfNumber('default', 'task', 1), (read) => read.idOfNumber('default', 'session', 1)],
  storeState: [(read) => read.storeState()],
  counts: [(read) => read.counts('default', 10)],
  countsOfSession: [(read) => read.countsOfSession('default', 'none', 10)],
  oldestHeads: [(read) => read.oldestHeads('default', { max: 10, limit: 1 })],
  nextScheduled: [(read) => read.nextScheduled('default', 0)],
  settledEventId: [(read) => read.settledEventId()],
  namespaces: [(read) => read.namespaces()],
  snapshot: [(read) => read.snapshot(async () => 'used'), (read) => read.snapshot((inside) => inside.tasks(page))],
  now: [(read) => read.now()],
};

const calls: readonly (readonly [name: string, call: (storage: Storage) => Promise<unknown>])[] = [
  ['migrate', (storage) => storage.migrate()],
  [
    'transact',
    (storage) => storage.transact({ by: 'task', namespace: 'default', taskId: 'none' }, () => nothing('answered')),
  ],
  ['watch', (storage) => storage.watch(() => {})],
  ...Object.entries(reads).flatMap(([name, ways]) =>
    ways.map((way, at) => [`read.${name} ${at + 1}`, ({ read }: Storage) => way(read)] as const),
  ),
];

async function migrateAgain(world: World): Promise<void> {
  await world.claimNew();

  const reports = await world.changesNothing(() => Promise.all([world.storage.migrate(), world.peer.migrate()]));

  const nothingToDo = { created: false, applied: [] };
  expect(reports).toEqual([nothingToDo, nothingToDo]);
}

async function everyCallThrows(world: World): Promise<void> {
  await world.add();

  await world.storage.close();

  const codes: Record<string, string> = {};
  for (const [name, call] of calls) {
    const error = await thrownBy(call(world.storage)).catch((other: Error) => ({ code: other.message }));
    codes[name] = error.code;
  }
  expect(codes).toEqual(Object.fromEntries(calls.map(([name]) => [name, 'STORE_CLOSED'])));
}

async function everyCallIsAnswered(world: World): Promise<void> {
  await world.add();
  const sent = calls.map(([, call]) => call(world.storage));

  const [answers] = await Promise.all([Promise.allSettled(sent), world.storage.close()]);

  const refused = answers.flatMap((answer, at) =>
    answer.status === 'rejected' ? [`${calls[at]?.[0]}: ${String(answer.reason)}`] : [],
  );
  expect(refused).toEqual([]);
}

async function snapshotIsWhole(world: World): Promise<void> {
  await world.add();
  const [began, mayGoOn] = [Promise.withResolvers<Reader>(), Promise.withResolvers<void>()];
  const sent = world.storage.read.snapshot(async (inside) => {
    began.resolve(inside);
    await mayGoOn.promise;
    return (await inside.tasks(page)).items.length;
  });
  const inside = await began.promise;

  const closed = world.storage.close();
  mayGoOn.resolve();

  expect(await sent).toBe(1);
  await closed;
  await expect(inside.tasks(page)).rejects.toThrow('after the snapshot was over');
}

async function closeTwice(world: World): Promise<void> {
  await Promise.all([world.storage.close(), world.storage.close()]);

  await world.storage.close();

  expect(await thrownBy(world.orchestrator.asOf())).toMatchObject({ code: 'STORE_CLOSED' });
}

async function otherWorks(world: World): Promise<void> {
  const { id } = await world.add();

  await world.storage.close();

  expect(await world.rival.getTask(id)).toMatchObject({ status: 'queued' });
  expect(await world.rival.cancelTask({ taskId: id })).toMatchObject({ ok: true });
}

async function finishesWork(world: World): Promise<void> {
  const { tasks } = await world.orchestrator.enqueueTasks(Array.from({ length: 10 }, () => ({})));
  const sent = tasks.map(({ task }) => world.orchestrator.cancelTask({ taskId: task.id }));

  const [answers] = await Promise.all([Promise.all(sent), world.storage.close()]);

  expect(answers).toEqual(tasks.map(() => ({ ok: true, status: 'cancelled' })));
  expect(await world.rival.counts()).toMatchObject({ tasks: { cancelled: 10, queued: 0 } });
}

async function calledOff(world: World): Promise<void> {
  const { id } = await world.add();
  const { read } = world.peer;
  const later = new AbortController();

  const reads = [read.task('default', id, later.signal), read.storeState(later.signal)];
  const [task, state] = await Promise.all(reads);
  later.abort();

  expect([task, state]).toMatchObject([{ id }, null]);
  const signal = AbortSignal.abort(new Error('called off'));
  await expect(read.task('default', id, signal)).rejects.toThrow('called off');
  await expect(read.storeState(signal)).rejects.toThrow('called off');
  await expect(read.snapshot((inside) => inside.task('default', id, signal))).resolves.toMatchObject({ id });
  expect(await read.task('default', id)).toMatchObject({ id });
}

async function stopsWatching(world: World): Promise<void> {
  let calls = 0;
  const stop = await world.storage.watch(() => {
    calls += 1;
  });
  const told = Promise.withResolvers<void>();
  const stopOther = await world.peer.watch(told.resolve);

  await world.storage.close();
  const before = calls;
  await world.rival.enqueueTask({});
  await told.promise;

  await stop();
  await stopOther();
  expect(calls).toBe(before);
}

async function disposed(world: World): Promise<void> {
  {
    await using orchestrator = world.orchestrator;
    await orchestrator.enqueueTask({});
  }

  expect(await thrownBy(world.orchestrator.enqueueTask({}))).toMatchObject({ code: 'STORE_CLOSED' });
}
