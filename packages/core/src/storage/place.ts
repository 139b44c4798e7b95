/**
 * The place in which a store is kept: a file and its folder, or a database on a server. Only the storage knows what can
 * be wrong with it, so the storage judges it, and says so in sentences that hold for every engine.
 */
import type { ClockState } from '../model/clock.ts';
import type { Json } from '../model/json.ts';
import type { StoreLocation } from './store-location.ts';
import type { StoreState } from './store-state.ts';

export interface StorePlace<Location extends StoreLocation = StoreLocation> {
  /**
   * Looks at a store without a lock and without a change. One of another schema is reported, not refused.
   *
   * @throws `STORE_NOT_FOUND` and what else opening the store for reading throws
   */
  inspect(location: Location): Promise<PlaceReport>;
  /**
   * What the engine itself finds damaged; reads the whole store.
   *
   * @returns one sentence for each; none: the store is whole
   */
  check?(location: Location): Promise<readonly string[]>;
  /** Does what a finding of `inspect` names as its fix. Takes nothing from any other process. */
  fix?(location: Location, fix: string): Promise<FixResult>;
  /** The roles of a store whose engine has roles. */
  roles?(location: Location): Promise<StoreRoles>;
  /**
   * Begins a backup in a new file, of an engine that keeps a store in one file.
   *
   * @param source the store to copy, as it is at one moment; null: begins with an empty file, and the caller copies the
   * rows
   * @throws `STORE_NOT_EMPTY` if there is something at the path
   */
  beginBackup?(path: string, source: Location | null): Promise<BackupFile>;
}

/** What a look at a place tells. */
export interface PlaceReport {
  /** Of the engine. */
  readonly version: string;
  /** How many migrations the store has seen, and how many this version of the storage knows. */
  readonly schema: number;
  readonly schemaKnown: number;
  /** null: the store is open for work. */
  readonly state: StoreState | null;
  /** What the store remembers of the clocks; null before the first write. */
  readonly clock: ClockState | null;
  /** The server's time in milliseconds; null: the clock of this machine decides. */
  readonly serverNow: number | null;
  /** At least one for each check that the storage makes, in the order of `PLACE_CHECKS`. */
  readonly findings: readonly PlaceFinding[];
  /** What the findings follow from, for a support bundle: names and numbers, never anything that a user put in. */
  readonly facts: Readonly<Record<string, Json>>;
}

/**
 * What is looked at in a place: the engine, who may read and change the store, whether a commit lasts, how large its
 * log is.
 */
export const PLACE_CHECKS = ['version', 'permissions', 'durability', 'log_size'] as const;
export type PlaceCheck = (typeof PLACE_CHECKS)[number];

/**
 * `ok`: as it should be · `notice`: worth knowing, nothing to do · `warning`: needs attention · `error`: something does
 * not work.
 */
export type Severity = 'ok' | 'notice' | 'warning' | 'error';

/** What one check found. */
export interface PlaceFinding {
  readonly check: PlaceCheck;
  readonly severity: Severity;
  /** One or two sentences, for people. */
  readonly message: string;
  /** The next step; null: there is nothing to do. */
  readonly hint: string | null;
  /** How many things it is about. */
  readonly count: number;
  /** What `fix` does about it, as `tighten_files`; null: nothing. */
  readonly fix: string | null;
}

/** For storages: a finding from what is particular about it. */
export function placeFinding(
  check: PlaceCheck,
  severity: Severity,
  message: string,
  { hint = null, count = 0, fix = null }: Partial<Pick<PlaceFinding, 'hint' | 'count' | 'fix'>> = {},
): PlaceFinding {
  return { check, severity, message, hint, count, fix };
}

/** What came of a fix. */
export interface FixResult {
  readonly done: boolean;
  /** One sentence: what was changed, and what was not. */
  readonly message: string;
}

/** The roles with which a shared store is used. */
export interface StoreRoles {
  /** What makes them and gives them their rights; each can be run again. */
  readonly statements: readonly string[];
  /** Runs the statements, all or nothing. */
  create(): Promise<void>;
}

/**
 * A file that is becoming a backup. It has another name until it is whole and on the disk, so the file of the final
 * name is never half a backup. Disposing of it before it is published leaves nothing.
 */
export interface BackupFile extends Disposable {
  /** Where it is being written. */
  readonly path: string;
  /** Sets the state of the store in it, and leaves one file that needs no other beside it. */
  seal(state: StoreState): Promise<void>;
  /** Brings it to the disk, and gives it its name. No process may have it open. */
  publish(): void;
}
