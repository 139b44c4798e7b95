/*
 * Journals against the log of a store:
 *  - nothing is missing while the store has everything, also when workers continue meanwhile
 *  - for each kind of call, exactly what a store lacks is told that was restored from an older backup
 *  - every namespace is compared, or one; how many operations of others are left out is told
 *  - the log is read page by page up to one settled event, and no further than needed
 *  - journals of several folders are read, and a copy of a journal changes nothing
 * What cannot be read is told by a code:
 *  - a folder that is not there, is none, or has no journal
 *  - a line that is damaged, and an answer that is not complete: with the file; a last line that was cut off is normal
 *  - a journal that was removed meanwhile is left out
 */
import { cpSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventRecord } from '@agent-orchestrator/core';
import { attemptsOf, type Attempt } from '@agent-orchestrator/core/journal';
import { expect, onTestFinished, test } from 'vitest';
import {
  backupStore,
  checkJournals,
  createWorker,
  JournaledCalls,
  JournalWriter,
  openOrchestrator,
  restoreStore,
  type Orchestrator,
} from '../src/index.ts';
import { journalNames, journalsIn, newFolder, textIn } from './support/journals.ts';

/** A machine may be busy with other things. */
const BUSY = { timeout: 15_000 };

async function newStore(folder: string, namespace = 'default') {
  const url = `sqlite:${join(folder, 'store.db')}`;
  return { url, orchestrator: await opened(url, namespace), journals: join(folder, 'journals') };
}

async function opened(url: string, namespace = 'default'): Promise<Orchestrator> {
  // The evidence of these tests is of an invented machine.
  const orchestrator = await openOrchestrator(url, { namespace, machine: { host: 'h', boot: 'b' } });
  onTestFinished(() => orchestrator[Symbol.asyncDispose]());
  return orchestrator;
}

/** Lets a worker with a journal do tasks, each with a checkpoint. */
async function work(orchestrator: Orchestrator, journal: string, ids: readonly string[]): Promise<void> {
  await orchestrator.enqueueTasks(ids.map((id) => ({ id })));
  const worker = createWorker({
    orchestrator,
    agent: 'worker',
    journal,
    handler: async ({ checkpoint }) => void (await checkpoint({ nextAction: 'end' })),
    concurrency: 2,
    kinds: ['task'],
  });
  await expect
    .poll(
      async () => (await orchestrator.listTasks({ status: ['succeeded'], limit: 500 })).items.map(({ id }) => id),
      BUSY,
    )
    .toEqual(expect.arrayContaining([...ids]));
  await worker.stop();
}

async function eventsOf(orchestrator: Orchestrator): Promise<readonly EventRecord[]> {
  return (await orchestrator.listEvents({ limit: 500 })).items;
}

function commandIdOf({ request }: Attempt): string {
  return 'commandId' in request ? (request.commandId ?? '') : '';
}

test('nothing is missing while the store has everything', async () => {
  const { orchestrator, journals } = await newStore(newFolder());

  await work(orchestrator, journals, ['one', 'two', 'three']);

  expect(await checkJournals(orchestrator, [journals])).toEqual({
    ok: true,
    files: 1,
    namespace: null,
    leftOut: 0,
    operations: attemptsOf(journalsIn(journals)[0] ?? []).filter(({ outcome }) => outcome === 'acknowledged').length,
    summary: 'No acknowledged operation is missing.',
    missing: [],
    asOf: await orchestrator.asOf(),
  });
});

test('nothing is missing when workers continue meanwhile', async () => {
  const { url, orchestrator, journals } = await newStore(newFolder());
  const other = await opened(url);
  let checks = 0;

  const done = work(
    orchestrator,
    journals,
    Array.from({ length: 40 }, (_, at) => `t-${at}`),
  ).then(() => true);
  while (!(await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 5, false))]))) {
    expect(await checkJournals(other, [journals])).toMatchObject({ missing: [] });
    checks += 1;
  }

  expect(checks).toBeGreaterThan(3);
});

