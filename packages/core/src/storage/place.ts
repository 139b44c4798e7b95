/**
 * The place of a store: a file and its folder, or a database on a server. Only the storage knows what can be wrong with
 * it, so the storage checks it and answers with findings that look the same for every engine.
 */
import type { ClockState } from '../model/clock.ts';
import type { Json } from '../model/json.ts';
import type { StoreLocation } from './store-location.ts';
import type { StoreState } from './store-state.ts';

export interface StorePlace<Location extends StoreLocation = StoreLocation> {
  /**
   * Inspects a store without a change. Keeps no lock; it may try for a moment whether the lock to write is free.
   * Another schema is reported, not refused.
   *
   * @throws `STORE_NOT_FOUND` and the other errors of opening the store for reading
   */
  inspect(location: Location): Promise<PlaceReport>;
  /**
   * Lets the engine look for damage; reads the whole store.
   *
   * @returns one sentence for each damage; empty: there is none
   */
  check?(location: Location): Promise<readonly string[]>;
  /** Does the fix that a finding of `inspect` names. Takes nothing from any other process. */
  fix?(location: Location, fix: string): Promise<FixResult>;
  /** The roles of a store whose engine has roles. */
  roles?(location: Location): Promise<StoreRoles>;
  /**
   * Begins a backup in a new file, of an engine that keeps a store in one file.
   *
   * @param source the store to copy, as it is at one moment; null: begins with an empty file, and the caller copies the
   * rows
   * @throws `STORE_NOT_EMPTY` if there is a file at the path
   */
  beginBackup?(path: string, source: Location | null): Promise<BackupFile>;
}

/** The result of inspecting a place. */
export interface PlaceReport {
  /** The version of the engine. */
  readonly version: string;
  /** How many migrations the store has, and how many this version of the storage knows. */
  readonly schema: number;
  readonly schemaKnown: number;
  /** null: the store is open for work. */
  readonly state: StoreState | null;
  /** The stored clock state; null before the first write. */
  readonly clock: ClockState | null;
  /** The server's time in milliseconds; null: the clock of this machine decides. */
  readonly serverNow: number | null;
  /** At least one for each check that the storage makes, in the order of `PLACE_CHECKS`. */
  readonly findings: readonly PlaceFinding[];
  /** The facts behind the findings, for a support bundle: names and numbers, never data of a user. */
  readonly facts: Readonly<Record<string, Json>>;
}

/**
 * The checks of a place: the version of the engine, the permissions of the store, whether the lock to write is free,
 * whether a commit is durable, and the size of the engine's log.
 */
export const PLACE_CHECKS = ['version', 'permissions', 'lock', 'durability', 'log_size'] as const;
export type PlaceCheck = (typeof PLACE_CHECKS)[number];

/**
 * `ok`: no problem · `notice`: for information, nothing to do · `warning`: needs attention · `error`: something does
 * not work.
 */
export type Severity = 'ok' | 'notice' | 'warning' | 'error';

/** The result of one check. */
export interface PlaceFinding {
  readonly check: PlaceCheck;
  readonly severity: Severity;
  /** One or two sentences, for people. */
  readonly message: string;
  /** The next step; null: there is nothing to do. */
  readonly hint: string | null;
  /** The number of objects that it is about. */
  readonly count: number;
  /** The name of its fix, such as `tighten_files`; null: there is none. */
  readonly fix: string | null;
}

/** For storages: makes a finding; `hint`, `count` and `fix` may be left out. */
export function placeFinding(
  check: PlaceCheck,
  severity: Severity,
  message: string,
  { hint = null, count = 0, fix = null }: Partial<Pick<PlaceFinding, 'hint' | 'count' | 'fix'>> = {},
): PlaceFinding {
  return { check, severity, message, hint, count, fix };
}

/** The result of a fix. */
export interface FixResult {
  readonly done: boolean;
  /** One sentence: what was changed, and what was not. */
  readonly message: string;
}

/** The roles with which a shared store is used. */
export interface StoreRoles {
  /** The SQL statements that create the roles and grant their rights; each can be run again. */
  readonly statements: readonly string[];
  /** Runs the statements, all or nothing. */
  create(): Promise<void>;
}

/**
 * A backup that is being written. Its file has another name until it is complete and on the disk, so the final name is
 * never an incomplete backup. Disposing of it before it is published removes the file.
 */
export interface BackupFile extends Disposable {
  /** The path of the file that is being written. */
  readonly path: string;
  /** Sets the store state in it, and leaves one file that needs no other file. */
  seal(state: StoreState): Promise<void>;
  /** Flushes it to the disk, and gives it its final name. No process may have it open. */
  publish(): void;
}
