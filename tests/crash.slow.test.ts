/*
 * What takes many writes, killed with SIGKILL after any of them, in a process of its own: migrations, backups,
 * restores, moves, imports of old databases, recoveries of many sessions, passes after a clock jump.
 *  - wherever it was killed, what was promised of it holds: nothing is lost, nothing is half done under its final name,
 *    never are two stores open
 *  - done again, it comes to its end; then the file is whole, the log bears out the state, and the invariants hold
 */
import { join } from 'node:path';
import { seedOfRun } from '@agent-orchestrator/storage-conformance';
import { expect, test } from 'vitest';
import { Random } from '../packages/storage-conformance/src/processes/random.ts';
import { backup } from './crash/backup.ts';
import { legacyImport } from './crash/import-legacy.ts';
import { creation, upgrade } from './crash/migrate.ts';
import { move } from './crash/move.ts';
import type { OperationSettings, Write } from './crash/operation-program.ts';
import { operate } from './crash/operation.ts';
import { clockJump, recovery } from './crash/passes.ts';
import { restore } from './crash/restore.ts';
import type { Prepare, Trial } from './crash/trial.ts';
import { runFile } from './support/program.ts';
import { KINDS, newFolder, type Kind } from './support/stores.ts';

/** At least twenty of each operation on each kind of store; of migrations, half create a store and half upgrade one. */
const KILLS = 20;
/** Two processes at a time keep two cores at work. */
const AT_ONCE = 2;

const OPERATIONS: readonly (readonly [
  string,
  Prepare,
  { readonly times?: number; readonly kinds?: readonly Kind[] },
])[] = [
  ['the creation of', creation, { times: KILLS / 2 }],
  ['an upgrade of', upgrade, { times: KILLS / 2 }],
  ['a backup of', backup, {}],
  ['a restore to', restore, {}],
  ['a move from', move, {}],
  ['an import of an old database to', legacyImport, {}],
  ['a recovery of many in', recovery, {}],
  ['the pass after a clock jump in', clockJump, {}],
];

const CASES = OPERATIONS.flatMap(([name, prepare, { times = KILLS, kinds = KINDS }]) =>
  kinds.map((kind) => [name, kind, prepare, times] as const),
);

const seed = seedOfRun();

test.for(CASES)('%s %s, killed after any write', { timeout: 240_000 }, async ([name, kind, prepare, times]) => {
  const random = new Random(seed, name, kind);
  const folder = newFolder();
  const newTrial = await prepare(kind);
  const unkilled = await newTrial();
  const { signal, stdout, stderr } = await run(folder, { operation: unkilled.operation, killedAfter: null });
  expect([signal, stderr]).toEqual([null, '']);
  expect(await unkilled.promised()).toBe('done');
  await unkilled.done();
  const writes = Object.entries(JSON.parse(stdout) as Record<string, number>);
  const ends: string[] = [];
  let [kills, missed] = [0, 0];

  const killUntilEnough = async () => {
    while (kills < times) {
      kills += 1;
      const killedAfter = anyOf(writes, random);
      const end = await killAndFinish(folder, await newTrial(), killedAfter);
      if (end !== 'not killed') ends.push(end);
      else [kills, missed] = [kills - 1, missed + 1];
      expect(missed).toBeLessThan(times);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, killUntilEnough));

  const count = (end: string) => ends.filter((one) => one === end).length;
  console.log(`${name} ${kind}: ${writes.length} kinds of writes, ${count('cut off')} cut off, ${count('done')} done`);
  expect(count('cut off')).toBeGreaterThan(0);
});

/** Each kind of write is as likely as the others: most of them are rows, and what is between is more telling. */
function anyOf(writes: readonly (readonly [string, number])[], random: Random): Write {
  const [what, times] = writes[random.between(0, writes.length - 1)] ?? ['', 0];
  return { what, nth: random.between(1, times) };
}

/**
 * Kills it once and lets it come to its end. How many messages a server is sent differs a little from run to run, so
 * it may have come to its end before the write that was chosen.
 */
async function killAndFinish(
  folder: string,
  trial: Trial,
  killedAfter: Write,
): Promise<'cut off' | 'done' | 'not killed'> {
  const { operation, promised, finish = () => operate(operation), done } = trial;
  try {
    const { exit, signal, stderr } = await run(folder, { operation, killedAfter });
    expect([
      ['SIGKILL', ''],
      [0, ''],
    ]).toContainEqual([signal ?? exit, stderr]);
    const wasKilled = signal !== null;
    const end = await promised();
    expect(wasKilled ? 'done' : end, 'what came to its end has done it').toBe('done');
    if (wasKilled) await finish();
    await done();
    return wasKilled ? end : 'not killed';
  } catch (error) {
    throw new Error(`${operation.is}, killed after ${JSON.stringify(killedAfter)}`, { cause: error });
  }
}

function run(folder: string, settings: OperationSettings) {
  return runFile(new URL('crash/operation-program.ts', import.meta.url), settings, {
    // Starting is most of what a process does that is soon killed, and compiling most of starting.
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
  });
}
