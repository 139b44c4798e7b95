import type { Storage } from '@agent-orchestrator/core';
import { parseStoreUrl } from './url.ts';

/**
 * `create`: makes the store if it is not there · `existing`: throws `STORE_NOT_FOUND` then ·
 * `read-only`: likewise, and never writes, migrates or locks.
 */
export type StoreMode = 'create' | 'existing' | 'read-only';

export interface OpenStorageOptions {
  /** `create` by default. A memory store is always new, so it takes no notice. */
  readonly mode?: StoreMode;
  /** How long a store that is locked, or a server that is away, is waited for before the command fails, in milliseconds. */
  readonly busyTimeoutMs?: number;
  /** The move or restore that fills the store, which is closed to all others until it is full. */
  readonly filling?: string;
  /** Of a file. `FULL` (the default): a commit survives a power cut. `NORMAL`: only a crash of the process; faster. */
  readonly synchronous?: 'FULL' | 'NORMAL';
}

/**
 * Opens the storage that a URL names, and loads the code of no other. Does not create or upgrade its tables: `migrate()` does.
 *
 * @throws `STORE_URL_INVALID`, `STORE_NOT_FOUND` and the other `STORE_` codes
 */
export async function openStorage(
  url: string,
  { mode = 'create', ...options }: OpenStorageOptions = {},
): Promise<Storage> {
  const store = parseStoreUrl(url);
  switch (store.scheme) {
    case 'memory': {
      const { openMemoryStorage } = await import('@agent-orchestrator/storage-memory');
      return openMemoryStorage();
    }
    case 'postgres': {
      const { openPostgresStorage } = await import('@agent-orchestrator/storage-postgres');
      const { busyTimeoutMs: retryMs, filling } = options;
      return openPostgresStorage({
        url: store.address,
        mode,
        ...(retryMs !== undefined && { retryMs }),
        ...(filling !== undefined && { filling }),
      });
    }
    case 'sqlite': {
      const { openSqliteStorage } = await import('@agent-orchestrator/storage-sqlite');
      return openSqliteStorage({ path: store.path, mode, ...options });
    }
  }
}
