/**
 * A process that dies, and a disk that fails, in the middle of a series of calls: `strace` kills a real process at its
 * Nth write or sync, or has that one fail. Afterwards the store is whole, holds what was acknowledged, and what was not
 * acknowledged has one effect when it is sent again.
 */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Orchestrator } from '@agent-orchestrator/core';
import {
  allJournals,
  JournaledCalls,
  newCommandId,
  pastOf,
  type Journal,
  type JournalLine,
} from '@agent-orchestrator/storage-conformance';
import { describe, expect, test } from 'vitest';
import { openSqliteStorage } from '../src/index.ts';
import { keptIfItFails } from './crowd.ts';
import { newSeed } from './new-seed.ts';
import { isWithoutStrace, runUnderStrace } from './program.ts';
import { judge, WHOLE } from './whole.ts';

const withoutStrace = isWithoutStrace('no disk fails, and no process dies in the middle of a write');

/** Every how many writes one is hit; 1 hits each of them, and takes a quarter of an hour. */
const EVERY_WRITE = Number(process.env['ORCHESTRATOR_TEST_EVERY_WRITE'] ?? 7);
const RUNS_AT_ONCE = 2;

interface Fault {
  readonly syscall: 'pwrite64' | 'fsync';
  readonly every: number;
}

const FAULTS: readonly Fault[] = [
  { syscall: 'pwrite64', every: EVERY_WRITE },
  { syscall: 'fsync', every: 1 },
];

describe.skipIf(withoutStrace)('a process that is killed at a write or sync', { timeout: 600_000 }, () => {
  test.each(FAULTS)('leaves an existing store whole: $syscall', async ({ syscall, every }) => {
    const folder = keptIfItFails();
    const template = await migratedStore(folder);

    const hits = await overAll(every, async (nth) => {
      const run = newRun(folder, nth);
      copyFileSync(template, run.path);
      const exit = await runUnderStrace(`${syscall}:signal=SIGKILL:when=${nth}`, 'script', run.folder, run);
      await assertWhole(run);
      return exit.signal === 'SIGKILL';
    });

    console.log(`killed at ${hits} different calls of ${syscall}`);
    expect(hits).toBeGreaterThan(5);
  });

  test.each(FAULTS)('leaves a store that can be opened and finished: $syscall', async ({ syscall, every }) => {
    const folder = keptIfItFails();

    const hits = await overAll(every * 2, async (nth) => {
      const run = newRun(folder, nth);
      const exit = await runUnderStrace(`${syscall}:signal=SIGKILL:when=${nth}`, 'script', run.folder, run);
      await assertWhole(run);
      return exit.signal === 'SIGKILL';
    });

    console.log(`killed at ${hits} different calls of ${syscall}`);
    expect(hits).toBeGreaterThan(5);
  });
});

describe.skipIf(withoutStrace)('a disk on which one call fails', { timeout: 600_000 }, () => {
  const failures = [
    { syscall: 'fsync', error: 'EIO', code: 'STORE_IO', every: 1 },
    { syscall: 'pwrite64', error: 'EIO', code: 'STORE_IO', every: EVERY_WRITE },
    { syscall: 'pwrite64', error: 'ENOSPC', code: 'STORE_FULL', every: EVERY_WRITE },
  ];

  test.each(failures)(
    'costs a $code, and the same command sent again one effect: $error at $syscall',
    async ({ syscall, error, code, every }) => {
      const folder = keptIfItFails();
      const template = await migratedStore(folder);
      const seen: (string | null)[] = [];

      const hits = await overAll(every, async (nth) => {
        const run = newRun(folder, nth);
        copyFileSync(template, run.path);
        const exit = await runUnderStrace(`${syscall}:error=${error}:when=${nth}`, 'script', run.folder, run);
        expect(exit, `the program's end when call ${nth} failed, in ${run.folder}`).toEqual({ code: 0, signal: null });
        const journals = await assertWhole(run);
        const codes = journals.flat().flatMap((line) => (line.is === 'threw' ? line.code : []));
        seen.push(...codes);
        return wasInjected(run);
      });

      console.log(`${error} at ${hits} different calls of ${syscall}: ${seen.length} commands failed`);
      expect([...new Set(seen)]).toEqual([code]);
    },
  );
});

interface Run {
  readonly folder: string;
  readonly path: string;
  readonly run: number;
}

function newRun(parent: string, nth: number): Run {
  const folder = join(parent, String(nth));
  mkdirSync(folder);
  return { folder, path: join(folder, 'store.db'), run: 1 };
}

/** The path of a store that was migrated and closed, to be copied. */
async function migratedStore(folder: string): Promise<string> {
  const path = join(folder, 'template.db');
  const storage = await openSqliteStorage({ path });
  await storage.migrate();
  await storage.close();
  return path;
}

/**
 * Hits one call after the other, a few at once, until there are no more.
 *
 * @param one hits the call of that number; tells whether there was one
 * @returns how many were hit
 */
async function overAll(every: number, one: (nth: number) => Promise<boolean>): Promise<number> {
  let hits = 0;
  let nth = 1;
  let more = true;
  const lane = async () => {
    while (more) {
      const mine = nth;
      nth += every;
      if (await one(mine)) hits += 1;
      else more = false;
    }
  };
  await Promise.all(Array.from({ length: RUNS_AT_ONCE }, lane));
  return hits;
}

function wasInjected({ folder }: Run): boolean {
  return readFileSync(join(folder, 'strace.log'), 'utf8').includes('INJECTED');
}

/** Sends again what was not answered, and asks whether all is well. */
async function assertWhole({ folder, path }: Run): Promise<readonly Journal[]> {
  const journals = allJournals(folder);
  const again: JournalLine[] = [{ is: 'started', agent: 'script', instance: 'script.again', at: Date.now() }];
  const storage = await openSqliteStorage({ path });
  await storage.migrate();
  const calls = new JournaledCalls({
    orchestrator: new Orchestrator({ storage, newCommandId, newSeed }),
    write: (line) => again.push(line),
    now: Date.now,
  });
  for (const { command, request } of pastOf(journals).unanswered) await calls.call(command, request);
  await storage.close();
  const { whole } = await judge(path, [...journals, again]);
  expect({ folder, ...whole }).toEqual({ folder, ...WHOLE });
  return journals;
}
