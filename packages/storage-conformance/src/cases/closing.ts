import type { Storage } from '@agent-orchestrator/core';
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
  'closing stops what it watched': stopsWatching,
  'an orchestrator closes its storage when it is disposed of': disposed,
});

const page = { namespace: 'default', limit: 10 };

const calls: Readonly<Record<string, (storage: Storage) => Promise<unknown>>> = {
  migrate: (storage) => storage.migrate(),
  transact: (storage) =>
    storage.transact({ by: 'task', namespace: 'default', taskId: 'none' }, () => nothing('answered')),
  watch: (storage) => storage.watch(() => {}),
  'read.session': ({ read }) => read.session('default', 'none'),
  'read.task': ({ read }) => read.task('default', 'none'),
  'read.sessions': ({ read }) => read.sessions(page),
  'read.tasks': ({ read }) => read.tasks(page),
  'read.events': ({ read }) => read.events({ ...page, upTo: 10 }),
  'read.claimPreview': ({ read }) =>
    read.claimPreview({ by: 'session', namespace: 'default', sessionId: 'none', scheduledLimit: 1 }),
  'read.idOfNumber': ({ read }) => read.idOfNumber('default', 'task', 1),
  'read.storeState': ({ read }) => read.storeState(),
  'read.counts': ({ read }) => read.counts('default', 10),
  'read.settledEventId': ({ read }) => read.settledEventId(),
  'read.namespaces': ({ read }) => read.namespaces(),
  'read.snapshot': ({ read }) => read.snapshot(async () => 'used'),
  'read.now': ({ read }) => read.now(),
};

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
  for (const [name, call] of Object.entries(calls)) {
    const error = await thrownBy(call(world.storage)).catch((other: Error) => ({ code: other.message }));
    codes[name] = error.code;
  }
  expect(codes).toEqual(Object.fromEntries(Object.keys(calls).map((name) => [name, 'STORE_CLOSED'])));
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
