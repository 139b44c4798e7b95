import { OrchestratorError, type RowStore, type StoreMode } from '@agent-orchestrator/core';
import { locateStore, type LocatedStore } from './locate-store.ts';
import { namingLegacy } from './naming-legacy.ts';
import { namingStorage, ROWS_METHODS, STORAGE_METHODS } from './naming-storage.ts';

/**
 * Opens the rows of the store that a URL names, in any state of the store.
 *
 * @param mode `create`: creates the store if it does not exist
 * @throws `STORE_UNSUPPORTED` if the storage gives no access to its rows; `STORE_NOT_FOUND` and the other `STORE_`
 * codes
 */
export async function openRows(url: string, mode: StoreMode): Promise<RowStore> {
  const store = await locateStore(url);
  if (mode !== 'create') return openExistingRows(store, mode);
  try {
    return await openExistingRows(store, 'existing');
  } catch (error) {
    if (!(error instanceof OrchestratorError) || error.code !== 'STORE_NOT_FOUND') throw error;
  }
  const { provider, location } = store;
  const open = () => namingLegacy(location, () => provider.open(location, { mode }));
  const storage = await namingStorage(store, open, STORAGE_METHODS);
  try {
    await storage.migrate();
  } finally {
    await storage.close();
  }
  return openExistingRows(store, 'existing');
}

function openExistingRows(store: LocatedStore, mode: 'existing' | 'read-only'): Promise<RowStore> {
  return namingStorage(store, () => openRowsOf(store, mode), ROWS_METHODS);
}

function openRowsOf({ provider, location }: LocatedStore, mode: 'existing' | 'read-only'): Promise<RowStore> {
  return namingLegacy(location, async () => {
    if (provider.openRows !== undefined) return provider.openRows(location, mode);
    const what = `${location.url} cannot be moved, backed up, restored or imported into`;
    throw new OrchestratorError('STORE_UNSUPPORTED', `${what}: ${provider.name} gives no access to the rows.`, {
      field: 'store',
      hint: 'Name a store of another kind.',
    });
  });
}
