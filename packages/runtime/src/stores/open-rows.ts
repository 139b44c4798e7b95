import { OrchestratorError, type RowStore } from '@agent-orchestrator/core';
import type { StoreMode } from './open-storage.ts';
import { openStorage } from './open-storage.ts';
import { parseStoreUrl } from './url.ts';

/**
 * Opens the rows of the store that a URL names, whatever stands on its door.
 *
 * @param mode `create`: makes the store if it is not there
 * @throws `STORE_URL_INVALID` for a store in memory; `STORE_NOT_FOUND` and the other `STORE_` codes
 */
export async function openRows(url: string, mode: StoreMode): Promise<RowStore> {
  if (mode !== 'create') return openExistingRows(url, mode);
  try {
    return await openExistingRows(url, 'existing');
  } catch (error) {
    if (!(error instanceof OrchestratorError) || error.code !== 'STORE_NOT_FOUND') throw error;
  }
  const storage = await openStorage(url);
  try {
    await storage.migrate();
  } finally {
    await storage.close();
  }
  return openExistingRows(url, 'existing');
}

async function openExistingRows(url: string, mode: 'existing' | 'read-only'): Promise<RowStore> {
  const store = parseStoreUrl(url);
  switch (store.scheme) {
    case 'memory':
      throw new OrchestratorError('STORE_URL_INVALID', 'A store in memory is seen by its own process alone.', {
        field: 'store',
        hint: 'Name a file or a server.',
      });
    case 'postgres': {
      const { openPostgresRows } = await import('@agent-orchestrator/storage-postgres');
      return openPostgresRows({ url: store.address });
    }
    case 'sqlite': {
      const { openSqliteRows } = await import('@agent-orchestrator/storage-sqlite');
      return openSqliteRows({ path: store.path, mode });
    }
  }
}
