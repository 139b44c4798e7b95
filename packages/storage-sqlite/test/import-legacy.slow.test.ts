/**
 * A process that dies, or a disk that fails, in the middle of an import: real processes, killed by `strace` at each of their
 * writes and syncs. Afterwards the file is an old database, row by row as it was, or a store with
 * all of it; and the import, run again, comes to its end. What a copy is called a copy is whole.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { keptIfItFails } from './crowd.ts';
import { finishes, newRun, stateOf } from './importing.ts';
import { runUnderStrace } from './program.ts';

const hasStrace = spawnSync('strace', ['-V']).status === 0;
if (!hasStrace) console.warn('NOT TESTED: without strace no disk fails, and no process dies in the middle of a write.');

/** Every how many writes one is hit; 1 hits each of them. */
const EVERY_WRITE = Number(process.env['ORCHESTRATOR_TEST_EVERY_WRITE'] ?? 89);

describe.skipIf(!hasStrace)('a process that is killed at a write or sync', { timeout: 600_000 }, () => {
  test.each([
    { syscall: 'pwrite64', every: EVERY_WRITE, least: 5 },
    { syscall: 'fsync', every: 1, least: 2 },
  ])('leaves an old database or a store: $syscall', async ({ syscall, every, least }) => {
    const folder = keptIfItFails();
    const states: string[] = [];

    for (let nth = 1; ; nth += every) {
      const run = newRun(folder, `${syscall}-${nth}`);
      const exit = await runUnderStrace(`${syscall}:signal=SIGKILL:when=${nth}`, 'importer', run.folder, run);
      states.push(await stateOf(run.path));
      await finishes(run.path);
      if (exit.signal !== 'SIGKILL') break;
    }

    console.log(`killed at ${states.length - 1} different calls of ${syscall}`);
    expect([states.at(-1), states.includes('neither')]).toEqual(['a store', false]);
    expect(states.length).toBeGreaterThan(least);
  });
});

describe.skipIf(!hasStrace)('a disk on which one call fails', { timeout: 600_000 }, () => {
  test.each([
    { error: 'ENOSPC', codes: ['STORE_FULL'] },
    // SQLite calls it full, too, if the memory that its processes share cannot be made larger.
    { error: 'EIO', codes: ['STORE_FULL', 'STORE_IO'] },
  ])('is named, and what there is stays whole: $error', async ({ error, codes }) => {
    const folder = keptIfItFails();
    const outcomes = new Set<string>();

    for (let nth = 1; ; nth += EVERY_WRITE * 2) {
      const run = newRun(folder, `${error}-${nth}`);
      await runUnderStrace(`pwrite64:error=${error}:when=${nth}`, 'importer', run.folder, run);
      if (!readFileSync(join(run.folder, 'strace.log'), 'utf8').includes('INJECTED')) break;
      outcomes.add(readFileSync(join(run.folder, 'outcome'), 'utf8'));
      expect(readdirSync(run.folder).filter((name) => name.endsWith('.copying'))).toEqual([]);
      expect(await stateOf(run.path)).not.toBe('neither');
      await finishes(run.path);
    }

    expect([...outcomes].filter((outcome) => outcome !== 'imported').toSorted()).toEqual(codes);
  });
});
