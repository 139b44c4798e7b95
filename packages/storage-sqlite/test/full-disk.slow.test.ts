import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Orchestrator, OrchestratorError, type JsonText } from '@agent-orchestrator/core';
import { JournaledCalls, newCommandId, type JournalLine } from '@agent-orchestrator/storage-conformance';
import { expect, onTestFinished, test } from 'vitest';
import { openSqliteStorage } from '../src/index.ts';
import { keptIfItFails } from './crowd.ts';
import { newSeed } from './new-seed.ts';
import { judge, WHOLE } from './whole.ts';

const DISK_BYTES = 8_388_608;
const BALLAST_BYTES = 3_145_728;
/** Enough of them to fill the disk several times over. */
const TASKS_MAX = 500;

test(
  'a full disk refuses with STORE_FULL, keeps what was acknowledged, and is forgotten when there is space again',
  { timeout: 120_000 },
  async ({ skip }) => {
    const folder = keptIfItFails();
    const disk = smallDisk(folder);
    if (disk === null) {
      console.warn(
        'NOT TESTED: no small file system can be mounted here (it takes root on Linux), so no disk is full.',
      );
      skip();
    }
    const path = join(disk ?? '', 'store.db');
    const ballast = join(disk ?? '', 'ballast');
    writeFileSync(ballast, Buffer.alloc(BALLAST_BYTES));
    const storage = await openSqliteStorage({ path });
    await storage.migrate();
    const orchestrator = new Orchestrator({ storage, newCommandId, newSeed });
    const journal: JournalLine[] = [{ is: 'started', agent: 'filler', instance: 'filler.1', at: Date.now() }];
    const calls = new JournaledCalls({ orchestrator, write: (line) => journal.push(line), now: Date.now });

    const { refused, added } = await fill(calls);
    const whileFull = await Promise.allSettled([1, 2, 3].map(async () => calls.call('enqueue', bigTask())));
    const seenWhileFull = await orchestrator.counts();
    const free = statfsSync(disk ?? '').bavail;
    rmSync(ballast);
    const again = await calls.call('enqueue', refused);
    const claim = await calls.call('claim', { agent: 'filler', commandId: newCommandId(), seed: newSeed() });

    console.log(`the disk was full after ${added} tasks, ${free} blocks free`);
    for (const outcome of whileFull)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STORE_FULL', retryable: true } });
    expect(seenWhileFull.tasks.queued).toBe(added);
    expect(again).toMatchObject({ ok: true, tasks: [{ outcome: 'enqueued' }] });
    expect(claim.ok).toBe(true);
    await storage.close();
    const { whole, events } = await judge(path, [journal]);
    expect(whole).toEqual(WHOLE);
    expect(events.filter(({ type }) => type === 'task.queued')).toHaveLength(added + 1);
  },
);

/** Adds large tasks until one is refused. */
async function fill(calls: JournaledCalls) {
  for (let added = 0; added < TASKS_MAX; added += 1) {
    const request = bigTask();
    try {
      await calls.call('enqueue', request);
    } catch (error) {
      if (!(error instanceof OrchestratorError) || error.code !== 'STORE_FULL') throw error;
      return { refused: request, added };
    }
  }
  throw new Error('the disk did not fill up');
}

function bigTask() {
  const payload: JsonText = 'x'.repeat(60_000);
  return { commandId: newCommandId(), tasks: [{ payload }] };
}

/** A file system of a few megabytes, or null where none can be mounted. */
function smallDisk(folder: string): string | null {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', disk]).status === 0;
  if (!mounted) return null;
  onTestFinished(() => void spawnSync('umount', ['-l', disk]));
  return disk;
}
