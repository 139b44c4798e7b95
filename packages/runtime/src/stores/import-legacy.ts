/*
 * The import of a database of the proof of concept. Its file is read as the rows of a store, and these are copied like
 * those of a store that moves. The file is never changed. The new store has the state `filling` until all rows were
 * compared and the log was replayed, so an incomplete store is never open. After a kill, the same call continues.
 */
import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import {
  assertOpenForWork,
  clockState,
  fencesBeyond,
  LIMITS,
  OrchestratorError,
  TABLE_NAMES,
  type Row,
  type RowReader,
  type RowStore,
  type StoreLocation,
  type StoreState,
} from '@agent-orchestrator/core';
import type { LegacyDatabase, LegacyReport } from '@agent-orchestrator/import-legacy';
import { assertFree, compareRows, copyRows, verifyCopy, type Compared, type OnProgress } from './copy-rows.ts';
import { pathOfArgument } from '../system/path.ts';
import { locateStore } from './locate-store.ts';
import { openRows } from './open-rows.ts';

export type { LegacyReport } from '@agent-orchestrator/import-legacy';

export interface ImportLegacyOptions {
  /** Path of the old database. */
  readonly file: string;
  /** URL of a new file, or of an empty database. */
  readonly store: string;
  /** false: nothing is written; the answer says what would be imported. */
  readonly apply: boolean;
  readonly onProgress?: OnProgress;
}

/** The file that was imported, and the new store. */
interface Places {
  /** Absolute. */
  readonly file: string;
  /** For people: without a password. */
  readonly store: string;
}

/** The result of an import. */
export type LegacyImport =
  /** Without `apply`: nothing was written. */
  | (Places & LegacyReport & { readonly outcome: 'planned' })
  | (Places & LegacyReport & { readonly outcome: 'imported'; readonly compared: Compared })
  /** The store had all of it already. This call changed nothing. */
  | (Places & { readonly outcome: 'imported_before' });

/**
 * Imports a database of the proof of concept into a new store of any kind. Without `apply`, it only reports what would
 * be imported.
 *
 * @throws `STORE_NOT_LEGACY` if there is no such database, `STORE_LEGACY` if it is at the place of the new store,
 * `STORE_NOT_EMPTY` (also if the old file has changed since the import began), `STORE_BUSY` (another process writes to
 * the old file, or imports it, too), and the other `STORE_` codes
 */
export async function importLegacy(options: ImportLegacyOptions): Promise<LegacyImport> {
  const { store, apply, onProgress = () => {} } = options;
  const file = pathOfArgument(options.file, 'file');
  const { location } = await locateStore(store);
  assertApart(file, location);
  const places = { file, store: location.url };
  await using found = await existingRows(store);
  const begun = await stateOfImport(found, file);

  const { openLegacyDatabase } = await import('@agent-orchestrator/import-legacy');
  using old = await openLegacyDatabase(file, {
    at: begun?.at ?? Date.now(),
    onProgress: (done, of) => onProgress({ step: 'reading', table: null, done, of }),
  });
  if (begun === null && found !== null && !(await isEmpty(found))) {
    if (await holds(found, old)) return { ...places, outcome: 'imported_before' };
    throw new OrchestratorError('STORE_NOT_EMPTY', `${location.url} has data that is not from ${file}.`);
  }
  if (!apply) return { ...places, ...old.report, outcome: 'planned' };
  // Checked before the store is created.
  if (old.isChanged()) throw changed(file, begun);
  const compared = await fill(store, old, begun, file, onProgress);
  return { ...places, ...old.report, outcome: 'imported', compared };
}

/** The old file cannot become the new store while it is read. */
function assertApart(file: string, { path }: StoreLocation): void {
  if (path === undefined || identityOf(path) === null || identityOf(path) !== identityOf(file)) return;
  throw new OrchestratorError('STORE_LEGACY', `${file} is the old database, but also the place of the new store.`, {
    hint: 'Stop its programs and rename it, with its -wal file if there is one; or name another store with --to.',
  });
}

function identityOf(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? null : `${found.dev}:${found.ino}`;
}

