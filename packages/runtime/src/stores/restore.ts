import { createHash } from 'node:crypto';
import {
  assertComplete,
  clockState,
  closeRestoredLeases,
  OrchestratorError,
  fencesBeyond,
  fencesTakenAt,
  TABLE_NAMES,
  type RowReader,
  type RowStore,
  type StoreState,
  type Verification,
} from '@agent-orchestrator/core';
import { pathOfArgument } from '../system/path.ts';
import { assertFree, compareRows, copyRows, verifyCopy, type OnProgress } from './copy-rows.ts';
import { openRows } from './open-rows.ts';
import { openStorage } from './open-storage.ts';
import { backupStorage } from './registry.ts';
import { locateStore } from './locate-store.ts';

export interface RestoreStoreOptions {
  /** Path of the backup. */
  readonly file: string;
  /** URL of a new file, or of an empty database. */
  readonly store: string;
  readonly onProgress?: OnProgress;
}

/** A store that was restored from a backup and is open for work. */
export interface RestoreReport {
  /** Absolute. */
  readonly file: string;
  /** For people: without a password. */
  readonly store: string;
  /** New events get ids after this one. */
  readonly lastEventId: number;
  /** Leases of the backup that were closed; by the last call, if it took several. */
  readonly leasesClosed: number;
  /** The log compared with the state. Damage in the backup is still there. */
  readonly verification: Verification;
}

/**
 * One hour in microseconds: the clock that granted fences since the backup is assumed to be at most this far ahead.
 */
const FENCES_AHEAD = 3_600_000_000;

/** More events than can have been written since the backup: cursors from that time then miss no new event. */
const EVENTS_AHEAD = 1_000_000_000;

/**
 * Restores a backup into a new store. The store lacks everything that happened since the backup. So no agent may
 * continue its work without a new claim:
 *
 * - Every lease is closed, and the tasks go back to their queues.
 * - New fences and event ids are greater than all that may have been given since the backup.
 * - Only then the store is opened.
 *
 * If it is interrupted, a call with the same backup continues, wherever the file is then. Another backup at its path is
 * refused.
 *
 * @throws `STORE_NOT_EMPTY` if the destination is not empty, or has a part of another backup; `STORE_CORRUPT` if the
 * copy differs, and the other `STORE_` codes
 */
export async function restoreStore({
  file,
  store,
  onProgress = () => {},
}: RestoreStoreOptions): Promise<RestoreReport> {
  const path = pathOfArgument(file, 'file');
  const backup = (await backupStorage()).urlOfFile(path);
  const { location: target } = await locateStore(store);
  await using source = await openBackup(backup);
  assertComplete(await source.storeState());
  await using rows = await openRows(store, 'create');
  const of = { id: await source.snapshot(contentOf), address: backup };
  const { status, id, address, at } = (await stateOfRestore(rows, of, path)) ?? (await begin(rows, source, of));
  const copying: StoreState = { status: 'filling', id, address, at };
  const closing: StoreState = { status: 'closing_leases', id, address, at };

  if (status === 'filling') {
    await source.snapshot((reader) => fill(rows, reader, copying, onProgress));
    await rows.changeStoreState(copying, closing);
  }
  const leasesClosed = await closeLeases(store, id);
  const verification = await verifyCopy(store, id, onProgress);
  const lastEventId = await rows.lastEventId();
  await rows.changeStoreState(closing, null);
  return { file: path, store: target.url, lastEventId, leasesClosed, verification };
}

async function openBackup(url: string): Promise<RowStore> {
  try {
    return await openRows(url, 'read-only');
  } catch (error) {
    if (!(error instanceof OrchestratorError) || error.code !== 'STORE_NOT_FOUND') throw error;
    throw new OrchestratorError(error.code, error.message, {
      hint: 'Name the file that `orchestrator store backup` made.',
      cause: error,
    });
  }
}

/** A backup, told by its content: a path can have another file by the time at which a restore continues. */
type Backup = Pick<StoreState, 'id' | 'address'>;

const CONTENT = 'restore:';

/** The id of a restore: a hash over what identifies the content of its source. No move or import has such an id. */
async function contentOf(source: RowReader): Promise<string> {
  const last = await source.lastKey('event_log');
  const [event] = last === null ? [] : await source.rows('event_log', [Number(last[0]) - 1], 1);
  const counts = await Promise.all(TABLE_NAMES.map((table) => source.count(table)));
  const content = [await source.storeState(), event?.['id'], event?.['hash'], counts];
  return `${CONTENT}${createHash('sha256').update(JSON.stringify(content)).digest('hex')}`;
}

/**
 * The state of an interrupted restore of this backup; null: there is none.
 *
 * @throws `STORE_NOT_EMPTY` if the store has a part of another backup
 */
async function stateOfRestore(rows: RowStore, { id, address }: Backup, file: string): Promise<StoreState | null> {
  const state = await rows.storeState();
  if (state === null || !state.id.startsWith(CONTENT)) return null;
  if (state.id === id) return state;
  const place = state.address === address ? 'which was at this path when its restore began' : state.address;
  throw new OrchestratorError('STORE_NOT_EMPTY', `The store has a part of another backup than ${file}: ${place}.`, {
    hint: 'Restore that backup again to continue, or restore this one into another new store.',
  });
}

async function begin(rows: RowStore, source: RowReader, { id, address }: Backup): Promise<StoreState> {
  await assertFree(rows);
  const copying: StoreState = { status: 'filling', id, address, at: await source.now() };
  await rows.changeStoreState(null, copying);
  return copying;
}

async function fill(rows: RowStore, source: RowReader, state: StoreState, onProgress: OnProgress): Promise<void> {
  await copyRows(source, rows, state, onProgress);
  const { greatestFence } = await compareRows(source, rows, onProgress);
  const now = await rows.now();
  const before = await source.clock();
  const taken = Math.max(greatestFence, fencesTakenAt(now * 1_000, before));
  const clock = clockState(null, null, { ...fencesBeyond(taken + FENCES_AHEAD, now), receipts: before.receipts });
  await rows.continueFrom(state, { clock, lastEventId: (await source.lastEventId()) + EVENTS_AHEAD });
}

async function closeLeases(store: string, filling: string): Promise<number> {
  const storage = await openStorage(store, { mode: 'existing', filling });
  try {
    return await closeRestoredLeases(storage);
  } finally {
    await storage.close();
  }
}
