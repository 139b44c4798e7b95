// Closing while reads wait for their turn:
// - all are answered, and no connection stays open, also while another storage has the same file open, or where one
//   snapshot ends while another begins
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { Orchestrator } from '@agent-orchestrator/core';
import { newCommandId } from '@agent-orchestrator/storage-conformance';
import { expect, test } from 'vitest';
import { openSqliteStorage } from '../src/index.ts';
import { newSeed } from './new-seed.ts';
import { newPath } from './temporary-store.ts';

const OPEN_FILES = '/proc/self/fd';

async function storeWith(tasks: number): Promise<string> {
  const path = newPath();
  const storage = await openSqliteStorage({ path });
  await storage.migrate();
  await using orchestrator = new Orchestrator({ storage, newCommandId, newSeed });
  await orchestrator.enqueueTasks(Array.from({ length: tasks }, () => ({})));
  return path;
}

/** How often this process has the file or its log open. */
function openFilesOf(path: string): string[] {
  return readdirSync(OPEN_FILES).flatMap((fd) => {
    const link = `${OPEN_FILES}/${fd}`;
    // The folder itself was open while it was listed.
    const target = existsSync(link) ? readlinkSync(link) : '';
    return target.startsWith(path) ? [target] : [];
  });
}

test.skipIf(!existsSync(OPEN_FILES))('no file stays open, though reads waited for their turn', async () => {
  const path = await storeWith(500);
  const [closing, other] = [await openSqliteStorage({ path }), await openSqliteStorage({ path })];
  const reads = Array.from({ length: 60 }, () => closing.read.tasks({ namespace: 'default', limit: 500 }));
  const settled = Promise.allSettled(reads);

  await closing.close();
  const answers = await settled;
  expect(await other.read.task('default', 'none')).toBeNull();
  expect(openFilesOf(path)).not.toEqual([]);
  await other.close();

  expect(answers.filter(({ status }) => status === 'rejected')).toEqual([]);
  expect(openFilesOf(path)).toEqual([]);
});

test.skipIf(!existsSync(OPEN_FILES))('no file stays open where one snapshot ends while another begins', async () => {
  const path = await storeWith(1);

  for (let turns = 0; turns < 20; turns += 1) {
    const storage = await openSqliteStorage({ path });
    const first = storage.read.snapshot((reader) => reader.now());
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    await Promise.all([first, storage.read.snapshot((reader) => reader.now())]);
    await storage.close();

    expect([turns, openFilesOf(path)]).toEqual([turns, []]);
  }
});