async function existingRows(store: string): Promise<RowStore | null> {
  try {
    return await openRows(store, 'read-only');
  } catch (error) {
    if (error instanceof OrchestratorError && error.code === 'STORE_NOT_FOUND') return null;
    throw error;
  }
}

/**
 * The state of a store that an import of this file has begun to fill; null: there is none.
 *
 * @throws the error for work on a store in this state, if it has any other state
 */
async function stateOfImport(rows: RowStore | null, file: string): Promise<StoreState | null> {
  const state = rows === null ? null : await rows.storeState();
  if (state?.status === 'filling' && state.address === addressOf(file)) return state;
  assertOpenForWork(state);
  return null;
}

function addressOf(file: string): string {
  return pathToFileURL(file).href;
}

async function isEmpty(rows: RowReader): Promise<boolean> {
  const keys = await Promise.all(TABLE_NAMES.map((table) => rows.lastKey(table)));
  return keys.every((key) => key === null);
}

/** The columns of events that are the same for every import of a file. */
const LASTING = ['namespace', 'stream_id', 'seq', 'type', 'task_id', 'agent'] as const;

/** Whether the log of a store begins with all events that an import of the file would write. */
async function holds(rows: RowReader, old: LegacyDatabase): Promise<boolean> {
  for (let after = 0; ;) {
    const page = await old.rows('event_log', [after], LIMITS.page_max);
    if (page.length === 0) return after > 0;
    const there = await sameEvents(rows, after, page.length);
    if (textOf(there) !== textOf(page)) return false;
    after += page.length;
  }
}

/** Pages may end at different rows. */
async function sameEvents(rows: RowReader, after: number, count: number): Promise<readonly Row[]> {
  const found: Row[] = [];
  while (found.length < count) {
    const page = await rows.rows('event_log', [after + found.length], count - found.length);
    if (page.length === 0) break;
    found.push(...page);
  }
  return found;
}

function textOf(events: readonly Row[]): string {
  return JSON.stringify(events.map((event) => LASTING.map((column) => event[column])));
}

async function fill(
  store: string,
  old: LegacyDatabase,
  begun: StoreState | null,
  file: string,
  onProgress: OnProgress,
): Promise<Compared> {
  if (begun !== null && begun.id !== old.digest) throw changed(file, begun);
  await using rows = await openRows(store, 'create');
  const state = begun ?? (await begin(rows, old, file));
  await copyRows(old, rows, state, onProgress);
  const compared = await compareRows(old, rows, onProgress);
  const { ok, findings } = await verifyCopy(store, state.id, onProgress);
  if (!ok) throw unsound(findings[0]?.message ?? '');
  if (old.isChanged()) throw changed(file, state);
  const clock = clockState(null, null, fencesBeyond(compared.greatestFence, await rows.now()));
  await rows.continueFrom(state, { clock, lastEventId: await old.lastEventId() });
  await rows.changeStoreState(state, null);
  return compared;
}

/** The digest shows a process that continues the import whether the file is still the same. */
async function begin(rows: RowStore, old: LegacyDatabase, file: string): Promise<StoreState> {
  await assertFree(rows);
  const state = { status: 'filling', id: old.digest, address: addressOf(file), at: await old.now() } as const;
  await rows.changeStoreState(null, state);
  return state;
}

/** Before the store was begun, the same call may succeed later. After that it never does: its rows are old. */
function changed(file: string, begun: StoreState | null): OrchestratorError {
  const code = begun === null ? 'STORE_BUSY' : 'STORE_NOT_EMPTY';
  return new OrchestratorError(code, `Another process has written to ${file} since its import began.`, {
    hint:
      begun === null
        ? 'Stop the programs that use the old file, then import it again.'
        : 'Stop the programs that use the old file, then import it into another new store: this one stays closed.',
  });
}

function unsound(message: string): OrchestratorError {
  return new OrchestratorError('INTERNAL', `The imported state does not match the imported event log: ${message}`, {
    hint: 'Keep the old file as it is, and report this. The new store stays closed.',
  });
}
