import {
  assertComplete,
  clockState,
  type RowStore,
  type StoreState,
  type Verification,
} from '@agent-orchestrator/core';
import { newCommandId } from '../system/command-id.ts';
import { pathOfArgument } from '../system/path.ts';
import { copyRows, verifyCopy, type OnProgress } from './copy-rows.ts';
import { locateStore } from './locate-store.ts';
import { openRows } from './open-rows.ts';
import { backupStorage } from './registry.ts';

export interface BackupStoreOptions {
  /** URL of the store. */
  readonly store: string;
  /** Path of the new file. */
  readonly file: string;
  readonly onProgress?: OnProgress;
}

/** A backup that is on the disk. */
export interface BackupReport {
  /** For people: without a password. */
  readonly store: string;
  /** Absolute. */
  readonly file: string;
  /** When the backup began, by the store's clock: milliseconds since 1970, UTC. */
  readonly at: number;
  /** The log in the file, compared with the state in it. A damaged store is backed up as it is. */
  readonly verification: Verification;
}

/**
 * Copies one state of a store into a new file, while agents work on the store. The file can be read like a store, but
 * agents cannot work on it: `restoreStore` makes a store of it. If the process is killed, there is no file with that
 * name.
 *
 * @throws `STORE_NOT_EMPTY` if the path exists, and the other `STORE_` codes
 */
export async function backupStore({ store, file, onProgress = () => {} }: BackupStoreOptions): Promise<BackupReport> {
  const { provider, location: source } = await locateStore(store);
  const path = pathOfArgument(file, 'file');
  await using rows = await openRows(store, 'read-only');
  assertComplete(await rows.storeState());
  const state: StoreState = { status: 'backup', id: newCommandId(), address: source.url, at: await rows.now() };

  const files = await backupStorage();
  const isOfThisKind = provider === files;
  using backup = await files.place.beginBackup(path, isOfThisKind ? source : null);
  const written = files.urlOfFile(backup.path);
  if (!isOfThisKind) await fillBackup(written, rows, { ...state, status: 'filling' }, onProgress);
  await backup.seal(state);
  const verification = await verifyCopy(written, state.id, onProgress);
  backup.publish();
  return { store: source.url, file: path, at: state.at, verification };
}

async function fillBackup(url: string, rows: RowStore, filling: StoreState, onProgress: OnProgress): Promise<void> {
  await using target = await openRows(url, 'create');
  await target.changeStoreState(null, filling);
  await rows.snapshot(async (reader) => {
    await copyRows(reader, target, filling, onProgress);
    const clock = clockState(null, null, await reader.clock());
    await target.continueFrom(filling, { clock, lastEventId: await reader.lastEventId() });
  });
}
