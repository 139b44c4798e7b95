import { OrchestratorError, type RowStore, type StoreMode } from '@agent-orchestrator/core';
import { locateStore, type LocatedStore } from './locate-store.ts';

/**
 * Opens the rows of the store that a URL names, whatever its state.
 *
 * @param mode `create`: makes the store if it is not there
 * @throws `STORE_UNSUPPORTED` where the storage has no access to its rows; `STORE_NOT_FOUND` and the other `STORE_`
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
  const storage = await store.provider.open(store.location, { mode });
  try {
    await storage.migrate();
  } finally {
    await storage.close();
  }
  return openExistingRows(store, 'existing');
}

async function openExistingRows(
  { provider, location }: LocatedStore,
  mode: 'existing' | 'read-only',
): Promise<RowStore> {
  if (provider.openRows === undefined)
    throw new OrchestratorError(
      'STORE_UNSUPPORTED',
      `${location.url} cannot be moved, backed up or restored: ${provider.name} gives no access to the rows.`,
      { field: 'store', hint: 'Name a store of another kind.' },
    );
  return provider.openRows(location, mode);
}
