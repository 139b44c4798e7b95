/**
 * How a storage is found by its URLs, and what it offers beyond the port. Each storage package exports one provider. No
 * code outside the storages asks which storage it is. If a provider leaves out a method, the commands that need it
 * refuse with `STORE_UNSUPPORTED`.
 *
 * A provider is loaded before it is known whether its storage is needed. So its module imports no driver; each method
 * loads the modules that it needs.
 */
import type { StorePlace } from './place.ts';
import type { RowStore } from './row-store.ts';
import type { Storage } from './storage.ts';
import type { StoreLocation } from './store-location.ts';

export interface StorageProvider<Location extends StoreLocation = StoreLocation> {
  /** The schemes of its URLs, in lower case and without the colon. It writes the first one. */
  readonly schemes: readonly [string, ...string[]];
  /** The name of the engine for people: `SQLite`. */
  readonly name: string;
  /** An example of a URL, for messages: `sqlite:/path/to.db`. */
  readonly example: string;
  /**
   * Parses a URL that has one of the schemes. Uses nothing but the URL.
   *
   * @param from.resolvePath makes a path in the URL absolute, as all paths of the program: the one place that knows `~`
   *   and the folder that relative paths start from. Throws `STORE_URL_INVALID` for what is no path
   * @throws `STORE_URL_INVALID`; the message never repeats a part that may hold a password
   */
  parseUrl(url: string, from: { readonly resolvePath: (path: string) => string }): Location;
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
  /**
   * For an engine whose addresses can hold a password: the address without it, and how another program finds the
   * password instead. null: this address holds none.
   */
  withoutSecret?(location: Location): { readonly address: string; readonly secret: HandedSecret } | null;
  /** For an engine that keeps a store in one file: the URL of the store at a path, which may be relative. */
  urlOfFile?(path: string): string;
  /** Checks and fixes of the place of the store, beyond the port. */
  readonly place?: StorePlace<Location>;
}

/** A secret of a store that another program finds in a private file. */
export interface HandedSecret {
  /** The variable that has to name the file. */
  readonly variable: string;
  /** The text for the file. */
  readonly text: string;
  /** The variables that have to be absent, because they would count instead. */
  readonly instead: readonly string[];
}

/**
 * `create`: creates the store if it does not exist · `existing`: throws `STORE_NOT_FOUND` if it does not exist ·
 * `read-only`: likewise, and never writes, migrates or locks; `transact` and `migrate` throw `STORE_READ_ONLY`.
 */
export type StoreMode = 'create' | 'existing' | 'read-only';

/** A storage ignores the options that its engine does not have. */
export interface OpenStorageOptions {
  /** `create` by default. */
  readonly mode?: StoreMode;
  /** How long a command retries while the store is locked or its server unreachable, in milliseconds; then it fails. */
  readonly busyTimeoutMs?: number;
  /** The id of the move or restore that fills the store. Until it is done, all other processes are refused. */
  readonly filling?: string;
  /** `FULL` (the default): a commit survives a power cut. `NORMAL`: it survives a crash of the process; faster. */
  readonly synchronous?: 'FULL' | 'NORMAL';
  /**
   * The store is opened for one command that asks for `settledEventId` first and at once. Then that answer may be of
   * the moment of opening, which spares a server one question.
   */
  readonly forOneCommand?: boolean;
}
