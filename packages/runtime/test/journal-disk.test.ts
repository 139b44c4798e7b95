/*
 * A new file of a journal:
 *  - is on the disk before anything is appended to it: its text, its name, and the names of new folders above it
 *  - is not left behind where any of that fails
 * A flush:
 *  - ends when the disk has what was appended before it
 *  - of what is appended during a flush begins when that has ended
 *  - is shared by those who wait for the next one
 *  - that failed closes the file, and fails the next one without another try
 * An append that failed closes the file.
 * A journal on such a file:
 *  - gives an answer only after its flush
 *  - gives no answer whose flush failed, and continues in another file
 * The disk of the system really syncs data, files and folders.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Calls } from '@agent-orchestrator/core/journal';
import { expect, onTestFinished, test } from 'vitest';
import { JournalWriter } from '../src/index.ts';
import { systemDisk, type JournalDisk } from '../src/work/journal-disk.ts';
import { JournalFile } from '../src/work/journal-file.ts';
import { journalNames, newFolder, textIn } from './support/journals.ts';

const GRANTED = { ok: true, claims: [] } as const satisfies Calls['claim']['reply'];
/** A number that no open file has. */
const NO_FILE = 2 ** 30;

/** A disk that notes what is asked of it. The test ends its flushes, and makes it fail. */
class TestDisk implements JournalDisk {
  readonly steps: string[] = [];
  readonly flushes: PromiseWithResolvers<void>[] = [];
  failing: keyof JournalDisk | null = null;

  write(file: number, data: Buffer, from: number): number {
    if (this.failing !== 'write')
      return this.#step('write', `write ${data.toString()}`, () => systemDisk.write(file, data, from));
    systemDisk.write(file, data.subarray(0, 3), from);
    throw new Error('write failed');
  }

  syncData(): Promise<void> {
    const flush = Promise.withResolvers<void>();
    this.flushes.push(flush);
    return this.#step('syncData', 'sync data', () => flush.promise);
  }

  syncFile(): void {
    this.#step('syncFile', 'sync file', () => {});
  }

  syncFolder(folder: string): void {
    this.#step('syncFolder', `sync folder ${basename(folder)}`, () => {});
  }

  #step<T>(name: keyof JournalDisk, step: string, take: () => T): T {
    if (this.failing === name) throw new Error(`${name} failed`);
    this.steps.push(step);
    return take();
  }
}

function newFile() {
  const disk = new TestDisk();
  const path = join(newFolder(), 'one.jsonl');
  const file = JournalFile.create(path, 'begin', disk);
  onTestFinished(() => file.close());
  disk.steps.length = 0;
  return { disk, file };
}

/** Whether a promise has ended, once all that can happen without the disk has happened. */
async function hasEnded(promise: Promise<unknown>): Promise<boolean> {
  const ended = Promise.allSettled([promise]).then(() => true);
  return Promise.race([ended, new Promise<boolean>((resolve) => setImmediate(resolve, false))]);
}

test('a new file is on the disk with its name, and so are the names of new folders', () => {
  const disk = new TestDisk();
  const folder = newFolder();

  JournalFile.create(join(folder, 'above', 'journals', 'one.jsonl'), 'begin', disk).close();
  JournalFile.create(join(folder, 'above', 'journals', 'two.jsonl'), 'begin', disk).close();

  expect(disk.steps).toEqual([
    'write begin',
    'sync file',
    'sync folder journals',
    'sync folder above',
    `sync folder ${basename(folder)}`,
    'write begin',
    'sync file',
    'sync folder journals',
  ]);
});

test.each(['write', 'syncFile', 'syncFolder'] as const)('no new file is left behind where %s fails', (failing) => {
  const disk = new TestDisk();
  const folder = newFolder();
  disk.failing = failing;

  expect(() => JournalFile.create(join(folder, 'one.jsonl'), 'begin', disk)).toThrow(`${failing} failed`);

  expect(readdirSync(folder)).toEqual([]);
});

test('a flush ends when the disk has what was appended before it', async () => {
  const { disk, file } = newFile();
  file.append('a');

  const flushed = file.flush();

  expect(await hasEnded(flushed)).toBe(false);
  expect(disk.steps).toEqual(['write a', 'sync data']);
  disk.flushes[0]?.resolve();
  await flushed;
});

/** Asks for a second flush while the first one is under way. */
async function flushedTwice() {
  const { disk, file } = newFile();
  file.append('a');
  const first = file.flush();
  expect(await hasEnded(first)).toBe(false);
  file.append('b');
  return { disk, file, first, second: file.flush() };
}

test('what is appended during a flush waits for the next one, which is shared', async () => {
  const { disk, file, first, second } = await flushedTwice();

  file.append('c');
  const third = file.flush();
  expect(await hasEnded(second)).toBe(false);
  expect(disk.steps).toEqual(['write a', 'sync data', 'write b', 'write c']);
  disk.flushes[0]?.resolve();
  await first;

  expect(await hasEnded(Promise.race([second, third]))).toBe(false);
  expect(disk.steps).toEqual(['write a', 'sync data', 'write b', 'write c', 'sync data']);
  disk.flushes[1]?.resolve();
  await Promise.all([second, third]);
});

test('a flush that failed closes the file, and fails the next one without another try', async () => {
  const { disk, file, first, second } = await flushedTwice();

  disk.flushes[0]?.reject(new Error('the disk failed'));

  await expect(first).rejects.toThrow('the disk failed');
  await expect(second).rejects.toThrow('the disk failed');
  expect(disk.flushes).toHaveLength(1);
  expect(file.isUsable).toBe(false);
});

test('an append that failed closes the file', () => {
  const { disk, file } = newFile();
  disk.failing = 'write';

  expect(() => file.append('abcdef')).toThrow('write failed');

  expect(file.isUsable).toBe(false);
});

test('a journal gives an answer only after its flush; after one that failed it continues in another file', async () => {
  const disk = new TestDisk();
  const folder = newFolder();
  const journal = new JournalWriter({ folder, agent: 'a', instance: 'a.1', disk });
  onTestFinished(() => journal.close());
  const answered = () => journal.answered(journal.sent('claim', { agent: 'a', commandId: 'c' }, true), GRANTED);

  const first = answered();
  expect(await hasEnded(first)).toBe(false);
  disk.flushes[0]?.resolve();
  await first;
  const second = answered();
  expect(await hasEnded(second)).toBe(false);
  disk.flushes[1]?.reject(new Error('the disk failed'));
  await expect(second).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE' });
  const third = answered();
  expect(await hasEnded(third)).toBe(false);
  disk.flushes[2]?.resolve();
  await third;

  expect(journalNames(folder)).toHaveLength(2);
  expect(textIn(folder).match(/"answered"/g)).toHaveLength(3);
});

test('the disk of the system really syncs data and files', async () => {
  await expect(systemDisk.syncData(NO_FILE)).rejects.toMatchObject({ code: 'EBADF' });
  expect(() => systemDisk.syncFile(NO_FILE)).toThrow(expect.objectContaining({ code: 'EBADF' }));
});

// What cannot be written cannot be synced either.
test.runIf(process.platform === 'linux')('the disk of the system really syncs folders', () => {
  const folder = join(newFolder(), 'one');
  mkdirSync(folder);

  expect(() => systemDisk.syncFolder(folder)).not.toThrow();
  expect(() => systemDisk.syncFolder('/proc')).toThrow(expect.objectContaining({ code: 'EINVAL', syscall: 'fsync' }));
});
