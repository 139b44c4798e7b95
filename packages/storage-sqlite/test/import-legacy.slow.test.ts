/**
 * A process that dies, or a disk that fails, in the middle of an import: real processes, killed as each step begins and by
 * `strace` at each of their writes and syncs. Afterwards the file is an old database, row by row as it was, or a store with
 * all of it; and the import, run again, comes to its end. What a copy is called a copy is whole.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { importLegacy } from '../src/index.ts';
import { keptIfItFails } from './crowd.ts';
import { contentsOf } from './imported.ts';
import { look, rowsOfOldTables } from './files.ts';
import { COMMON, event, OBSERVED, oldFile, session, task, type OldRowsByTable } from './old-files.ts';
import { Program, runUnderStrace } from './program.ts';
import { judge, WHOLE } from './whole.ts';

/** So many that they do not fit into one page, and are more than one batch. */
const ROWS: OldRowsByTable = {
  ...OBSERVED,
  session_state: [...(COMMON['session_state'] ?? []), session({ last_turn: 3 })],
  task_queue: [...(COMMON['task_queue'] ?? []), ...Array.from({ length: 60 }, (_, n) => task({ task_id: `t${n}` }))],
  distributed_lock: COMMON['distributed_lock'],
  event_log: [
    ...(COMMON['event_log'] ?? []),
    ...Array.from({ length: 1_200 }, (_, n) =>
      event({ event_seq: n, payload: JSON.stringify({ text: 'x'.repeat(20) }) }),
    ),
  ],
};
const TASKS = 63;

const hasStrace = spawnSync('strace', ['-V']).status === 0;
if (!hasStrace) console.warn('NOT TESTED: without strace no disk fails, and no process dies in the middle of a write.');

describe('a process that is killed as a step begins', () => {
  test.each(['copy', 'rename', 'create', 'rows', 'verify', 'commit'])('at %s', async (dieAt) => {
    const { folder, path } = newRun(keptIfItFails(), dieAt);

    const exit = await new Program('importer', folder, { folder, path, dieAt }).exited();

    expect(exit.signal).toBe('SIGKILL');
    expect(await stateOf(path)).toBe('as it was');
    await finishes(path);
  });
});

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

interface Run {
  readonly folder: string;
  readonly path: string;
}

let template: string | null = null;

function newRun(parent: string, name: string): Run {
  const folder = join(parent, name);
  mkdirSync(folder);
  const path = join(folder, 'orchestrator.db');
  copyFileSync((template ??= oldFile([4], ROWS)), path);
  return { folder, path };
}

/** Which of the two the file is; `neither` if it is not all of it. */
async function stateOf(path: string): Promise<'as it was' | 'a store' | 'neither'> {
  const { outcome } = await importLegacy({ path, apply: false });
  const isOld = outcome === 'planned';
  const rows = look(path, (db) => rowsOfOldTables(db, isOld ? '' : 'legacy_'));
  const whole = isDeepStrictEqual(rows, before()) && (isOld || isDeepStrictEqual((await judge(path)).whole, WHOLE));
  if (!whole) return 'neither';
  return isOld ? 'as it was' : 'a store';
}

/** Whatever happened before, an import comes to its end, and every copy that bears the name of one is whole. */
async function finishes(path: string): Promise<void> {
  await importLegacy({ path, apply: true });

  expect(await stateOf(path)).toBe('a store');
  expect((await contentsOf(path)).tasks).toHaveLength(TASKS);
  const files = readdirSync(join(path, '..'));
  const copies = files.filter((name) => name.startsWith('orchestrator.legacy-'));
  expect(copies.length).toBeGreaterThan(0);
  for (const copy of copies) expect(look(join(path, '..', copy), (db) => rowsOfOldTables(db, ''))).toEqual(before());
  expect(files.filter((name) => name.endsWith('.copying'))).toEqual([]);
}

let rowsBefore: unknown = null;

function before(): unknown {
  return (rowsBefore ??= look((template ??= oldFile([4], ROWS)), (db) => rowsOfOldTables(db, '')));
}
