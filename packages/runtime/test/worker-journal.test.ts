/*
 * A worker that keeps a journal:
 *  - what it sent and was answered is in the journal, and the store lacks nothing of it
 *  - heartbeats are not in it, nor is any token or seed
 *  - an answer is in it before the handler gets its task, its checkpoint's answer, and before a release is told
 *  - the namespace is in it, and what was answered only when it was sent again
 *  - a result that is no JSON is cut as without a journal
 * While the journal cannot be written:
 *  - the worker does not begin
 *  - it claims nothing, tells of an outage, and continues by itself afterwards
 *  - a checkpoint and a release reach the store; the worker continues when they are in the journal
 *  - a worker that is told to stop stops, and tells what it could not journal
 * Calls that are journaled one by one:
 *  - a claim that cannot be journaled is given back, and no attempt is charged
 *  - a recovery is in the journal, and is not sent if it cannot be
 */
import { join } from 'node:path';
import { createMemoryData, openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { attemptsOf, type Attempt } from '@agent-orchestrator/core/journal';
import { expect, onTestFinished, test } from 'vitest';
import {
  checkJournals,
  createWorker,
  JournaledCalls,
  JournalWriter,
  newCommandId,
  newSeed,
  type Work,
  type WorkerEvent,
  type WorkerOptions,
} from '../src/index.ts';
import { FakeTime } from './support/fake-time.ts';
import { blockFolder, journalNames, journalsIn, newFolder, textIn } from './support/journals.ts';
import { TappedOrchestrator } from './support/tapped-orchestrator.ts';

/** A machine may be busy with other things. */
const BUSY = { timeout: 15_000 };

async function open({ namespace = 'default', time }: { readonly namespace?: string; readonly time?: FakeTime } = {}) {
  const storage = openMemoryStorage({ data: createMemoryData(), ...(time !== undefined && { clock: time }) });
  await storage.migrate();
  const ids = time?.newCommandId ?? newCommandId;
  const orchestrator = new TappedOrchestrator({ storage, newCommandId: ids, newSeed, namespace });
  const folder = join(newFolder(), 'journals');
  const start = (handler: WorkerOptions['handler'], options: Partial<WorkerOptions> = {}) => {
    const events: WorkerEvent[] = [];
    const worker = createWorker({
      orchestrator,
      agent: 'a',
      journal: folder,
      handler,
      onEvent: (event) => events.push(event),
      ...options,
    });
    onTestFinished(() => worker.stop({ graceMs: 0 }).catch(() => {}));
    return { worker, events };
  };
  const add = async (...ids: readonly string[]) => {
    await orchestrator.enqueueTasks(ids.map((id) => ({ id, sessionId: `of-${id}` })));
  };
  const statusOf = async (id: string) => (await orchestrator.getTask(id))?.status;
  return { orchestrator, folder, start, add, statusOf };
}

/** What the journals in a folder say was acknowledged, in short. */
function acknowledged(folder: string): string[] {
  const attempts = journalsIn(folder).flatMap(attemptsOf);
  return attempts.filter(({ outcome }) => outcome === 'acknowledged').map(inShort);
}

function inShort({ command, request }: Attempt): string {
  if (command === 'release') return `release ${request.items.map(({ outcome }) => outcome).join(' ')}`;
  return command;
}

/** A handler that saves three checkpoints, and the works it got. */
function stepping() {
  const works: Work[] = [];
  const handler = async (work: Work) => {
    works.push(work);
    for (let step = 1; step <= 3; step += 1) await work.checkpoint({ nextAction: `step ${step}` });
    return { steps: 3 };
  };
  return { works, handler };
}

test('what a worker sent and was answered is in its journal, and the store lacks nothing of it', async () => {
  const { orchestrator, folder, start, add, statusOf } = await open();
  const { handler } = stepping();
  await add('one', 'two');

  const { worker } = start(handler);
  await expect.poll(() => statusOf('two'), BUSY).toBe('succeeded');
  await worker.stop();

  const checkpoints = Array.from({ length: 3 }, () => 'checkpoint');
  const task = [...checkpoints, 'release succeeded'];
  expect(acknowledged(folder)).toEqual(['claim', ...task, ...task]);
  expect(journalsIn(folder)).toMatchObject([
    expect.arrayContaining([expect.objectContaining({ is: 'started', agent: 'a', instance: worker.instance })]),
  ]);
  expect(journalsIn(folder)[0]?.at(-1)).toMatchObject({ is: 'ended' });
  expect(await checkJournals(orchestrator, [folder])).toMatchObject({ ok: true, files: 1, operations: 9, missing: [] });
});

test('heartbeats are not in it, nor is any token or seed', async () => {
  const { orchestrator, folder, start, add, statusOf } = await open();
  const { works, handler } = stepping();
  await add('one', 'two');

  const { worker } = start(async (work) => {
    work.progress({ part: 1 });
    await expect.poll(() => orchestrator.calls.some(({ command }) => command === 'heartbeat'), BUSY).toBe(true);
    return handler(work);
  });
  await expect.poll(() => statusOf('two'), BUSY).toBe('succeeded');
  await worker.stop();

  const text = textIn(folder);
  const secrets = works.flatMap(({ lease: { token } }) => [token, token.slice(token.indexOf('-') + 1)]);
  const seeds = orchestrator.calls.map(({ call }) => call['seed']).filter((seed) => typeof seed === 'string');
  expect(secrets).toHaveLength(4);
  expect(seeds.length).toBeGreaterThan(2);
  for (const secret of [...secrets, ...seeds, '"token"', '"seed"', 'heartbeat"']) expect(text).not.toContain(secret);
  for (const { lease } of works) expect(text).toContain(`"fence":${lease.fence}`);
});

test('an answer is in the journal before the worker acts on it', async () => {
  const { folder, start, add, statusOf } = await open();
  const seen: string[][] = [];
  await add('one');

  const { worker } = start(
    async ({ checkpoint }) => {
      seen.push(acknowledged(folder));
      await checkpoint({});
      seen.push(acknowledged(folder));
    },
    { onEvent: ({ is }) => void (is === 'released' && seen.push(acknowledged(folder))) },
  );
  await expect.poll(() => statusOf('one'), BUSY).toBe('succeeded');
  await worker.stop();

  expect(seen).toEqual([['claim'], ['claim', 'checkpoint'], ['claim', 'checkpoint', 'release succeeded']]);
});

test('the namespace is in it, and what was answered only when it was sent again', async () => {
  const { orchestrator, folder, start, add, statusOf } = await open({ namespace: '이름' });
  const { handler } = stepping();
  await add('one');

  orchestrator.loseAnswers = 1;
  const { worker } = start(handler);
  await expect.poll(() => statusOf('one'), BUSY).toBe('succeeded');
  await worker.stop();

  expect(orchestrator.lost).toBeGreaterThan(4);
  expect(await checkJournals(orchestrator, [folder])).toMatchObject({ ok: true, operations: 5 });
  expect(await checkJournals(orchestrator, [folder], 'other')).toMatchObject({ ok: true, operations: 0 });
  expect(await checkJournals(orchestrator, [folder], '이름'.normalize('NFD'))).toMatchObject({ operations: 5 });
});

test('a result that is no JSON is cut as without a journal', async () => {
  const { orchestrator, folder, start, add, statusOf } = await open();
  await orchestrator.enqueueTask({ id: 'one', attemptsMax: 1 });
  await add('two');

  const { worker } = start(async ({ task }) => (task.id === 'one' ? { count: 1n } : {}));
  await expect.poll(() => statusOf('two'), BUSY).toBe('succeeded');
  await worker.stop();

  expect(await statusOf('one')).toBe('succeeded');
  expect(acknowledged(folder)).toContain('release succeeded');
  expect(await checkJournals(orchestrator, [folder])).toMatchObject({ ok: true });
});

test('a worker whose journal cannot be written does not begin', async () => {
  const { orchestrator, folder, start, add, statusOf } = await open();
  await add('one');
  const blocked = blockFolder(folder);

  expect(() => start(async () => {})).toThrow(expect.objectContaining({ code: 'JOURNAL_UNWRITABLE' }));
  blocked.end();

  expect(orchestrator.calls).toEqual([]);
  expect(await statusOf('one')).toBe('queued');
});

test('while its journal cannot be written a worker claims nothing, and continues by itself afterwards', async () => {
  const { orchestrator, folder, start, add, statusOf } = await open();
  const { worker, events } = start(async () => {});

  const blocked = blockFolder(folder);
  await add('one');
  await expect
    .poll(() => events)
    .toContainEqual(
      expect.objectContaining({ is: 'outage', error: expect.objectContaining({ code: 'JOURNAL_UNWRITABLE' }) }),
    );
  expect(await statusOf('one')).toBe('queued');
  blocked.end();
  await expect.poll(() => statusOf('one'), BUSY).toBe('succeeded');
  await worker.stop();

  expect(acknowledged(folder)).toEqual(['claim', 'release succeeded']);
  expect(await checkJournals(orchestrator, [folder])).toMatchObject({ ok: true });
});

test('a checkpoint and a release reach the store; the worker continues when they are in the journal', async () => {
  const { orchestrator, folder, start, add, statusOf } = await open();
  const [began, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let saved = false;
  await add('one');
  const { worker, events } = start(async ({ task, checkpoint }) => {
    if (task.id !== 'one') return;
    began.resolve();
    await goOn.promise;
    await checkpoint({ nextAction: 'saved' });
    saved = true;
  });
  await began.promise;

  let blocked = blockFolder(folder);
  goOn.resolve();
  await expect.poll(async () => (await orchestrator.getSession('of-one'))?.context?.nextAction, BUSY).toBe('saved');
  await expect.poll(() => events.map(({ is }) => is), BUSY).toContain('outage');
  expect(saved).toBe(false);
  blocked.end();
  await expect.poll(() => acknowledged(folder), BUSY).toEqual(['checkpoint', 'release succeeded']);
  expect(saved).toBe(true);

  blocked = blockFolder(folder);
  await add('two');
  await expect.poll(() => events.filter(({ is }) => is === 'outage').length, BUSY).toBeGreaterThan(1);
  expect(await statusOf('two')).toBe('queued');
  blocked.end();
  await expect.poll(() => statusOf('two'), BUSY).toBe('succeeded');
  await worker.stop();
  expect(await checkJournals(orchestrator, [folder])).toMatchObject({ ok: true });
});

test('a worker that is told to stop stops, and tells what it could not journal', async () => {
  const time = new FakeTime();
  const { folder, start, add, statusOf } = await open({ time });
  const [began, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await add('one');
  const handler = async () => {
    began.resolve();
    await goOn.promise;
  };
  const { worker, events } = start(handler, { time, newCommandId: time.newCommandId });
  await began.promise;

  const blocked = blockFolder(folder);
  goOn.resolve();
  await expect.poll(() => statusOf('one'), BUSY).toBe('succeeded');
  const stopped = worker.stop({ graceMs: 0 });
  await time.advance(20_000);
  await stopped;
  blocked.end();

  expect(events.at(-1)).toMatchObject({ is: 'left', error: { code: 'JOURNAL_UNWRITABLE' } });
});

test('a claim that cannot be journaled is given back, and no attempt is charged', async () => {
  const { orchestrator, folder, add } = await open();
  using journal = new JournalWriter({ folder, agent: 'a', instance: 'a.1' });
  const calls = new JournaledCalls(orchestrator, journal);
  await add('one');

  let blocked = blockFolder(folder);
  await expect(calls.claimTask({ agent: 'a' })).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE' });
  expect((await orchestrator.listEvents()).items.map(({ type }) => type)).not.toContain('task.claimed');
  blocked.end();
  const claimTask = orchestrator.claimTask.bind(orchestrator);
  orchestrator.claimTask = async (call) => {
    const claimed = await claimTask(call);
    blocked = blockFolder(folder);
    return claimed;
  };
  await expect(calls.claimTask({ agent: 'a' })).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE' });
  blocked.end();

  expect(await orchestrator.getTask('one')).toMatchObject({ status: 'queued', attempt: 0, interruptions: 0 });
  expect((await orchestrator.listEvents()).items.at(-1)).toMatchObject({ type: 'task.released' });
});

test('a recovery is in the journal, and is not sent if it cannot be', async () => {
  const { orchestrator, folder, add } = await open();
  using journal = new JournalWriter({ folder, agent: 'b', instance: 'b.1' });
  const calls = new JournaledCalls(orchestrator, journal);
  await add('one');
  const process = { host: 'h', boot: 'b', pid: 1, start: '1' };
  const claimed = await orchestrator.claimTask({ agent: 'a', process });
  if (!claimed.ok) throw new Error('nothing was claimed');
  const { sessionId, fence } = claimed.lease;
  const proof = { sessionId, fence, host: 'h', boot: 'b', pid: 1, processStart: '1', observed: 'no such process' };

  const blocked = blockFolder(folder);
  await expect(calls.staleRecovery({ evidence: [proof] })).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE' });
  blocked.end();
  expect(await orchestrator.getTask('one')).toMatchObject({ status: 'running' });
  expect(await calls.staleRecovery({ evidence: [proof] })).toMatchObject({ recovered: [{ taskId: 'one' }] });

  expect(journalNames(folder)).toHaveLength(1);
  expect(acknowledged(folder)).toEqual(['recover']);
  expect(await checkJournals(orchestrator, [folder])).toMatchObject({ ok: true, operations: 1 });
});
