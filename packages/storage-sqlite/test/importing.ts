/** An import that may be cut off anywhere: an old database, and what must become of it. */
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { importLegacy } from '../src/index.ts';
import { look, rowsOfOldTables } from './files.ts';
import { contentsOf } from './imported.ts';
import { COMMON, event, OBSERVED, oldFile, session, task, type OldRowsByTable } from './old-files.ts';
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

export interface Run {
  readonly folder: string;
  readonly path: string;
}

let template: string | null = null;

/** A new folder with an old database in it. */
export function newRun(parent: string, name: string): Run {
  const folder = join(parent, name);
  mkdirSync(folder);
  const path = join(folder, 'orchestrator.db');
  copyFileSync((template ??= oldFile([4], ROWS)), path);
  return { folder, path };
}

/** Which of the two the file is; `neither` if it is not all of it. */
export async function stateOf(path: string): Promise<'as it was' | 'a store' | 'neither'> {
  const { outcome } = await importLegacy({ path, apply: false });
  const isOld = outcome === 'planned';
  const rows = look(path, (db) => rowsOfOldTables(db, isOld ? '' : 'legacy_'));
  const whole = isDeepStrictEqual(rows, before()) && (isOld || isDeepStrictEqual((await judge(path)).whole, WHOLE));
  if (!whole) return 'neither';
  return isOld ? 'as it was' : 'a store';
}

/** Whatever happened before, an import comes to its end, and every copy that bears the name of one is whole. */
export async function finishes(path: string): Promise<void> {
  await importLegacy({ path, apply: true });
  await isImported(path);
}

export async function isImported(path: string): Promise<void> {
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
