/**
 * How a storage is found by its URLs, and what else than the port it offers. Each storage package exports one provider;
 * nobody outside the storages asks which one it is. What a provider leaves out, the commands that need it refuse with
 * `STORE_UNSUPPORTED`.
 *
 * A provider is loaded before it is known whether its storage is needed. So the module that exports it imports no
 * driver; each method loads what it needs.
 */
import type { StorePlace } from './place.ts';
import type { RowStore } from './row-store.ts';
import type { Storage } from './storage.ts';
import type { StoreLocation } from './store-location.ts';

export interface StorageProvider<Location extends StoreLocation = StoreLocation> {
  /** What its URLs begin with, in lower case and without the colon. The first is the one that it writes itself. */
  readonly schemes: readonly [string, ...string[]];
  /** What people call the engine: `SQLite`. */
  readonly name: string;
  /** A URL as it is written, for messages: `sqlite:/path/to.db`. */
  readonly example: string;
  /**
   * Reads a URL that has one of the schemes. Looks at nothing but the URL.
   *
   * @param from.folder where a relative path starts from; absolute
   * @throws `STORE_URL_INVALID`; the message never repeats what may hold a password
   */
  parseUrl(url: string, from: { readonly folder: string }): Location;
  /**
   * Opens the storage. Does not create or upgrade its tables: `migrate()` does.
   *
   * @throws `STORE_NOT_FOUND` and the other `STORE_` codes
   */
  open(location: Location, options: OpenStorageOptions): Promise<Storage>;
  /**
   * Opens the rows of a store that exists, whatever its state. Without it, a store cannot be moved, backed up or
   * restored.
   *
   * @param mode `read-only`: never writes; what would throws `STORE_READ_ONLY`
   * @throws `STORE_NOT_FOUND` and the other `STORE_` codes
   */
  openRows?(location: Location, mode: Exclude<StoreMode, 'create'>): Promise<RowStore>;
  /** For an engine that keeps a store in one file: the URL of the store at a path, which may be relative. */
  urlOfFile?(path: string): string;
  /** What can be seen and done where the store is kept, past the port. */
  readonly place?: StorePlace<Location>;
}

/**
 * `create`: makes the store if it is not there · `existing`: throws `STORE_NOT_FOUND` then ·
 * `read-only`: likewise, and never writes, migrates or locks; `transact` and `migrate` throw `STORE_READ_ONLY`.
 */
export type StoreMode = 'create' | 'existing' | 'read-only';

/** A storage ignores what its engine does not know. */
export interface OpenStorageOptions {
  /** `create` by default. */
  readonly mode?: StoreMode;
  /** How long to retry while the store is locked or its server is away before the command fails, in milliseconds. */
  readonly busyTimeoutMs?: number;
  /** The id of the move or restore that fills the store, which is closed to all others until it is full. */
  readonly filling?: string;
  /** `FULL` (the default): a commit survives a power cut. `NORMAL`: it survives a crash of the process; faster. */
  readonly synchronous?: 'FULL' | 'NORMAL';
}
