import type { OpenStorageOptions, Storage } from '@agent-orchestrator/core';
import { locateStore } from './locate-store.ts';
import { namingLegacy } from './naming-legacy.ts';
import { namingStorage, STORAGE_METHODS } from './naming-storage.ts';

/**
 * Opens the storage that a URL names; only its code is loaded. Does not create or upgrade the tables: `migrate()` does.
 *
 * @throws `STORE_URL_INVALID`, `STORE_NOT_FOUND` and the other `STORE_` codes; `STORAGE_FAILED`
 */
export async function openStorage(url: string, options: OpenStorageOptions = {}): Promise<Storage> {
  const store = await locateStore(url);
  const { provider, location } = store;
  const open = () => namingLegacy(location, () => provider.open(location, options));
  return namingStorage(store, open, STORAGE_METHODS);
}