test('exactly what a store lacks is told that was restored from an older backup', async () => {
  const folder = newFolder();
  const { url, orchestrator, journals } = await newStore(folder);
  const file = join(folder, 'backup.db');
  using journal = new JournalWriter({ folder: journals, agent: 'recoverer', instance: 'recoverer.1' });
  const recoverer = new JournaledCalls(orchestrator, journal);
  await work(orchestrator, journals, ['before-1', 'before-2']);
  await orchestrator.enqueueTask({ id: 'held' });
  const process = { host: 'h', boot: 'b', pid: 1, start: '1' };
  const held = await recoverer.claimTask({ agent: 'recoverer', process });
  await backupStore({ store: url, file });
  await work(orchestrator, journals, ['since-1', 'since-2']);
  const { sessionId, fence } = held.ok ? held.lease : { sessionId: '', fence: 0 };
  const proof = { sessionId, fence, host: 'h', boot: 'b', pid: 1, processStart: '1', observed: 'no such process' };
  await recoverer.staleRecovery({ evidence: [proof] });

  const restored = `sqlite:${join(folder, 'restored.db')}`;
  await restoreStore({ file, store: restored });
  const after = await opened(restored);
  const { ok, missing, operations, summary } = await checkJournals(after, [journals]);

  const [was, is] = [await eventsOf(orchestrator), await eventsOf(after)];
  const kept = new Set(is.map(({ commandId }) => commandId));
  const lost = new Set(was.flatMap(({ commandId }) => (commandId === null || kept.has(commandId) ? [] : commandId)));
  const acknowledged = journalsIn(journals)
    .flatMap(attemptsOf)
    .filter(({ outcome }) => outcome === 'acknowledged');
  expect(ok).toBe(false);
  expect(summary).toMatch(new RegExp(`^${missing.length} acknowledged operations are missing \\(`));
  expect(missing.map(({ commandId }) => commandId).toSorted()).toEqual(
    acknowledged
      .map(commandIdOf)
      .filter((id) => lost.has(id))
      .toSorted(),
  );
  expect(operations).toBeGreaterThan(missing.length);
  expect(new Set(missing.map(({ attempt }) => attempt.command))).toEqual(
    new Set(['claim', 'checkpoint', 'release', 'recover']),
  );
  const answered = missing.map(({ attempt }) => attempt.answeredAt ?? 0);
  expect(answered).toEqual(answered.toSorted((a, b) => a - b));
  const tasks = missing.flatMap(({ missing: effects }) => effects.map(({ taskId }) => taskId));
  expect(new Set(tasks)).toEqual(new Set(['since-1', 'since-2', 'held']));
  expect(missing.find(({ attempt }) => attempt.command === 'release')).toMatchObject({
    attempt: { agent: 'worker' },
    missing: [{ type: 'lease_ended', fence: expect.any(Number), outcome: 'succeeded' }],
  });
  // The restored store continues, and what follows is not missing.
  await work(after, journals, ['after']);
  expect((await checkJournals(after, [journals])).missing).toEqual(missing);
  expect(await checkJournals(orchestrator, [journals])).toMatchObject({ ok: false });
});

test('every namespace is compared, or one', async () => {
  const folder = newFolder();
  const { url, orchestrator, journals } = await newStore(folder, 'one');
  await work(orchestrator, journals, ['a', 'b']);
  await work(await opened(url, 'two'), journals, ['c']);
  const empty = await opened(`sqlite:${join(folder, 'empty.db')}`);

  const namespaces = async (namespace?: string) =>
    new Set((await checkJournals(empty, [journals], namespace)).missing.map((one) => one.namespace));
  expect(await namespaces()).toEqual(new Set(['one', 'two']));
  expect(await namespaces('two')).toEqual(new Set(['two']));
  const all = await checkJournals(empty, [journals]);
  const two = await checkJournals(empty, [journals], 'two');
  expect(two).toMatchObject({ namespace: 'two', operations: expect.any(Number) });
  expect(two.operations + two.leftOut).toBe(all.operations);
  expect(await checkJournals(empty, [journals], 'three')).toMatchObject({
    ok: true,
    files: 2,
    operations: 0,
    leftOut: all.operations,
    summary: 'No acknowledged operation was compared.',
  });
  expect(await checkJournals(orchestrator, [journals])).toMatchObject({ ok: true });
});

test('the log is read page by page up to one settled event, and no further than needed', async () => {
  const { orchestrator, journals } = await newStore(newFolder());
  await work(orchestrator, journals, ['early']);
  const add = async () => orchestrator.enqueueTasks(Array.from({ length: 1_000 }, () => ({ kind: 'other' })));
  for (let batch = 0; batch < 2; batch += 1) await add();
  const pages: { upTo: number | undefined; read: number }[] = [];
  const listEvents = orchestrator.listEvents.bind(orchestrator);
  orchestrator.listEvents = async (filter) => {
    const page = await listEvents(filter);
    pages.push({ upTo: filter?.upTo, read: page.items.length });
    return page;
  };

  await checkJournals(orchestrator, [journals]);
  expect(pages).toEqual([{ upTo: await orchestrator.asOf(), read: 500 }]);

  pages.length = 0;
  await work(orchestrator, journals, ['late']);
  const asOf = await orchestrator.asOf();
  pages.length = 0;
  expect(await checkJournals(orchestrator, [journals])).toMatchObject({ ok: true, asOf });
  expect(pages.length).toBeGreaterThan(7);
  for (const { upTo, read } of pages) {
    expect(upTo).toBe(asOf);
    expect(read).toBeLessThanOrEqual(500);
  }
});

test('journals of several folders are read, and a copy of a journal changes nothing', async () => {
  const folder = newFolder();
  const { orchestrator, journals } = await newStore(folder);
  await work(orchestrator, journals, ['one']);
  const other = join(folder, 'other-machine');
  await work(orchestrator, other, ['two']);
  const copy = join(folder, 'copy');
  cpSync(journals, copy, { recursive: true });
  writeFileSync(join(copy, 'notes.txt'), 'no journal');
  const empty = await opened(`sqlite:${join(folder, 'empty.db')}`);

  const [once, twice] = [
    await checkJournals(empty, [journals, other]),
    await checkJournals(empty, [journals, other, copy]),
  ];

  expect(twice.missing).toEqual(once.missing);
  expect([once.files, twice.files]).toEqual([2, 3]);
  expect(once.missing.flatMap(({ missing }) => missing.map(({ taskId }) => taskId))).toEqual(
    expect.arrayContaining(['one', 'two']),
  );
  expect(await checkJournals(orchestrator, [journals, other, copy])).toMatchObject({ ok: true, files: 3 });
});

test('a folder that is not there, is none, or has no journal is told by a code', async () => {
  const folder = newFolder();
  const { orchestrator } = await newStore(folder);
  mkdirSync(join(folder, 'empty'));
  writeFileSync(join(folder, 'file'), '');

  for (const name of ['nowhere', 'file', 'empty'])
    await expect(checkJournals(orchestrator, [join(folder, name)])).rejects.toMatchObject({
      code: 'JOURNAL_NOT_FOUND',
      message: expect.stringContaining(join(folder, name)),
    });
});

test('a line that is damaged is told with file and line; a last line that was cut off is normal', async () => {
  const folder = newFolder();
  const { orchestrator, journals } = await newStore(folder);
  await work(orchestrator, journals, ['one']);
  const file = join(journals, journalNames(journals)[0] ?? '');
  const text = textIn(journals);

  writeFileSync(file, text.slice(0, -20));
  expect(await checkJournals(orchestrator, [journals])).toMatchObject({ ok: true });
  writeFileSync(file, text.replace('\n', '\n\u0000'));
  await expect(checkJournals(orchestrator, [journals])).rejects.toMatchObject({
    code: 'JOURNAL_DAMAGED',
    message: `Line 2 of ${file} is not a line of a journal.`,
  });
});

test('an answer that is not complete is told with its file', async () => {
  const folder = newFolder();
  const { orchestrator, journals } = await newStore(folder);
  await work(orchestrator, journals, ['one']);
  const file = join(journals, journalNames(journals)[0] ?? '');

  writeFileSync(file, readFileSync(file, 'utf8').replace('"claims":', '"kleims":'));

  await expect(checkJournals(orchestrator, [journals])).rejects.toMatchObject({
    code: 'JOURNAL_DAMAGED',
    message: expect.stringMatching(/^The claim of .+Z in .+\.jsonl is not complete\.$/),
  });
});

test('a journal that was removed meanwhile is left out', async () => {
  const folder = newFolder();
  const { orchestrator, journals } = await newStore(folder);
  await work(orchestrator, journals, ['one']);
  // A link to nothing is in its folder, and cannot be read.
  const [name = ''] = journalNames(journals);
  renameSync(join(journals, name), join(folder, 'aside'));
  symlinkSync(join(folder, 'nothing'), join(journals, name));

  expect(await checkJournals(orchestrator, [journals])).toMatchObject({ ok: true, files: 0, operations: 0 });
});
